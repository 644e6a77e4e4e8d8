"""policy/README.md is correct: its counts, settings, links and examples."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from hipaa import pack
from hipaa.evaluate import PRODUCTION, evaluate
from hipaa.rule import REGISTERED, RULES, rule_metadata
from hipaa.waivers import load
from ops.plan import record
from ops.review.policies import stack_of
from rehearsal.environment import PROJECT
from tests.policy.foreign import naive

README = (PROJECT / "policy" / "README.md").read_text()
PROSE = " ".join(README.split())
KINDS: dict[str, type | tuple[type, ...]] = {"integer": int, "boolean": bool, "array": list, "string": str}


def example(language: str, having: str = "") -> str:
    """The only code block of a language that contains a text."""
    (found,) = (text for text in re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL) if having in text)
    return found


def test_the_table_counts_the_rules_of_every_area():
    rows = re.findall(r"^\| ([\w ]+) \| ([A-Z0-9, ]+) \| (\d+) \| (\d+) \|$", README, re.MULTILINE)
    listed = {area.lower().replace(" ", "_"): (codes.split(", "), int(yes), int(no)) for area, codes, yes, no in rows}
    counted: dict[str, tuple[list[str], int, int]] = {}
    for path in RULES.glob("*.yaml"):
        rules = yaml.safe_load(path.read_text())["rules"]
        scopes = Counter(one["scope"] == "process" for one in rules)
        counted[path.stem] = (sorted({one["code"].split("-")[0] for one in rules}), scopes[False], scopes[True])
    assert listed == counted


def test_the_text_has_the_right_counts():
    levels = Counter(rule.metadata.severity for rule in REGISTERED.values())
    production = sum(rule.metadata.production for rule in REGISTERED.values())
    counted = f"{len(REGISTERED)} rules; {levels['mandatory']} are mandatory, {levels['advisory']} advisory, and {production} of them apply to production stacks only"
    assert counted in PROSE
    assert f"{len(rule_metadata()) - len(REGISTERED)} rules of scope `process`" in PROSE
    failing = sorted(code for code, rule in REGISTERED.items() if rule.metadata.unknown == "fails")
    assert f"Three rules fail on an unknown value instead: {failing[0]}, {failing[1]} and {failing[2]}." in PROSE
    assert len(failing) == 3
    assert f"`{','.join(PRODUCTION)}`" in README
    assert all(f"`{name}`" in README for name in (pack.WAIVERS_VARIABLE, pack.PRODUCTION_VARIABLE))


def test_the_example_configuration_fits_the_schemas():
    schemas = {rule.metadata.id: rule.schema for rule in REGISTERED.values()}
    for policy, settings in json.loads(example("json")).items():
        for name, value in settings.items():
            described: Any = {"type": "string"} if name == "enforcementLevel" else schemas[policy][name]
            assert isinstance(value, KINDS[described["type"]])
            assert value != described.get("default")


def test_the_example_waiver_can_be_loaded(tmp_path: Path):
    (first := tmp_path / "shared.yaml").write_text(example("yaml", "waivers:"))
    waivers = load(first, tmp_path / "none.yaml", today=date(2026, 1, 1))
    (waiver,) = waivers.entries
    assert (waiver.rule, waiver.resources) == ("NET-07", ("gateway-route",))
    assert list(waivers.problems("staging-2")) == [f"{waiver}: it is not needed in the stack staging-2. Remove it"]
    assert list(waivers.problems("dev")) == []


def test_the_example_finding_is_real():
    stack = stack_of(record(naive.program, name="prod"))
    messages = [one.message for one in evaluate([REGISTERED["RDS-12"]], stack)]
    assert messages == [example("text").strip()]


def test_the_example_runtime_matches_the_policy_project():
    runtime = yaml.safe_load(example("yaml", "runtime:"))["runtime"]
    assert runtime["name"] == yaml.safe_load((PROJECT / "policy" / "PulumiPolicy.yaml").read_text())["runtime"]
    assert f"python3 -m venv policy/{runtime['options']['virtualenv']}" in example("sh")


def test_every_linked_file_exists():
    links = re.findall(r"\]\(([^)]+)\)", README)
    assert links
    assert all((PROJECT / "policy" / link).exists() for link in links)
