"""A recorded run: it drains, refuses what the engine would refuse, and leaves nothing behind."""

from __future__ import annotations

import os
from collections.abc import Callable

import pulumi
import pulumi_aws as aws
import pytest
from pulumi.runtime import settings as runtime
from pulumi_aws import kms

from ops.plan import Plan, PlanError, record
from ops.plan.wire import SECRET
from tests.unit.samples import Group


def test_a_failing_apply_raises():
    with pytest.raises(ZeroDivisionError):
        record(lambda: kms.Key("key").arn.apply(lambda _: 1 / 0))


def test_a_failing_apply_in_an_input_raises():
    with pytest.raises(ZeroDivisionError):
        record(lambda: kms.Alias("alias", target_key_id=kms.Key("key").arn.apply(lambda _: str(1 / 0))))


def test_what_an_apply_registers_is_there_when_the_plan_is():
    plan = record(lambda: kms.Key("key").arn.apply(lambda _: kms.Key("late").arn.apply(lambda _: kms.Key("later"))))
    assert [resource.name for resource in plan.resources] == ["key", "late", "later"]


def test_an_exception_of_the_program_is_raised_as_it_is():
    def program() -> None:
        kms.Key("key")
        raise KeyError("lost")

    with pytest.raises(KeyError, match="lost"):
        record(program)


def test_the_same_urn_twice_is_refused():
    with pytest.raises(PlanError, match="key is registered twice"):
        record(lambda: [kms.Key("key"), kms.Key("key")])


def test_the_same_name_below_another_parent_is_not_refused():
    def program() -> None:
        Group("group")
        kms.Key("key")

    assert len(record(program).of_type(kms.Key)) == 2


@pytest.mark.parametrize("call", [aws.get_caller_identity, aws.get_region_output])
def test_an_invoke_is_refused_by_its_name(call: Callable[[], object]):
    with pytest.raises(PlanError, match="the program calls aws:index/get"):
        record(call)


def test_a_look_up_of_a_resource_is_refused():
    with pytest.raises(PlanError, match=r"the program reads aws:kms/key:Key shared"):
        record(lambda: kms.Key.get("shared", "1234"))


def test_an_output_in_a_text_is_an_error():
    with pytest.raises(Exception, match="Calling __str__ on an Output"):
        record(lambda: kms.Key("other", description=f"for {kms.Key('key').arn}"))


def test_settings_of_the_caller_stay_outside(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("PULUMI_CONFIG", '{"image-store:phase": "closing"}')

    def program() -> None:
        aws.Provider("aws")
        pulumi.export("phase", pulumi.Config("image-store").get("phase"))

    plan = record(program)
    assert "region" not in plan.resource(name="aws").inputs
    assert plan.exports.get("phase") is None
    assert os.environ["AWS_REGION"] == "eu-west-1", "and they are there again afterwards"


def test_configuration_arrives_as_the_engine_passes_it():
    def program() -> None:
        config = pulumi.Config("image-store")
        pulumi.export("count", config.require_int("count"))
        pulumi.export("object", config.require_object("object"))
        pulumi.export("token", config.require_secret("token"))

    values = {"image-store:count": 3, "image-store:object": {"a": [1]}, "image-store:token": {"secure": "v1:abc"}}
    assert record(program, values=values).exports == {"count": 3, "object": {"a": [1]}, "token": SECRET}


def test_runs_leave_nothing_behind():
    def failing() -> None:
        pulumi.export("a", Group("group").key.arn.apply(lambda _: 1 / 0))

    with pytest.raises(ZeroDivisionError):
        record(failing, values={"image-store:phase": "closing"})
    assert runtime.get_root_resource() is None
    assert runtime.SETTINGS.monitor is None
    plan = record(lambda: pulumi.export("phase", pulumi.Config("image-store").get("phase") or "unset"))
    assert (plan.resources, plan.exports) == ((), {"phase": "unset"})


def test_warnings_are_kept():
    def program() -> None:
        pulumi.log.info("fine")
        pulumi.log.warn("the study ends soon")

    assert record(program).warnings == ("the study ends soon",)


def test_the_order_is_always_the_same():
    def program() -> None:
        for number in range(30):
            key = kms.Key(f"key-{number}")
            kms.Alias(f"alias-{number}", target_key_id=key.key_id)

    def names(plan: Plan) -> list[str]:
        return [resource.name for resource in plan.resources]

    assert names(record(program)) == names(record(program))
