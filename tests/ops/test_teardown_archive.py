"""How the teardown asks the archive: a verdict, its objections, or that nobody can be asked."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from ops.study.errors import Refused, StudyError
from ops.study.teardown.archive import Published

OUTPUTS = {"ending": {}}
AT = datetime(2027, 12, 1, tzinfo=UTC)


def install(monkeypatch: pytest.MonkeyPatch, verified: Callable[..., Any] | None) -> None:
    target = SimpleNamespace(study="octank", image_bucket="images", region="us-east-1")
    parts: dict[str, dict[str, Any]] = {
        "ops.study.archive": {"verified": verified} if verified else {},
        "ops.study.archive.target": {"Target": SimpleNamespace(of=lambda _: target)},
        "ops.study.archive.clients": {"Clients": SimpleNamespace(of=lambda _: "clients")},
    }
    for name, content in parts.items():
        module = ModuleType(name)
        vars(module).update(content)
        monkeypatch.setitem(sys.modules, name, module)


def test_a_verdict_is_of_the_store_it_was_asked_of(monkeypatch: pytest.MonkeyPatch):
    install(monkeypatch, lambda _target, _clients: SimpleNamespace(objects=3, bytes=15, time=AT))
    found = Published().verified(OUTPUTS)
    assert (found.study, found.image_bucket, found.objects, found.bytes) == ("octank", "images", 3, 15)
    assert found.verified_at == AT


def test_every_objection_is_passed_on(monkeypatch: pytest.MonkeyPatch):
    install(monkeypatch, lambda *_: ["the report is old: verify again", "2 objects differ"])
    with pytest.raises(Refused) as said:
        Published().verified(OUTPUTS)
    assert said.value.objections == ["the report is old: verify again", "2 objects differ"]


def test_without_a_verifier_nothing_is_believed(monkeypatch: pytest.MonkeyPatch):
    install(monkeypatch, None)
    with pytest.raises(StudyError, match="nothing is torn down without that"):
        Published().verified(OUTPUTS)
