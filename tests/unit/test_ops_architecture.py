"""docs/architecture.md is what the plans say, and cannot say what they do not."""

from __future__ import annotations

import dataclasses
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ops import __main__
from ops.docs import architecture
from ops.docs.diagram import mermaid
from ops.docs.document import difference, documented_stacks
from ops.docs.plan_query import PlanQuery
from ops.plan import PROJECT, Plan, PlanError, PlannedResource
from tests.conftest import Plans
from tests.stack_files import DEPLOYABLE, FIXTURES


def change_resource(plan: Plan, name: str, **inputs: Any) -> Plan:
    """`plan` with other inputs of every resource called `name` that has them."""
    resources = [
        dataclasses.replace(found, inputs={**found.inputs, **inputs})
        if found.name == name and inputs.keys() <= found.inputs.keys()
        else found
        for found in plan.resources
    ]
    return dataclasses.replace(plan, resources=tuple(resources))


def without(plan: Plan, name: str) -> Plan:
    return dataclasses.replace(plan, resources=tuple(found for found in plan.resources if found.name != name))


def extend(plan: Plan, component: str, kind: str, /, **children: tuple[str, dict[str, Any]]) -> Plan:
    """`plan` with a component of type `kind` and its children, by name: type and inputs; as it is if it has one."""
    if PlanQuery(plan).has(kind.split(":")[1]):
        return plan
    urn = f"urn:test::{component}"
    made = [PlannedResource(urn=urn, type=kind, name=component, parent=plan.urn, custom=False, outputs={})]
    made += [
        PlannedResource(urn=f"{urn}::{name}", type=token, name=f"{component}-{name}", parent=urn, inputs=inputs)
        for name, (token, inputs) in children.items()
    ]
    return dataclasses.replace(plan, resources=(*plan.resources, *made))


def later(plan: Plan) -> Plan:
    """`plan` with the rotation of the database password."""
    return extend(
        plan,
        "rotation",
        "imgstore:rotation:Rotation",
        function=("aws:lambda/function:Function", {"name": "octank-prod-rotation"}),
        schedule=("aws:secretsmanager/secretRotation:SecretRotation", {}),
    )


@pytest.fixture(scope="module")
def both(plans: Plans) -> dict[str, Plan]:
    return {stack: plans(stack) for stack in documented_stacks()}


@pytest.fixture(scope="module")
def text(both: dict[str, Plan]) -> str:
    return architecture.document(both)


def test_the_document_is_up_to_date(deployable: Plans):
    rendered = architecture.document({stack: deployable(stack) for stack in documented_stacks(DEPLOYABLE)})
    assert not difference(architecture.DOCUMENT, rendered), "python -m ops architecture --write"


@pytest.mark.slow
def test_every_stack_is_named(both: dict[str, Plan]):
    staging = dataclasses.replace(both["dev"], stack="staging")
    text = architecture.document({"prod": both["prod"], "staging": staging, "dev": both["dev"]})
    assert text.count("\n### staging\n") == 3
    assert "| component | type | prod | staging | dev |" in text


def test_stacks_with_patients_data_come_first(tmp_path: Path):
    for path in FIXTURES.glob("Pulumi*.yaml"):
        shutil.copy(path, tmp_path)
    shutil.copytree(PROJECT / "config", tmp_path / "config")
    shutil.copy(tmp_path / "Pulumi.prod.yaml", tmp_path / "Pulumi.staging.yaml")
    assert documented_stacks(tmp_path) == ["prod", "staging", "dev"]


@pytest.mark.slow
def test_the_check_fails_with_a_diff(tmp_path, monkeypatch, text):
    old = tmp_path / "architecture.md"
    old.write_text("# Old\n")
    monkeypatch.setattr(architecture, "DOCUMENT", old)
    monkeypatch.setattr(architecture, "current", lambda: text)
    runner = CliRunner()
    failed = runner.invoke(__main__.app, ["architecture", "--check"])
    assert failed.exit_code == 1
    assert "-# Old" in failed.output
    assert runner.invoke(__main__.app, ["architecture", "--write"]).exit_code == 0
    assert runner.invoke(__main__.app, ["architecture", "--check"]).exit_code == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "inputs"),
    [
        ("edge-https", {"sslPolicy": "ELBSecurityPolicy-2016-08"}),
        ("web-logs", {"retentionInDays": 7}),
        ("client-vpn-endpoint", {"sessionTimeoutHours": 24}),
        ("database-cluster", {"backupRetentionPeriod": 1}),
    ],
)
def test_a_change_of_the_program_changes_the_document(both, text, name, inputs):
    changes = {**both, "prod": change_resource(both["prod"], name, **inputs)}
    assert architecture.document(changes) != text


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["web-https-https-ingress", "app-database-ingress", "edge-certificate", "database-logs", "egress-nat"]
)
def test_what_is_not_in_the_plan_is_an_error(both, name):
    with pytest.raises(PlanError):
        architecture.document({**both, "prod": without(both["prod"], name)})


@pytest.mark.slow
def test_a_rule_for_another_port_admits_nothing(both):
    moved = change_resource(both["prod"], "web-https-https-ingress", fromPort=80, toPort=80)
    with pytest.raises(PlanError, match="no rule admits edge-alb to port 8443 of web-tasks"):
        architecture.document({**both, "prod": moved})


@pytest.mark.slow
def test_what_is_deployed_later_is_described_once_it_is(both):
    then = architecture.document({**both, "prod": later(both["prod"])})
    assert "not deployed in prod" not in then
    assert "rotation" in then


@pytest.mark.slow
@pytest.mark.parametrize("component", ["splunk", "audit", "replication", "backup"])
def test_what_is_not_deployed_is_said_to_be_missing(both, text, component):
    prod = both["prod"]
    top = prod.resource(name=component)
    gone = {top.urn, *(found.urn for found in prod.descendants(top.urn))}
    fewer = dataclasses.replace(prod, resources=tuple(found for found in prod.resources if found.urn not in gone))
    missing = [each.count("not deployed in prod") for each in (text, architecture.document({**both, "prod": fewer}))]
    assert missing[1] > missing[0]


@pytest.mark.slow
def test_tables_have_as_many_cells_in_every_row(text):
    width = 0
    for line in text.splitlines():
        cells = line.count("|") if line.startswith("|") else 0
        assert not cells or not width or cells == width, line
        width = cells


@pytest.mark.slow
@pytest.mark.parametrize("stack", documented_stacks())
def test_diagrams_are_readable_and_whole(both, stack):
    source = mermaid(both[stack])
    nodes = re.findall(r'^    (n_\w+)\["[^"]+"\]$', source, re.MULTILINE)
    arrows = re.findall(r'^  (n_\w+) (?:-->|-\.->)(?:\|"[^"]+"\|)? (n_\w+)$', source, re.MULTILINE)
    assert len(nodes) == len(set(nodes)) <= 40
    assert {end for arrow in arrows for end in arrow} <= set(nodes)
    assert len(source.splitlines()) == 1 + len(nodes) + len(arrows) + 2 * source.count("subgraph")
    assert mermaid(both[stack]) == source


@pytest.mark.slow
def test_an_arrow_is_a_rule(both):
    assert 'n_web_service -->|"8042"| n_app_service' in mermaid(both["prod"])
    closed = without(without(both["prod"], "app-from-web-ingress"), "app-from-web-egress")
    assert "n_web_service -->|" not in mermaid(closed).replace('n_web_service -->|"443"', "")


@pytest.mark.slow
def test_a_certificate_of_another_authority_is_an_error(both):
    other = change_resource(both["prod"], "ca-app-certificate", caCertPem="${urn:other.certPem}")
    with pytest.raises(PlanError):
        PlanQuery(other).issued("ca-app-certificate", "ca-root")
