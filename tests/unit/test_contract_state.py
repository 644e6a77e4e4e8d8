"""Contracts of what holds data, through the phases of a study, and for each a broken plan that it refuses."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ops.plan import Plan
from ops.plan.configuration import stacks
from tests.conftest import Plans
from tests.unit.contracts import state
from tests.unit.contracts.edit import edit_named, edit_nested, edit_resource, without
from tests.unit.contracts.mutation import Contract, Mutation, MutationTests
from tests.unit.phases import in_phase

ALWAYS: tuple[Contract, ...] = (
    state.outliving,
    state.recoverable_database,
    state.locked_backups,
    state.recoverable_buckets,
)
ACTIVE: tuple[Contract, ...] = (state.is_protected, state.deletion_protected, state.careful, *ALWAYS)
CLOSING: tuple[Contract, ...] = (state.lifted_protection, state.careful_data, *ALWAYS)
ARCHIVED: tuple[Contract, ...] = (state.lifted_protection, *ALWAYS)


@pytest.mark.parametrize("stack", stacks())
@pytest.mark.parametrize("contract", ACTIVE, ids=lambda contract: contract.__name__)
def test_an_active_study_keeps(contract: Contract, stack: str, plans: Plans):
    assert contract(plans(stack)) == []


@pytest.mark.parametrize("stack", stacks())
@pytest.mark.parametrize("contract", CLOSING, ids=lambda contract: contract.__name__)
def test_a_closing_study_keeps(contract: Contract, stack: str):
    assert contract(in_phase(stack, "closing")) == []


@pytest.mark.parametrize("stack", stacks())
@pytest.mark.parametrize("contract", ARCHIVED, ids=lambda contract: contract.__name__)
def test_an_archived_study_keeps(contract: Contract, stack: str):
    assert contract(in_phase(stack, "archived")) == []


@pytest.mark.parametrize("stack", stacks())
def test_only_an_archived_study_empties_buckets_and_never_what_outlives_it(stack: str):
    buckets = in_phase(stack, "archived").of_type(state.BUCKET)
    emptied = {bucket.name for bucket in buckets if bucket.inputs["forceDestroy"]}
    assert emptied == {bucket.name for bucket in buckets} - state.OUTLIVING - state.OUTLIVING_COPIES


def test_what_may_be_replaced_is_there(plans: Plans):
    assert set(state.REPLACEABLE) <= {resource.type for resource in plans("prod").resources}
    assert not state.PROTECTED & set(state.REPLACEABLE)


def remove_protection(name: str) -> Callable[[Plan], Plan]:
    return lambda plan: edit_resource(plan, plan.resource(name=name), protect=False)


def drop(name: str) -> Callable[[Plan], Plan]:
    return lambda plan: without(plan, plan.resource(name=name))


def gone_with_the_stack(name: str) -> Callable[[Plan], Plan]:
    return lambda plan: edit_resource(plan, plan.resource(name=name), retain_on_delete=False)


def unprotected_load_balancer(plan: Plan) -> Plan:
    load_balancer = plan.resource(state.LOAD_BALANCER, name="edge-nlb")
    return edit_resource(plan, load_balancer, inputs={**load_balancer.inputs, "enableDeletionProtection": None})


def same_region(plan: Plan) -> Plan:
    """Copies of images beside the images."""
    return edit_named("replication-images-bucket", region=None)(plan)


MUTATIONS = {
    "bucket that may go": Mutation(state.is_protected, remove_protection("storage-images-bucket"), "is not protected"),
    "log that may go": Mutation(state.is_protected, remove_protection("app-logs"), "is not protected"),
    "trail that may go": Mutation(state.is_protected, remove_protection("audit-trail"), "is not protected"),
    "key that may go": Mutation(state.is_protected, remove_protection("keys-logs"), "is not protected"),
    "pool that may go": Mutation(state.is_protected, remove_protection("identity-pool"), "is not protected", "prod"),
    "database that AWS deletes": Mutation(
        state.deletion_protected,
        edit_named("database-cluster", deletionProtection=False),
        "deletionProtection is False",
    ),
    "load balancer that AWS deletes": Mutation(
        state.deletion_protected, unprotected_load_balancer, "enableDeletionProtection is None, not True", "prod"
    ),
    "log that AWS deletes": Mutation(
        state.deletion_protected,
        edit_named("audit-logs", deletionProtectionEnabled=None),
        "deletionProtectionEnabled is None",
    ),
    "people that AWS deletes": Mutation(
        state.deletion_protected, edit_named("identity-pool", deletionProtection="INACTIVE"), "is INACTIVE", "prod"
    ),
    "no final snapshot": Mutation(
        state.careful, edit_named("database-cluster", skipFinalSnapshot=True), "skipFinalSnapshot is True, not False"
    ),
    "snapshot without a name": Mutation(
        state.careful, edit_named("database-cluster", finalSnapshotIdentifier=None), "names no final snapshot"
    ),
    "backups that go with the database": Mutation(
        state.careful, edit_named("database-cluster", deleteAutomatedBackups=None), "deleteAutomatedBackups is None"
    ),
    "bucket that goes full": Mutation(
        state.careful, edit_named("storage-images-bucket", forceDestroy=True), "forceDestroy is True, not False"
    ),
    "secret gone at once": Mutation(
        state.careful, edit_named("database-mb-db-password", recoveryWindowInDays=0), "recoveryWindowInDays is 0, not 7"
    ),
    "repository that goes full": Mutation(
        state.careful, edit_named("images-orthanc-repository", forceDelete=True), "goes with its images"
    ),
    "archive that goes with the stack": Mutation(
        state.outliving, gone_with_the_stack("storage-archive-bucket"), "storage-archive-bucket: goes with the stack"
    ),
    "access logs abroad that go with the stack": Mutation(
        state.outliving,
        gone_with_the_stack("replication-access-logs-bucket"),
        "replication-access-logs-bucket: goes with the stack",
        "prod",
    ),
    "vault abroad that goes with the stack": Mutation(
        state.outliving, gone_with_the_stack("backup-copies"), "backup-copies: goes with the stack", "prod"
    ),
    "key of the backups abroad that goes": Mutation(
        state.outliving, gone_with_the_stack("keys-backup-copy"), "keys-backup-copy: goes with the stack", "prod"
    ),
    "a day of recovery": Mutation(
        state.recoverable_database, edit_named("database-cluster", backupRetentionPeriod=None), "a time 7 days ago"
    ),
    "a week of recovery for patients' data": Mutation(
        state.recoverable_database,
        edit_named("database-cluster", backupRetentionPeriod=7),
        "a time 35 days ago",
        "prod",
    ),
    "database in no selection": Mutation(
        state.recoverable_database, edit_named("backup-selection", resources=[]), "is in no backup plan"
    ),
    "vault without a lock": Mutation(state.locked_backups, drop("backup-copies-lock"), "lets backups go", "prod"),
    "lock shorter than the plan": Mutation(
        state.locked_backups, edit_named("backup-vault-lock", minRetentionDays=7), "lets backups go before 35 days"
    ),
    "no copy abroad": Mutation(
        state.locked_backups, edit_nested("backup-plan", "rules.0.copyActions", []), "copies to no other Region", "prod"
    ),
    "bucket without versions": Mutation(
        state.recoverable_buckets,
        edit_nested("storage-images-versions", "versioningConfiguration.status", "Suspended"),
        "keeps no versions",
    ),
    "images in one Region": Mutation(
        state.recoverable_buckets, drop("replication-rule"), "is not replicated into another Region", "prod"
    ),
    "copies beside the images": Mutation(
        state.recoverable_buckets, same_region, "is not replicated into another Region", "prod"
    ),
    "some of the images": Mutation(
        state.recoverable_buckets,
        edit_nested("replication-rule", "rules.0.filter", {"prefix": "images/1"}),
        "is not replicated into another Region",
        "prod",
    ),
    "deletions repeated abroad": Mutation(
        state.recoverable_buckets,
        edit_nested("replication-rule", "rules.0.deleteMarkerReplication.status", "Enabled"),
        "is not replicated into another Region",
        "prod",
    ),
}


class TestMutations(MutationTests):
    mutations = MUTATIONS


CLOSED_MUTATIONS = {
    "bucket that stays": Mutation(
        state.lifted_protection,
        lambda plan: edit_resource(plan, plan.resource(name="storage-images-bucket"), protect=True),
        "is still protected",
    ),
    "database that stays": Mutation(
        state.lifted_protection,
        edit_named("database-cluster", deletionProtection=None),
        "deletionProtection is None, not False",
    ),
    "log that stays": Mutation(
        state.lifted_protection,
        edit_named("app-logs", deletionProtectionEnabled=None),
        "deletionProtectionEnabled is None, not False",
    ),
    "bucket that goes before its archive is verified": Mutation(
        state.careful_data, edit_named("storage-images-bucket", forceDestroy=True), "forceDestroy is True, not False"
    ),
}


@pytest.mark.parametrize("mutation", CLOSED_MUTATIONS.values(), ids=CLOSED_MUTATIONS.keys())
def test_a_broken_plan_of_a_closing_study_is_refused(mutation: Mutation):
    violations = mutation.violations(in_phase(mutation.stack, "closing"))
    assert any(mutation.says in violation for violation in violations), violations


def test_every_contract_has_been_seen_to_refuse():
    refusing = {mutation.contract for mutation in [*MUTATIONS.values(), *CLOSED_MUTATIONS.values()]}
    assert refusing == {*ACTIVE, *CLOSING, *ARCHIVED}
