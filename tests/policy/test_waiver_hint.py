"""A stack file that was copied lacks the waivers of the original: the violation says where they are."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from hipaa.waivers import Waivers, load

ENTRY = {
    "rule": "NET-06",
    "resources": ["public-*"],
    "stacks": ["dev", "prod"],
    "reason": "It holds nothing but the NAT gateway.",
    "approver": "security officer",
    "expires": date(2027, 1, 15),
}


@pytest.fixture
def waivers(tmp_path: Path) -> Waivers:
    file = tmp_path / "waivers.yaml"
    file.write_text(yaml.safe_dump({"waivers": [ENTRY, ENTRY]}))
    return load(file, today=date(2027, 1, 15))


def violation(name: str, stack: str, code: str = "NET-06") -> Any:
    rule = SimpleNamespace(code=code)
    return SimpleNamespace(facts=rule, metadata=rule, resource=SimpleNamespace(name=name, stack=stack))


def test_another_stack_is_pointed_to_the_waiver(waivers: Waivers):
    assert waivers.hint(violation("public-a", "staging")) == (
        " This is waived for dev, prod: if the reason also holds here, "
        "add staging to the stacks of its waiver in waivers.yaml."
    )


@pytest.mark.parametrize(
    ("name", "stack", "code"),
    [("private-a", "staging", "NET-06"), ("public-a", "staging", "NET-07"), ("public-a", "prod", "NET-06")],
)
def test_no_other_violation_has_a_hint(waivers: Waivers, name: str, stack: str, code: str):
    assert waivers.hint(violation(name, stack, code)) == ""
