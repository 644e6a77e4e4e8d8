"""Plans of the real program: queries, JSON, and the command line."""

from __future__ import annotations

import ast
import functools
import json
import sys
from pathlib import Path

import pulumi_aws as aws
import pytest
from pulumi_aws import kms

from ops import __main__ as command_line
from ops.plan import PROJECT, UNKNOWN, Plan, PlanError, Reference, command, plan, stacks
from settings import SettingsError
from tests.conftest import Plans


@pytest.fixture
def dev(plans: Plans) -> Plan:
    return plans("dev")


@pytest.mark.parametrize("stack", stacks())
def test_planning_again_gives_the_same(stack: str, plans: Plans):
    assert plan(stack).to_json() == plans(stack).to_json()


@pytest.mark.parametrize("stack", stacks())
def test_a_plan_survives_json(stack: str, plans: Plans):
    made = plans(stack)
    again = Plan.from_json(json.loads(json.dumps(made.to_json())))
    assert again.resources == made.resources
    assert (again.stack, again.urn, again.exports) == (made.stack, made.urn, made.exports)


def test_json_has_the_documented_keys(dev: Plan):
    documented = {"urn", "type", "name", "parent", "provider", "protect", "retainOnDelete", "inputs"}
    data = dev.to_json()
    assert data["stack"] == "dev"
    assert all(documented <= resource.keys() for resource in data["resources"])


@pytest.mark.parametrize("stack", stacks())
def test_only_a_preview_leaves_outputs_unknown(stack: str, plans: Plans):
    update, preview = (json.dumps(plans(stack, preview=mode).to_json()["resources"]) for mode in (False, True))
    assert (UNKNOWN in update, "${urn:" in update) == (False, True)
    assert (UNKNOWN in preview, "${urn:" in preview) == (True, False)


def test_settings_can_be_overridden(dev: Plan):
    closing = plan("dev", overrides={"phase": "closing"})
    assert any(resource.protect for resource in dev.resources)
    assert not any(resource.protect for resource in closing.resources)


def test_wrong_settings_are_raised_as_they_are():
    with pytest.raises(SettingsError, match=r"network\.cidr"):
        plan("dev", overrides={"network": {"cidr": "10.0.0.0/99"}})


def test_resources_are_found_by_class_and_by_token(dev: Plan):
    assert dev.of_type(kms.Key) == dev.of_type("aws:kms/key:Key") != []
    assert dev.of_type(aws.Provider) == dev.of_type("pulumi:providers:aws")


def test_one_resource_is_found_or_the_others_are_named(dev: Plan):
    assert dev.resource(kms.Key, name="keys-images") is dev.resource(name="keys-images")
    with pytest.raises(
        PlanError, match=r"stack dev has 0 resources aws:kms/key:Key typo, not one; there are: .*keys-images"
    ):
        dev.resource("aws:kms/key:Key", name="typo")
    with pytest.raises(PlanError, match="not one"):
        dev.resource(kms.Key)


def test_children_descendants_and_their_component(dev: Plan):
    network = dev.resource(name="network")
    role = dev.resource(name="network-flow-writer-role")
    assert role not in dev.children(network.urn)
    assert role in dev.descendants(network.urn)
    assert dev.component_of(role) is network
    assert dev.component_of(network) is network


def test_references_are_found_at_any_depth(dev: Plan):
    key = dev.resource(name="keys-images").urn
    zone = dev.resource(name="network-vpc").urn
    value = {"a": [f'{{"Resource": "${{{key}.arn}}/*"}}'], "b": f"${{{zone}.id}}-${{{key}.a[0].b}}", "c": 3}
    assert dev.references(value) == [Reference(key, "arn"), Reference(zone, "id"), Reference(key, "a[0].b")]


def test_every_token_in_inputs_is_a_known_reference(dev: Plan):
    for resource in dev.resources:
        text = json.dumps(resource.inputs)
        assert text.count("${urn:") == len(dev.references(resource.inputs)), resource.urn


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """Exit code of `python -m ops …`."""
    monkeypatch.setattr(sys, "argv", ["ops", *arguments])
    with pytest.raises(SystemExit) as ended:
        command_line.run()
    return int(ended.value.code or 0)


@pytest.fixture
def made(plans: Plans, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line gets plans that are there already."""
    monkeypatch.setattr(command, "plan", plans)
    monkeypatch.setenv("COLUMNS", "160")


@pytest.mark.usefixtures("made")
def test_the_table_counts_every_resource_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], dev: Plan
):
    assert run(monkeypatch, "plan", "--stack", "dev") == 0
    rows = [line.strip(" │").split("│") for line in capsys.readouterr().out.splitlines()]
    total = next(int(cells[-1]) for cells in rows if cells[0].strip() == "total")
    assert total == len(dev.resources) - len(dev.components) - len(dev.providers)
    images = next(int(cells[-1]) for cells in rows if cells[0].strip() == "images")
    assert images == len(dev.children(dev.resource(name="images").urn)) > 0


@pytest.mark.usefixtures("made")
def test_the_tree_shows_every_resource_below_its_parent(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], dev: Plan
):
    assert run(monkeypatch, "plan", "-s", "dev", "--tree") == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(dev.resources) + 1
    assert "│   ├── keys-images  aws:kms/key:Key  protect" in lines


@pytest.mark.usefixtures("made")
def test_json_is_printed_whole(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], plans: Plans):
    assert run(monkeypatch, "plan", "--stack", "dev", "--preview", "--json") == 0
    assert json.loads(capsys.readouterr().out) == json.loads(json.dumps(plans("dev", preview=True).to_json()))


def test_wrong_settings_end_with_their_message(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    wrong = functools.partial(plan, overrides={"study": {"data": "none"}})
    monkeypatch.setattr(command, "plan", wrong)
    assert run(monkeypatch, "plan", "--stack", "dev") == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "image-store:study.data = none" in printed.err
    assert "Traceback" not in printed.err


def test_an_unknown_stack_ends_with_the_known_ones(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    assert run(monkeypatch, "plan", "--stack", "live") == 1
    assert "there is no stack 'live'" in capsys.readouterr().err


USERS = [
    path for name in ("deploy", "docs", "logs", "render", "review") for path in PROJECT.glob(f"ops/{name}/**/*.py")
]


@pytest.mark.parametrize("path", USERS, ids=lambda path: path.relative_to(PROJECT).as_posix())
def test_other_packages_use_public_names_only(path: Path):
    modules = [node.module or "" for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom)]
    assert [module for module in modules if module.startswith("ops.plan.")] == []
