"""Waivers excuse what they name, in their time, and are themselves in order."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from hipaa import types
from hipaa.evaluate import Result, everything
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
    "reason": "It holds nothing but the NAT gateway.",
    "approver": "security officer",
    "expires": date(2027, 1, 15),
}


def held(tmp_path: Path, *entries: Any) -> Waivers:
    file = tmp_path / "waivers.yaml"
    file.write_text(yaml.safe_dump({"waivers": list(entries)}))
    return load(file, today=TODAY)


def found(name: str, stack: str = "prod", **properties: Any) -> list[Result]:
    inputs: dict[str, Any] = {"mapPublicIpOnLaunch": True, **properties}
    subnet = resource(types.SUBNET, name, stack=stack, **inputs)
    return everything([REGISTERED["NET-06"]], Stack(resources=(subnet,)))


def test_a_waiver_excuses_what_it_names(tmp_path: Path):
    waivers = held(tmp_path, ENTRY)
    assert waivers.standing(found("public-a")) == []
    assert list(waivers.problems("prod")) == []


@pytest.mark.parametrize(("name", "stack"), [("private-a", "prod"), ("public-a", "dev")])
def test_a_waiver_excuses_nothing_else(name: str, stack: str, tmp_path: Path):
    assert len(held(tmp_path, ENTRY).standing(found(name, stack))) == 1


def test_another_rule_is_not_excused(tmp_path: Path):
    assert len(held(tmp_path, {**ENTRY, "rule": "NET-07"}).standing(found("public-a"))) == 1


def test_a_waiver_that_is_over_excuses_nothing_and_is_a_violation(tmp_path: Path):
    waivers = held(tmp_path, {**ENTRY, "expires": date(2027, 1, 14)})
    assert len(waivers.standing(found("public-a"))) == 1
    [problem] = waivers.problems("prod")
    assert "ended on 2027-01-14" in problem


def test_a_waiver_that_excuses_nothing_is_a_violation_in_its_stacks_alone(tmp_path: Path):
    waivers = held(tmp_path, ENTRY)
    waivers.standing(found("private-a"))
    [problem] = waivers.problems("prod")
    assert "waiver of NET-06 for public-*: it excuses nothing in the stack prod" in problem
    assert list(waivers.problems("dev")) == []


def test_what_cannot_be_decided_yet_uses_its_waiver(tmp_path: Path):
    waivers = held(tmp_path, ENTRY)
    undecided = found("public-a", mapPublicIpOnLaunch=UNKNOWN)
    assert [one.broken for one in undecided] == [False]
    assert waivers.standing(undecided) == []
    assert list(waivers.problems("prod")) == []


def test_several_files_count_together(tmp_path: Path):
    one, other = tmp_path / "one.yaml", tmp_path / "other.yaml"
    one.write_text(yaml.safe_dump({"waivers": [ENTRY]}))
    other.write_text(yaml.safe_dump({"waivers": [{**ENTRY, "resources": ["edge"]}]}))
    assert load(one, other, tmp_path / "none.yaml", today=TODAY).standing([*found("public-a"), *found("edge")]) == []


BROKEN = {
    "no YAML": ("waivers: [", "is no YAML"),
    "a list": ("- a\n", "one key, waivers"),
    "another key": ("waivers: []\nmore: 1\n", "one key, waivers"),
    "no entry": ("waivers: [text]\n", "entry 1: it has the keys"),
}
WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "a key too many": ({"note": "x"}, "it has the keys"),
    "an unknown rule": ({"rule": "NET-99"}, "no rule 'NET-99'"),
    "no day": ({"expires": "soon"}, "expires is a day"),
    "every resource": ({"resources": ["*"]}, "never by type"),
    "every stack": ({"stacks": ["*"]}, "must not be every one"),
    "no list": ({"resources": "public-a"}, "is a list of names"),
    "no resources": ({"resources": []}, "is a list of names"),
    "no reason": ({"reason": " "}, "reason is missing"),
    "a reason that is none": ({"reason": "because"}, "explains nothing"),
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
        held(tmp_path, ENTRY, {**ENTRY, **change})


def test_no_waiver_of_this_project_outlives_the_study_by_much():
    for file in (WAIVERS, WAIVERS.with_name("waivers-closing.yaml")):
        assert all(entry.expires <= date(2027, 12, 31) for entry in load(file).entries)
