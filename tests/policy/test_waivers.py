"""Waivers excuse what they name, in their time, and are themselves in order."""

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
from ops.policies import WAIVERS
from tests.policy.cases import resource

TODAY = date(2027, 1, 15)
ENTRY = {
    "rule": "NET-06",
    "resources": ["public-*"],
    "stacks": ["prod"],
    "reason": "It holds nothing but the NAT gateway.",
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


def test_a_waiver_excuses_what_it_names(tmp_path: Path):
    waivers = load_entries(tmp_path, ENTRY)
    assert waivers.unwaived_violations(evaluate_subnet("public-a")) == []
    assert list(waivers.problems("prod")) == []


@pytest.mark.parametrize(("name", "stack"), [("private-a", "prod"), ("public-a", "dev")])
def test_a_waiver_excuses_nothing_else(name: str, stack: str, tmp_path: Path):
    assert len(load_entries(tmp_path, ENTRY).unwaived_violations(evaluate_subnet(name, stack))) == 1


def test_another_rule_is_not_excused(tmp_path: Path):
    assert (
        len(load_entries(tmp_path, {**ENTRY, "rule": "NET-07"}).unwaived_violations(evaluate_subnet("public-a"))) == 1
    )


def test_a_waiver_that_is_over_excuses_nothing_and_is_a_violation(tmp_path: Path):
    waivers = load_entries(tmp_path, {**ENTRY, "expires": date(2027, 1, 14)})
    assert len(waivers.unwaived_violations(evaluate_subnet("public-a"))) == 1
    [problem] = waivers.problems("prod")
    assert "expired on 2027-01-14" in problem


def test_a_waiver_that_excuses_nothing_is_a_violation_in_its_stacks_alone(tmp_path: Path):
    waivers = load_entries(tmp_path, ENTRY)
    waivers.unwaived_violations(evaluate_subnet("private-a"))
    [problem] = waivers.problems("prod")
    assert "waiver of NET-06 for public-*: it is not needed in the stack prod" in problem
    assert list(waivers.problems("dev")) == []


def test_what_cannot_be_decided_yet_uses_its_waiver(tmp_path: Path):
    waivers = load_entries(tmp_path, ENTRY)
    undecided = evaluate_subnet("public-a", mapPublicIpOnLaunch=UNKNOWN)
    assert [one.is_violation for one in undecided] == [False]
    assert waivers.unwaived_violations(undecided) == []
    assert list(waivers.problems("prod")) == []


def test_several_files_count_together(tmp_path: Path):
    one, other = tmp_path / "one.yaml", tmp_path / "other.yaml"
    one.write_text(yaml.safe_dump({"waivers": [ENTRY]}))
    other.write_text(yaml.safe_dump({"waivers": [{**ENTRY, "resources": ["edge"]}]}))
    assert (
        load(one, other, tmp_path / "none.yaml", today=TODAY).unwaived_violations(
            [*evaluate_subnet("public-a"), *evaluate_subnet("edge")]
        )
        == []
    )


BROKEN = {
    "no YAML": ("waivers: [", "is not valid YAML"),
    "a list": ("- a\n", "one key, waivers"),
    "another key": ("waivers: []\nmore: 1\n", "one key, waivers"),
    "no entry": ("waivers: [text]\n", "entry 1: the keys must be"),
}
WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "a key too many": ({"note": "x"}, "the keys must be"),
    "an unknown rule": ({"rule": "NET-99"}, "no rule 'NET-99'"),
    "no day": ({"expires": "soon"}, "expires must be a date"),
    "every resource": ({"resources": ["*"]}, "resources must not contain \\*"),
    "every stack": ({"stacks": ["*"]}, "stacks must not contain \\*"),
    "no list": ({"resources": "public-a"}, "must be a list of names"),
    "no resources": ({"resources": []}, "must be a list of names"),
    "no reason": ({"reason": " "}, "reason is missing"),
    "a reason that is none": ({"reason": "because"}, "is shorter than 20 characters"),
    "nobody": ({"approver": ""}, "approver is missing"),
}


@pytest.mark.parametrize(("text", "says"), BROKEN.values(), ids=BROKEN.keys())
def test_a_file_that_is_none_is_refused(text: str, says: str, tmp_path: Path):
    file = tmp_path / "waivers.yaml"
    file.write_text(text)
    with pytest.raises(WaiverError, match=says):
        load(file)


@pytest.mark.parametrize(("change", "says"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_entry_is_refused_with_its_place(change: dict[str, Any], says: str, tmp_path: Path):
    with pytest.raises(WaiverError, match=f"waivers.yaml, entry 2: .*{says}"):
        load_entries(tmp_path, ENTRY, {**ENTRY, **change})


def test_no_waiver_of_this_project_outlives_the_study_by_much():
    for file in (WAIVERS, WAIVERS.with_name("waivers-closing.yaml")):
        assert all(entry.expires <= date(2027, 12, 31) for entry in load(file).entries)
