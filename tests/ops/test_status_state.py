"""Where a study is, and the next command, all the way to its end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.study.status import report
from ops.study.status.state import Status, status
from tests.ops.study_world import Manifest, World, world


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with world(tmp_path, monkeypatch) as made:
        yield made


def look(here: World) -> Status:
    found = status(here.teardown())
    json.dumps(found.to_json())
    return found


def test_each_step_leads_to_the_next(here: World):
    steps = [look(here)]
    here.close()
    steps.append(look(here))
    here.archive.manifest = Manifest()
    steps.append(look(here))
    here.closing().archived()
    steps.append(look(here))
    here.teardown().run(lambda facts: facts.study)
    steps.append(look(here))
    assert [(one.deployed, one.next) for one in steps] == [
        ("active", "python -m ops close --stack dev"),
        ("closing", "python -m ops archive --stack dev && python -m ops verify --stack dev"),
        ("closing", "python -m ops close --archived --stack dev"),
        ("archived", "python -m ops teardown --stack dev"),
        (None, "nothing: the study has ended"),
    ]
    assert [bool(one.objections) for one in steps] == [True, True, True, False, False]


def test_the_lines_say_what_is_missing(here: World):
    here.close()
    said = report.lines(look(here))
    assert "phase     closing in Pulumi.dev.yaml, closing deployed" in said
    assert "3 objects" in said
    assert "archive   there is no manifest" in said
    assert "a teardown would refuse, because:" in said


def test_settings_that_are_not_deployed_are_seen(here: World):
    path = here.folder / "Pulumi.dev.yaml"
    path.write_text(path.read_text() + "  image-store:phase: closing\n")
    found = look(here)
    assert (found.settings, found.deployed) == ("closing", "active")


def test_a_looking_changes_nothing(here: World):
    here.close()
    calls = list(here.engine.calls)
    here.asked.clear()
    look(here)
    assert here.engine.calls == calls
    assert not [one for one in here.asked if one.startswith(("PUT", "DELETE"))]
