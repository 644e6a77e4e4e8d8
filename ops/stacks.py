"""The stacks of the project: one per file `Pulumi.<stack>.yaml`. It needs the standard library only."""

from __future__ import annotations

from pathlib import Path

PROJECT = Path(__file__).parents[1]
"""The project folder."""


def stack_names(folder: Path = PROJECT) -> list[str]:
    """Names of the stacks that have a file in `folder`, sorted."""
    return sorted(path.name.removeprefix("Pulumi.").removesuffix(".yaml") for path in folder.glob("Pulumi.*.yaml"))


def stack_file(stack: str, folder: Path = PROJECT) -> Path:
    """The settings file of a stack, which may not exist."""
    return folder / f"Pulumi.{stack}.yaml"
