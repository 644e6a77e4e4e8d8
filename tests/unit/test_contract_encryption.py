"""Contracts of encryption at rest, and for each a broken plan that it refuses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from ops.plan import Plan
from ops.plan.configuration import stacks
from tests.conftest import Plans
from tests.unit.contracts import encryption
from tests.unit.contracts.edit import (
    copy_resource,
    edit_named,
    edit_nested,
    with_resource,
    without,
)
from tests.unit.contracts.mutation import Contract, ContractTests, Mutation

CONTRACTS: tuple[Contract, ...] = (
    encryption.known_stores,
    encryption.right_keys,
    encryption.switched_on,
    encryption.encrypted_buckets,
)


@pytest.mark.parametrize("stack", stacks())
@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.__name__)
def test_every_stack_keeps(contract: Contract, stack: str, plans: Plans):
    assert contract(plans(stack)) == []


def with_key(name: str, path: str, key: str) -> Callable[[Plan], Plan]:
    """Encrypts with another of the stack's keys."""
    return lambda plan: edit_nested(name, path, f"${{{plan.resource(name=key).urn}.arn}}")(plan)


def of_new_type(kind: str) -> Callable[[Plan], Plan]:
    def edit(plan: Plan) -> Plan:
        topic = plan.resource(name="alarms-topic")
        return with_resource(plan, replace(topic, urn=topic.urn.replace(topic.type, kind), type=kind, name="new"))

    return edit


BUCKET_KEY = "rules.0.applyServerSideEncryptionByDefault.kmsMasterKeyId"

MUTATIONS = {
    "new store": Mutation(
        encryption.known_stores, of_new_type("aws:kinesis/stream:Stream"), "has encryptionType, kmsKeyId"
    ),
    "images under another key": Mutation(
        encryption.right_keys,
        with_key("storage-images-encryption", BUCKET_KEY, "keys-logs"),
        "is keys-logs, not keys-images",
    ),
    "copies under a key of the first Region": Mutation(
        encryption.right_keys,
        with_key("replication-images-encryption", BUCKET_KEY, "keys-images"),
        "is keys-images, not keys-images-copy",
        "prod",
    ),
    "replication under a key of the first Region": Mutation(
        encryption.right_keys,
        with_key("replication-rule", "rules.0.destination.encryptionConfiguration.replicaKmsKeyId", "keys-images"),
        "is keys-images, not keys-images-copy",
        "prod",
    ),
    "vault in another Region than its key": Mutation(
        encryption.right_keys,
        edit_named("backup-copies", region="eu-west-1"),
        "keys-backup-copy is in another Region",
        "prod",
    ),
    "bucket that no table knows": Mutation(
        encryption.right_keys,
        lambda plan: copy_resource(plan, "storage-images-encryption"),
        "is keys-images, not in the table",
    ),
    "log group under AWS's key": Mutation(
        encryption.right_keys, edit_named("app-logs", kmsKeyId=None), "kmsKeyId is no key of ours"
    ),
    "key of nobody": Mutation(
        encryption.right_keys,
        edit_named("alarms-topic", kmsMasterKeyId="alias/aws/sns"),
        "kmsMasterKeyId is no key of ours, not keys-logs",
    ),
    "task disks under AWS's key": Mutation(
        encryption.right_keys,
        edit_nested("cluster-cluster", "configuration.managedStorageConfiguration", {}),
        "fargateEphemeralStorageKmsKeyId is no key of ours",
    ),
    "master secret under AWS's key": Mutation(
        encryption.right_keys,
        edit_named("database-cluster", masterUserSecretKmsKeyId=None),
        "masterUserSecretKmsKeyId is no key of ours, not keys-secrets",
    ),
    "performance data under AWS's key": Mutation(
        encryption.right_keys,
        edit_named("database-writer", performanceInsightsEnabled=True),
        "performanceInsightsKmsKeyId is no key of ours, not keys-database",
    ),
    "database in plain": Mutation(
        encryption.switched_on, edit_named("database-cluster", storageEncrypted=None), "storageEncrypted is not True"
    ),
    "stream under Amazon's key": Mutation(
        encryption.switched_on,
        edit_nested("splunk-aws-cloudtrail", "serverSideEncryption.keyType", "AWS_OWNED_CMK"),
        "keyType is not CUSTOMER_MANAGED_CMK",
        "prod",
    ),
    "SSE-S3 for images": Mutation(
        encryption.encrypted_buckets,
        edit_nested("storage-images-encryption", "rules.0.applyServerSideEncryptionByDefault.sseAlgorithm", "AES256"),
        "encrypts with AES256, not aws:kms",
    ),
    "bucket without configuration": Mutation(
        encryption.encrypted_buckets,
        lambda plan: without(plan, plan.resource(name="storage-archive-encryption")),
        "has 0 encryption configurations",
    ),
    "keys of senders": Mutation(
        encryption.encrypted_buckets,
        edit_nested("storage-images-encryption", "rules.0.blockedEncryptionTypes", ["NONE"]),
        "SSE-C",
    ),
}


class TestMutations(ContractTests):
    contracts = CONTRACTS
    mutations = MUTATIONS


def test_no_store_stays_listed_that_no_stack_has(plans: Plans):
    resources = [resource for stack in stacks() for resource in plans(stack).resources]
    assert {*encryption.BUCKETS, *encryption.SERVICE_MANAGED} <= {resource.name for resource in resources}
    assert {*encryption.STORES, *encryption.KEYLESS} <= {resource.type for resource in resources}
