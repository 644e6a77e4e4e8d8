"""Every setting does something: the program reads it in some stack and phase, or an exception says why not."""

from __future__ import annotations

import pytest

from ops.plan import configuration, plan, record
from ops.plan.configuration import stacks
from settings import Settings, Usage
from tests.unit.contracts import usage
from tests.unit.contracts.usage import Field

COST = "`ops cost` reads it: what the study does sizes nothing"

UNREAD = {
    Field("Study", "start"): "with the end it bounds the study's length, which settings rules check and cost reads",
    Field("Settings", "usage"): COST,
    **{Field("Usage", name): COST for name in Usage.model_fields},
}


@pytest.fixture(scope="module")
def read() -> set[Field]:
    with usage.trace() as reads:
        for stack in stacks():
            for phase in ("active", "closing"):
                plan(stack, overrides={"phase": phase})
    return reads


@pytest.mark.slow
def test_every_setting_is_read(read: set[Field]):
    unread = usage.fields() - read - UNREAD.keys()
    assert not unread, f"nothing reads {', '.join(sorted(map(str, unread)))}"


@pytest.mark.slow
def test_exceptions_are_not_outdated(read: set[Field]):
    assert not UNREAD.keys() & read, "it is read: remove the exception"
    assert UNREAD.keys() <= usage.fields(), "there is no such field: remove the exception"


def test_fields_are_found_at_any_depth():
    assert {Field("Settings", "centers"), Field("CenterGateway", "asn"), Field("Window", "days")} <= usage.fields()


def test_reads_by_the_settings_own_rules_do_not_count():
    with usage.trace() as reads:
        for stack in stacks():
            record(Settings.load, values=configuration(stack), name=stack)
    assert reads == set()


def test_reads_of_the_program_count_one_by_one():
    with usage.trace() as reads:
        record(lambda: Settings.load().network.cidr, values=configuration("dev"), name="dev")
    assert reads == {Field("Settings", "network"), Field("Network", "cidr")}


def test_a_group_that_is_dumped_counts_whole():
    with usage.trace() as reads:
        record(lambda: dict(Settings.load().images.model_dump()), values=configuration("dev"), name="dev")
    assert reads == {Field("Settings", "images"), Field("ImageSettings", "nginx"), Field("ImageSettings", "orthanc")}
