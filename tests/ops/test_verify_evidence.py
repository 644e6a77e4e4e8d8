"""The archive's proof for a teardown: a verification, its blockers, or an error if it cannot be checked."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from ops.study.errors import Refused, StudyError
from ops.study.verify.evidence import PublishedArchive

EXPORTS = {"studyOutputs": {}}
AT = datetime(2027, 12, 1, tzinfo=UTC)


def install_modules(monkeypatch: pytest.MonkeyPatch, check_archive: Callable[..., Any] | None) -> None:
    target = SimpleNamespace(study="octank", image_bucket="images", region="us-east-1")
    parts: dict[str, dict[str, Any]] = {
        "ops.study.verify.verdict": {"check_archive": check_archive} if check_archive else {},
        "ops.study.store.target": {"Target": SimpleNamespace(from_exports=lambda _: target)},
        "ops.study.store.clients": {"Clients": SimpleNamespace(for_region=lambda _: "clients")},
    }
    for name, content in parts.items():
        module = ModuleType(name)
        vars(module).update(content)
        monkeypatch.setitem(sys.modules, name, module)


def test_a_verification_names_the_store_that_was_checked(monkeypatch: pytest.MonkeyPatch):
    install_modules(monkeypatch, lambda _target, _clients: SimpleNamespace(objects=3, bytes=15, time=AT))
    found = PublishedArchive().verification(EXPORTS)
    assert (found.study, found.image_bucket, found.objects, found.bytes) == ("octank", "images", 3, 15)
    assert found.verified_at == AT


def test_every_blocker_is_passed_on(monkeypatch: pytest.MonkeyPatch):
    install_modules(monkeypatch, lambda *_: ["the report is old: verify again", "2 objects differ"])
    with pytest.raises(Refused) as refused:
        PublishedArchive().verification(EXPORTS)
    assert refused.value.blockers == ["the report is old: verify again", "2 objects differ"]


def test_a_version_without_verification_is_refused(monkeypatch: pytest.MonkeyPatch):
    install_modules(monkeypatch, None)
    with pytest.raises(StudyError, match="so nothing is torn down"):
        PublishedArchive().verification(EXPORTS)
