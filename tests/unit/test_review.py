"""The review of a change: four pull requests with the comment each gets, and what every comment promises."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from awsmodel.tables import replaces
from ops.__main__ import app
from ops.cost import compare
from ops.plan import PROJECT, Plan, PlanError, load_settings, plan_at, stacks
from ops.review import review as reviews
from ops.review.changes import Change, changes
from ops.review.exposure import foreign_principals, ingress_rules, permissions
from ops.review.review import markdown, review
from tests.conftest import Plans
from tests.planned import plan
from tests.stack_files import DEPLOYABLE
from tests.unit.contracts.edit import with_inputs, with_resource
from tests.unit.refusals import stack_settings

GOLDEN = Path(__file__).parent / "golden"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"


def with_settings(**overrides: Any) -> Callable[[Plan], Plan]:
    return lambda base: plan(base.stack, overrides=overrides)


def open_port(base: Plan) -> Plan:
    """Somebody opens the tasks of Orthanc to the internet."""
    rule = base.of_type(INGRESS)[0]
    group = base.resource(name="app-tasks")
    inputs = {
        **rule.inputs,
        "securityGroupId": f"${{{group.urn}.id}}",
        "cidrIpv4": "0.0.0.0/0",
        "fromPort": 22,
        "toPort": 22,
    }
    inputs.pop("referencedSecurityGroupId", None)
    return with_resource(base, replace(rule, urn=f"{rule.urn}-all", name="app-from-everywhere", inputs=inputs))


def one_more_center(base: Plan) -> Plan:
    centers = [
        *stack_settings("prod")["centers"],
        {
            "name": "east-clinic",
            "networks": ["172.22.0.0/24"],
            "gateway": {"address": "198.51.100.20", "asn": 65020},
            "ae_titles": ["EASTCT1"],
        },
    ]
    return plan(base.stack, overrides={"centers": centers})


REQUESTS = {
    "task-size": (with_settings(app={"cpu": 2048, "memory": 8192}), False),
    "vpc-network": (with_settings(network={"cidr": "10.31.0.0/20"}), True),
    "open-security-group": (open_port, False),
    "new-center": (one_more_center, False),
}
"""By name: the change, and whether it takes data away."""


@pytest.mark.parametrize("name", REQUESTS)
def test_a_pull_request_gets_this_comment(name: str, plans: Plans):
    change, blocked = REQUESTS[name]
    base, settings = plans("prod"), load_settings("prod")
    head = change(base)
    found = review(base, head, cost=compare.change(base, settings, head, settings))
    comment, golden = markdown(found), GOLDEN / f"review-{name}.md"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(comment)
    assert comment == golden.read_text(), "if the change is meant: UPDATE_GOLDEN=1, and read the difference"
    assert found.blocked is blocked


def test_no_change_is_said_in_one_line(plans: Plans):
    found = review(plans("prod"), plans("prod"))
    assert found.changes == ()
    assert "no resource changes" in markdown(found)


def test_what_is_allowed_is_shown_and_does_not_block(plans: Plans):
    change, _ = REQUESTS["vpc-network"]
    found = review(plans("prod"), change(plans("prod")), allow_stateful=True)
    assert found.losses
    assert not found.blocked
    assert "Allowed for this change" in markdown(found)


def test_a_deleted_store_blocks_and_a_retained_one_is_left(plans: Plans):
    base = plans("prod")
    gone = {"database-cluster", "storage-archive-bucket"}
    less = replace(base, resources=tuple(one for one in base.resources if one.name not in gone))
    found = {one.resource.name: one.action for one in changes(base, less, replaces)}
    assert found == {"database-cluster": "delete", "storage-archive-bucket": "retain"}
    assert review(base, less).blocked


def test_a_replacement_goes_on_to_what_cannot_change_its_place(plans: Plans):
    base = plans("prod")
    found = {
        one.resource.name: one
        for one in changes(base, plan("prod", overrides={"network": {"cidr": "10.31.0.0/20"}}), replaces)
    }
    assert found["network-vpc"].because == ("cidrBlock",)
    assert "vpcId" in found["app-tasks"].because
    assert found["app-service"].action == "update"


def test_a_file_counts_by_its_content_wherever_it_lies(plans: Plans):
    base = plans("prod")
    function = base.resource(name="rotation-rotate")

    def move_vpc(digest: Callable[[str], str]) -> Plan:
        assets = {
            name: {"path": f"/elsewhere/{name}", "sha256": digest(asset["sha256"])}
            for name, asset in function.inputs["code"]["assets"].items()
        }
        return with_inputs(base, function, code={"assets": assets})

    assert changes(base, move_vpc(str), replaces) == []
    [change] = changes(base, move_vpc(str.upper), replaces)
    assert (change.resource.name, change.properties) == ("rotation-rotate", ("code",))


def test_a_new_principal_and_a_wider_right_are_spelled_out(plans: Plans):
    base = plans("prod")
    bucket = base.resource(name="storage-images-access")
    policy = json.loads(bucket.inputs["policy"])
    policy["Statement"].append(
        {
            "Sid": "Partner",
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::999988887777:root"},
            "Action": ["s3:GetObject"],
            "Resource": "arn:aws:s3:::octank-prod-images-444455556666/*",
        }
    )
    head = with_inputs(base, bucket, policy=json.dumps(policy))
    comment = markdown(review(base, head))
    assert "🟥 **outside the account**: storage-images-access: arn:aws:iam::999988887777:root" in comment
    assert "new permission: storage-images-access/Partner: `s3:GetObject`" in comment
    assert {name.partition(":")[0] for name in foreign_principals(head) - foreign_principals(base)} == {
        "storage-images-access"
    }


def test_a_condition_that_is_dropped_is_a_new_right(plans: Plans):
    base = plans("prod")
    bucket = base.resource(name="storage-access-logs-access")
    policy = json.loads(bucket.inputs["policy"])
    for statement in policy["Statement"]:
        if statement["Effect"] == "Allow":
            statement.pop("Condition", None)
    head = with_inputs(base, bucket, policy=json.dumps(policy))
    assert {right.policy for right in permissions(head) - permissions(base)} == {"storage-access-logs-access"}


def test_a_way_in_says_from_where_and_to_which_ports(plans: Plans):
    [new] = ingress_rules(open_port(plans("prod"))) - ingress_rules(plans("prod"))
    assert str(new) == "app-tasks: tcp 22 from 0.0.0.0/0"
    assert new.public


def test_a_long_list_is_counted_to_the_end():
    lines = [str(number) for number in range(reviews.LISTED + 5)]
    assert reviews._bullets(lines).endswith("and 5 more")


def test_the_comment_can_be_found_again(plans: Plans):
    assert markdown(review(plans("dev"), plans("dev"))).startswith("<!-- image-store-review:dev -->\n")


@pytest.mark.parametrize(("change", "code"), [("vpc-network", 2), ("task-size", 0)])
def test_the_command_ends_with_2_when_data_would_go(
    change: str, code: int, plans: Plans, monkeypatch: pytest.MonkeyPatch
):
    head = REQUESTS[change][0](plans("prod"))
    monkeypatch.setattr(reviews, "plan_at", lambda *_: plans("prod"))
    monkeypatch.setattr(reviews, "plan", lambda *_: head)
    done = CliRunner().invoke(app, ["review", "--stack", "prod", "--base", "main"])
    assert done.exit_code == code, done.output


@pytest.mark.slow
def test_the_base_is_the_program_as_it_was():
    [stack, *_] = stacks(DEPLOYABLE)
    assert plan_at("HEAD", stack).stack == stack


def repository(folder: Path, *stacks: str) -> Path:
    """A Git repository with the files of some stacks."""
    (folder / "Pulumi.yaml").write_text("name: image-store\n")
    for stack in stacks:
        (folder / f"Pulumi.{stack}.yaml").write_text("config: {}\n")
    git = ["git", "-C", str(folder), "-c", "user.name=t", "-c", "user.email=t@example.com"]
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-qm", "first"]):
        subprocess.run([*git, *arguments], check=True)
    return folder


def test_a_stack_without_a_file_at_the_base_has_an_empty_plan(tmp_path: Path):
    assert plan_at("HEAD", "staging", repository(tmp_path, "dev")).resources == ()


def test_a_new_stack_is_reviewed_as_all_new(plans: Plans, monkeypatch: pytest.MonkeyPatch):
    new = plans("dev")
    monkeypatch.setattr(reviews, "plan_at", lambda _, stack: Plan(stack=stack, urn="", resources=()))
    monkeypatch.setattr(reviews, "plan", plans)
    done = CliRunner().invoke(app, ["review", "--stack", "dev", "--base", "main"])
    assert done.exit_code == 0, done.output
    created = sum(not (one.is_component or one.is_provider) for one in new.resources)
    assert f"## `dev`: new stack, {created} created\n" in done.output
    assert "new ingress: edge-alb" in done.output
    assert "a month (+$" in done.output.partition("### Cost")[2]
    assert "no longer" not in done.output


def test_a_permission_for_all_actions_but_some_is_shown_as_such(plans: Plans):
    base = plans("prod")
    bucket = base.resource(name="storage-images-access")
    policy = json.loads(bucket.inputs["policy"])
    policy["Statement"].append({"Sid": "Most", "Effect": "Allow", "Principal": "*", "NotAction": "s3:PutObject"})
    head = with_inputs(base, bucket, policy=json.dumps(policy))
    assert {found.action for found in permissions(head) - permissions(base)} == {"all but s3:PutObject"}


def test_a_reference_that_is_none_is_an_error_and_no_option():
    with pytest.raises(PlanError, match="--base"):
        plan_at("--output=/tmp/x", "dev", PROJECT)


def test_a_change_knows_whether_it_takes_data_away(plans: Plans):
    cluster = plans("prod").resource(name="database-cluster")
    assert Change(action="replace", resource=cluster, component="database").loses_data
    assert not Change(action="update", resource=cluster, component="database").loses_data
