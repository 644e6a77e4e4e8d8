"""The end of a study on the real engine: what the commands read, and what the engine refuses."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest

from ops.study import phase
from ops.study.engine import PulumiEngine
from ops.study.errors import StudyError
from ops.study.outputs import StudyOutputs
from rehearsal.environment import environment
from rehearsal.stack.driver import Rehearsal


def test_a_study_is_closed_archived_and_destroyed_by_the_commands_engine(
    fresh: Callable[..., Rehearsal], monkeypatch: pytest.MonkeyPatch
) -> None:
    rehearsal = fresh("dev")
    for name in [name for name in os.environ if name.startswith(("AWS_", "PULUMI_"))]:
        monkeypatch.delenv(name)
    for name, value in environment(rehearsal.workspace.folder).items():
        monkeypatch.setenv(name, value)
    folder = rehearsal.workspace.project
    engine, seen = PulumiEngine("dev", folder), list[Any]()
    rehearsal.up()
    assert StudyOutputs.from_exports(engine.outputs()).phase == "active"
    assert engine.outputs()["studyOutputs"]["signingKeyArn"] is None

    with pytest.raises(StudyError, match="protect"):
        engine.destroy(seen.append)
    assert any(one.get("protect") for one in engine.resources())

    for name in ("closing", "archived"):
        assert phase.set_phase("dev", name, folder)
        engine.up(seen.append)
        assert StudyOutputs.from_exports(engine.outputs()).phase == name
    assert engine.outputs()["studyOutputs"]["signingKeyArn"].startswith("arn:aws:kms:")
    assert not any(one.get("protect") for one in engine.resources())

    engine.destroy(seen.append)
    assert engine.resources() == []
    assert "studyOutputs" not in engine.outputs()
    assert [one for one in seen if "resOutputsEvent" in one]
