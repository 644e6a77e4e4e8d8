"""Where tests read stack files.

Tests read fixtures, so that whoever adopts the project changes its own stack files and breaks no test. The deployable
files are held to what holds for any stack: they load, and they keep the contracts and the policies.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ops.plan.configuration import PROJECT, configuration, stacks

FIXTURES = Path(__file__).parent / "stacks"
DEPLOYABLE = PROJECT


def deployable_stacks() -> list[str]:
    """Deployable stacks that are not a fixture of the same name and settings, whose plan is the same."""
    known = {stack: settings(stack, FIXTURES) for stack in stacks(FIXTURES)}
    return [stack for stack in stacks(DEPLOYABLE) if settings(stack, DEPLOYABLE) != known.get(stack)]


def settings(stack: str, folder: Path) -> Any:
    """The configuration of a stack, with the content of the files it names."""
    return _read(configuration(stack, folder=folder))


def _read(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _text(item) if key == "saml_metadata" else _read(item) for key, item in value.items()}
    return [_read(item) for item in value] if isinstance(value, list) else value


def _text(path: str) -> str:
    return (PROJECT / path).read_text(encoding="utf-8")
