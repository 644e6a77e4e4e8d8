"""Documents that are made from the program: how they are rendered, and how an old one is found out."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jinja2

from ops.plan.configuration import PROJECT


def render(template: Path, values: Mapping[str, Any], filters: Mapping[str, Callable[..., str]] | None = None) -> str:
    """The Markdown that `template` makes of `values`; a name that is not among them is an error."""
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701  Markdown of our own
    )
    environment.filters.update(filters or {})
    text = environment.from_string(template.read_text(encoding="utf-8")).render(values)
    # Macros leave blank lines between the rows of a table, which would end it.
    return re.sub(r"\n{3,}", "\n\n", re.sub(r"(?<=\|\n)\n+(?=\|)", "", text))


def difference(path: Path, rendered: str) -> str:
    """What is out of date in the file, as a unified diff; empty if nothing is."""
    written = path.read_text(encoding="utf-8") if path.exists() else ""
    name = path.relative_to(PROJECT).as_posix() if path.is_relative_to(PROJECT) else path.name
    lines = difflib.unified_diff(
        written.splitlines(keepends=True), rendered.splitlines(keepends=True), name, "from the program"
    )
    return "".join(lines)
