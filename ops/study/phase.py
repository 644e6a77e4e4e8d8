"""The phase of a study: where the settings say it is, how it is changed, and which ways back are refused.

    active ──> closing ──> archived ──> destroyed

Forward is one step at a time. From `closing` back to `active` the study may go on, but what has been archived by then
is no longer all of it: that takes `--reopen`. From `archived` there is no way back: the image bucket may be emptied.
The program knows only its settings, so this is refused where what is deployed is known: in `ops close`.
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


def wanted(stack: str, folder: Path = PROJECT) -> str:
    """The phase that the stack's settings name."""
    return str(configuration(stack, folder=folder).get(f"{project_name(folder)}:phase", PHASES[0]))


def refusal(deployed: str, target: str, *, reopen: bool = False) -> str | None:
    """Why a stack whose deployed phase is `deployed` may not be brought to `target`; None if it may."""
    here, there = PHASES.index(deployed), PHASES.index(target)
    if there - here > 1:
        return f"it is {deployed}: run `python -m ops close` first, and archive and verify before `--archived`"
    if there >= here:
        return None
    if deployed == "archived":
        return (
            "it is archived, and there is no way back: images may be gone from the bucket. What is needed again comes "
            "out of the archive: `python -m ops restore`"
        )
    if not reopen:
        return (
            "it is closing; whatever is archived by now would no longer be the whole study. If it shall go on all the "
            "same, say `--reopen`: the freeze is void then, and archive and verification start over"
        )
    return None


def put(stack: str, phase: str, folder: Path = PROJECT) -> bool:
    """Sets the phase in the stack's file and changes nothing else of it, comments included; whether it had to.

    StudyError if the file then says anything else than before but the phase: it is left as it was.
    """
    path, key = folder / f"Pulumi.{stack}.yaml", f"{project_name(folder)}:phase"
    if wanted(stack, folder) == phase:
        return False
    before, text = cli_yaml.read(path), path.read_text(encoding="utf-8")
    changed = _edited(text, key, phase)
    path.write_text(changed, encoding="utf-8")
    expected = {**before, "config": {**(before.get("config") or {}), key: phase}}
    if not _same(path, expected):
        path.write_text(text, encoding="utf-8")
        raise StudyError(f"{path.name} is written in an unusual way: set {key} to {phase} in it by hand")
    return True


def _same(path: Path, expected: Mapping[str, Any]) -> bool:
    try:
        return cli_yaml.read(path) == expected
    except ValueError:
        return False


def _edited(text: str, key: str, value: str) -> str:
    line = re.compile(rf"^(?P<head>[ \t]+[\"']?{re.escape(key)}[\"']?:[ \t]*)[^\s#]+", re.MULTILINE)
    if line.search(text):
        return line.sub(lambda found: found["head"] + value, text, count=1)
    first = re.search(r"^config:[^\n]*\n(?P<indent>[ \t]+)", text, re.MULTILINE)
    if first is None:
        return text
    at = first.start("indent")
    return f"{text[:at]}{first['indent']}{key}: {value}\n{text[at:]}"
