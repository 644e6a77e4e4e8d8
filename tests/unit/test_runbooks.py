"""Runbooks name commands that exist and resources that the program declares."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ops.docs.plan_query import PlanQuery
from ops.plan.configuration import PROJECT
from tests.conftest import Plans
from tests.unit.contracts import runbooks
from tests.unit.phases import in_phase

RUNBOOKS = sorted((PROJECT / "docs" / "runbooks").glob("*.md"))

LATER = {
    "splunk": ("splunk-",),
    "audit": ("cloudtrail",),
    "backup": ("backup-", "vault", "copies"),
}
"""Names of resources, without the prefix, that are there only where the component of the module is."""


def name(path: Path) -> str:
    return path.name


@pytest.mark.parametrize("path", RUNBOOKS, ids=name)
def test_commands_exist(path: Path):
    text = path.read_text(encoding="utf-8")
    assert runbooks.problems(path.name, text) == []


@pytest.mark.parametrize("path", RUNBOOKS, ids=name)
def test_names_are_declared(path: Path):
    plan = in_phase("prod", "closing")  # all that there ever is
    declared = runbooks.declared_names(plan)
    prefix = PlanQuery(plan).get("budget-monthly", "name").removesuffix("-monthly")
    absent = tuple(part for module, parts in LATER.items() if not PlanQuery(plan).has(module) for part in parts)
    for line, found in runbooks.names(path.read_text(encoding="utf-8")):
        rest = re.split(r"<prefix>[-/]|<environment>[-/]|PREFIX\}?[-/]", found)[-1]
        known = any(runbooks.pattern(found, prefix).fullmatch(each) for each in declared)
        assert known or rest.startswith(absent), f"{path.name}:{line}: the plan has no {found}"


def test_commands_are_found():
    assert sum(len(list(runbooks.commands(path.read_text(encoding="utf-8")))) for path in RUNBOOKS) > 25


def test_every_runbook_is_in_the_readme():
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    assert [path.name for path in RUNBOOKS if f"docs/runbooks/{path.name}" not in readme] == []


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("aws rsd describe-db-clusters", "no service rsd"),
        ("aws rds describe-clusters", "no operation describe-clusters of rds"),
        ("aws rds describe-db-clusters --cluster-identifier x", "no option --cluster-identifier"),
        ("aws rds wait cluster-available", "no waiter cluster-available of rds"),
        ("aws ecs update-service --cluster x", "--service missing"),
        ("aws logs tail /x --until 1h", "no option --until"),
        ("X=$(aws ecs list-tusks) && true", "no operation list-tusks of ecs"),
        ("aws ec2 describe-vpcs \\\n  --filter-by <x>", "no option --filter-by"),
    ],
)
def test_a_wrong_command_is_noticed(command: str, why: str):
    assert runbooks.problems("x.md", f"# X\n\n```sh\n{command}\n```\n") == [f"x.md:4: {why}"]


def test_a_wrong_command_in_a_sentence_is_noticed():
    assert runbooks.problems("x.md", "Run\n`aws ecs list-tusks`.") == ["x.md:2: no operation list-tusks of ecs"]


@pytest.mark.parametrize(
    "command",
    [
        "aws rds create-db-instance --db-instance-identifier <id> --engine x --db-instance-class c --no-publicly-accessible",
        "aws rds wait db-cluster-available --db-cluster-identifier x | cat",
        "aws s3api list-objects-v2 --bucket x --query 'a[?b>`1`]' --output text --max-items 5 > f",
    ],
)
def test_a_right_command_is_not(command: str):
    assert runbooks.problems("x.md", f"```sh\n{command}\n```") == []


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("`<prefix>-vpn-<center>-down`", True),
        ('"service/$PREFIX-store/x"', True),
        ("`/<study>-<environment>/client-vpn`", True),
        ("`<prefix>-vpn-<center>-gone`", False),
        ("`/<prefix>/nginx-access`", False),
    ],
)
def test_a_name_that_is_not_declared_is_noticed(plans: Plans, text: str, known: bool):  # noqa: FBT001
    (found,) = [found for _, found in runbooks.names(text)]
    matches = [
        each
        for each in runbooks.declared_names(plans("prod"))
        if runbooks.pattern(found, "octank-prod").fullmatch(each)
    ]
    assert bool(matches) is known
