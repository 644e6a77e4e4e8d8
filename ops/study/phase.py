"""The phase of a study: reading it from the settings, setting it, and refusing steps that are not allowed.

    active ──> closing ──> archived ──> destroyed

Each step forward is one phase. `closing` can go back to `active` with `--reopen`, but the archive is then no longer
complete. `archived` cannot go back, because the image bucket may be empty. The program knows its settings only, so
`ops close`, which knows what is deployed, checks this.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from layout.lifecycle import PHASES as LIFECYCLES
from ops.plan import cli_yaml
from ops.plan.configuration import PROJECT, configuration, project_name
from ops.study.errors import StudyError

PHASES = tuple(LIFECYCLES)


def configured_phase(stack: str, folder: Path = PROJECT) -> str:
    """The phase in the stack's settings."""
    return str(configuration(stack, folder=folder).get(f"{project_name(folder)}:phase", PHASES[0]))


def refusal(deployed: str, target: str, *, reopen: bool = False) -> str | None:
    """Why a stack may not go from the phase `deployed` to `target`; None if it may."""
    here, there = PHASES.index(deployed), PHASES.index(target)
    if there - here > 1:
        return f"it is {deployed}: run `python -m ops close` first, and archive and verify before `--archived`"
    if there >= here:
        return None
    if deployed == "archived":
        return (
            "it is archived, and there is no way back: images may be gone from the bucket. To get images back from the "
            "archive, run `python -m ops restore`"
        )
    if not reopen:
        return (
            "it is closing, and the archive would no longer be complete. To continue the study all the same, add "
            "`--reopen`: the freeze becomes void, and archive and verification start over"
        )
    return None


def set_phase(stack: str, phase: str, folder: Path = PROJECT) -> bool:
    """Sets the phase in the stack's file and changes nothing else, comments included; False if it is set already.

    StudyError, with the file unchanged, if another value would change too.
    """
    path, key = folder / f"Pulumi.{stack}.yaml", f"{project_name(folder)}:phase"
    if configured_phase(stack, folder) == phase:
        return False
    before, text = cli_yaml.read(path), path.read_text(encoding="utf-8")
    path.write_text(_replace_value(text, key, phase), encoding="utf-8")
    expected = {**before, "config": {**(before.get("config") or {}), key: phase}}
    if not _has_content(path, expected):
        path.write_text(text, encoding="utf-8")
        raise StudyError(f"{path.name} has an unusual format: set {key} to {phase} in it by hand")
    return True


def _has_content(path: Path, expected: Mapping[str, Any]) -> bool:
    try:
        return cli_yaml.read(path) == expected
    except ValueError:
        return False


def _replace_value(text: str, key: str, value: str) -> str:
    line = re.compile(rf"^(?P<head>[ \t]+[\"']?{re.escape(key)}[\"']?:[ \t]*)[^\s#]+", re.MULTILINE)
    if line.search(text):
        return line.sub(lambda found: found["head"] + value, text, count=1)
    first = re.search(r"^config:[^\n]*\n(?P<indent>[ \t]+)", text, re.MULTILINE)
    if first is None:
        return text
    at = first.start("indent")
    return f"{text[:at]}{first['indent']}{key}: {value}\n{text[at:]}"
