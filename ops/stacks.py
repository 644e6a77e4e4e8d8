"""The stacks of the project: one per file `Pulumi.<stack>.yaml`. It needs the standard library only."""

from __future__ import annotations

import re
from pathlib import Path

PROJECT = Path(__file__).parents[1]
"""The project folder."""

_STACK_FILE = re.compile(r"Pulumi\.([A-Za-z0-9_.-]+)\.yaml")


def stack_names(folder: Path = PROJECT) -> list[str]:
    """Names of the stacks that have a file in `folder`, sorted."""
    matches = (_STACK_FILE.fullmatch(path.name) for path in folder.glob("Pulumi.*.yaml"))
    return sorted(match[1] for match in matches if match)


def stack_file(stack: str, folder: Path = PROJECT) -> Path:
    """The settings file of a stack, which may not exist."""
    return folder / f"Pulumi.{stack}.yaml"
