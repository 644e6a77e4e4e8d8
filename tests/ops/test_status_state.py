"""The status at each step to the end of a study, and the next command."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.study.status.report import format_status
from ops.study.status.state import Status, read_status
from tests.ops.study_world import Manifest, World, open_world


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with open_world(tmp_path, monkeypatch) as made:
        yield made


def check_status(world: World) -> Status:
    found = read_status(world.teardown())
    json.dumps(found.to_json())
    return found


def test_each_step_leads_to_the_next(world: World):
    steps = [check_status(world)]
    world.close()
    steps.append(check_status(world))
    world.archive.manifest = Manifest()
    steps.append(check_status(world))
    world.closing().deploy_archived()
    steps.append(check_status(world))
    world.teardown().run(lambda outputs: outputs.study)
    steps.append(check_status(world))
    assert [(one.deployed, one.next) for one in steps] == [
        ("active", "python -m ops close --stack dev"),
        ("closing", "python -m ops archive --stack dev && python -m ops verify --stack dev"),
        ("closing", "python -m ops close --archived --stack dev"),
        ("archived", "python -m ops teardown --stack dev"),
        (None, "nothing: the study has ended"),
    ]
    assert [bool(one.blockers) for one in steps] == [True, True, True, False, False]


def test_the_text_shows_what_is_missing(world: World):
    world.close()
    text = format_status(check_status(world))
    assert "phase     closing in Pulumi.dev.yaml, closing deployed" in text
    assert "3 objects" in text
    assert "archive   there is no manifest" in text
    assert "a teardown is blocked:" in text


def test_settings_that_are_not_deployed_are_shown(world: World):
    path = world.folder / "Pulumi.dev.yaml"
    path.write_text(path.read_text() + "  image-store:phase: closing\n")
    found = check_status(world)
    assert (found.settings, found.deployed) == ("closing", "active")


def test_reading_the_status_changes_nothing(world: World):
    world.close()
    calls = list(world.engine.calls)
    world.requests.clear()
    check_status(world)
    assert world.engine.calls == calls
    assert not [one for one in world.requests if one.startswith(("PUT", "DELETE"))]
