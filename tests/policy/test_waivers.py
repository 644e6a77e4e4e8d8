"""Waivers cover what they name until they expire, and are checked themselves."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from hipaa import types
from hipaa.evaluate import Result, evaluate
from hipaa.model import UNKNOWN, Stack
from hipaa.rule import REGISTERED
from hipaa.waivers import WaiverError, Waivers, load
from ops.review.policies import WAIVERS
from tests.policy.cases import resource

TODAY = date(2027, 1, 15)
ENTRY = {
    "rule": "NET-06",
    "resources": ["public-*"],
    "stacks": ["prod"],
    "reason": "It contains only the NAT gateway.",
    "approver": "security officer",
    "expires": date(2027, 1, 15),
}


def load_entries(tmp_path: Path, *entries: Any) -> Waivers:
    file = tmp_path / "waivers.yaml"
    file.write_text(yaml.safe_dump({"waivers": list(entries)}))
    return load(file, today=TODAY)


def evaluate_subnet(name: str, stack: str = "prod", **properties: Any) -> list[Result]:
    inputs: dict[str, Any] = {"mapPublicIpOnLaunch": True, **properties}
    subnet = resource(types.SUBNET, name, stack=stack, **inputs)
    return evaluate([REGISTERED["NET-06"]], Stack(resources=(subnet,)))


def test_a_waiver_covers_what_it_names(tmp_path: Path):
    waivers = load_entries(tmp_path, ENTRY)
    assert waivers.unwaived_violations(evaluate_subnet("public-a")) == []
    assert list(waivers.problems("prod")) == []


@pytest.mark.parametrize(("name", "stack"), [("private-a", "prod"), ("public-a", "dev")])
def test_a_waiver_covers_nothing_else(name: str, stack: str, tmp_path: Path):
    assert len(load_entries(tmp_path, ENTRY).unwaived_violations(evaluate_subnet(name, stack))) == 1


def test_another_rule_is_not_waived(tmp_path: Path):
    assert (
        len(load_entries(tmp_path, {**ENTRY, "rule": "NET-07"}).unwaived_violations(evaluate_subnet("public-a"))) == 1
    )


def test_an_expired_waiver_covers_nothing_and_is_a_violation(tmp_path: Path):
    waivers = load_entries(tmp_path, {**ENTRY, "expires": date(2027, 1, 14)})
    assert len(waivers.unwaived_violations(evaluate_subnet("public-a"))) == 1
    [problem] = waivers.problems("prod")
    assert "expired on 2027-01-14" in problem


def test_an_unused_waiver_is_a_violation_only_in_its_stacks(tmp_path: Path):
    waivers = load_entries(tmp_path, ENTRY)
    waivers.unwaived_violations(evaluate_subnet("private-a"))
    [problem] = waivers.problems("prod")
    assert "waiver of NET-06 for public-*: it is not needed in the stack prod" in problem
    assert list(waivers.problems("dev")) == []


def test_an_undecided_result_uses_its_waiver(tmp_path: Path):
    waivers = load_entries(tmp_path, ENTRY)
    undecided = evaluate_subnet("public-a", mapPublicIpOnLaunch=UNKNOWN)
    assert [one.is_violation for one in undecided] == [False]
    assert waivers.unwaived_violations(undecided) == []
    assert list(waivers.problems("prod")) == []


def test_several_files_are_combined(tmp_path: Path):
    one, other = tmp_path / "one.yaml", tmp_path / "other.yaml"
    one.write_text(yaml.safe_dump({"waivers": [ENTRY]}))
    other.write_text(yaml.safe_dump({"waivers": [{**ENTRY, "resources": ["edge"]}]}))
    assert (
        load(one, other, tmp_path / "none.yaml", today=TODAY).unwaived_violations(
            [*evaluate_subnet("public-a"), *evaluate_subnet("edge")]
        )
        == []
    )


INVALID_FILES = {
    "no YAML": ("waivers: [", "is not valid YAML"),
    "a list": ("- a\n", "one key, waivers"),
    "another key": ("waivers: []\nmore: 1\n", "one key, waivers"),
    "no entry": ("waivers: [text]\n", "entry 1: the keys must be"),
}
INVALID_ENTRIES: dict[str, tuple[dict[str, Any], str]] = {
    "an extra key": ({"note": "x"}, "the keys must be"),
    "an unknown rule": ({"rule": "NET-99"}, "no rule 'NET-99'"),
    "no date": ({"expires": "soon"}, "expires must be a date"),
    "every resource": ({"resources": ["*"]}, "resources must not contain \\*"),
    "every stack": ({"stacks": ["*"]}, "stacks must not contain \\*"),
    "no list": ({"resources": "public-a"}, "must be a list of names"),
    "no resources": ({"resources": []}, "must be a list of names"),
    "no reason": ({"reason": " "}, "reason is missing"),
    "a short reason": ({"reason": "because"}, "is shorter than 20 characters"),
    "no approver": ({"approver": ""}, "approver is missing"),
}


@pytest.mark.parametrize(("text", "message"), INVALID_FILES.values(), ids=INVALID_FILES.keys())
def test_an_invalid_file_is_rejected(text: str, message: str, tmp_path: Path):
    file = tmp_path / "waivers.yaml"
    file.write_text(text)
    with pytest.raises(WaiverError, match=message):
        load(file)


@pytest.mark.parametrize(("change", "message"), INVALID_ENTRIES.values(), ids=INVALID_ENTRIES.keys())
def test_an_invalid_entry_is_rejected_with_its_position(change: dict[str, Any], message: str, tmp_path: Path):
    with pytest.raises(WaiverError, match=f"waivers.yaml, entry 2: .*{message}"):
        load_entries(tmp_path, ENTRY, {**ENTRY, **change})


def test_this_projects_waivers_expire_soon_after_the_study():
    for file in (WAIVERS, WAIVERS.with_name("waivers-closing.yaml")):
        assert all(entry.expires <= date(2027, 12, 31) for entry in load(file).entries)
