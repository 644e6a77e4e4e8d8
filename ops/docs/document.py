"""Documents generated from the program: their stacks, their rendering, and the comparison with the files."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jinja2

from ops.plan import PROJECT, load_settings, stacks


def documented_stacks(folder: Path | None = None) -> list[str]:
    """The stacks of the project in the order of the documents: those with patients' data first, then by name."""
    return sorted(stacks(folder), key=lambda stack: (load_settings(stack, folder=folder).study.data != "phi", stack))


def render(template: Path, values: Mapping[str, Any], filters: Mapping[str, Callable[..., str]] | None = None) -> str:
    """The Markdown that `template` renders with `values`; an unknown name is an error."""
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701  Markdown of our own
    )
    environment.filters.update(filters or {})
    text = environment.from_string(template.read_text(encoding="utf-8")).render(values)
    # Macros leave blank lines between the rows of a table, which would end the table.
    return re.sub(r"\n{3,}", "\n\n", re.sub(r"(?<=\|\n)\n+(?=\|)", "", text))


def difference(path: Path, rendered: str) -> str:
    """The unified diff between the file and the new text; empty if the file is up to date."""
    written = path.read_text(encoding="utf-8") if path.exists() else ""
    name = path.relative_to(PROJECT).as_posix() if path.is_relative_to(PROJECT) else path.name
    lines = difflib.unified_diff(
        written.splitlines(keepends=True), rendered.splitlines(keepends=True), name, "from the program"
    )
    return "".join(lines)
