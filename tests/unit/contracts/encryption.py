"""Every store is encrypted with the customer-managed key of its data class, in its own Region."""

from __future__ import annotations

import inspect
import re
import typing
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from pulumi import _types

from ops.plan import Plan, PlannedResource
from ops.plan.outputs import resource_class

KEY = "aws:kms/key:Key"
BUCKET_ENCRYPTION = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
BUCKET_KEY = "rules.applyServerSideEncryptionByDefault.kmsMasterKeyId"

BUCKETS = {
    "storage-images-encryption": "keys-images",
    "replication-images-encryption": "keys-images-copy",
    "storage-archive-encryption": "keys-archive",
    "audit-records-encryption": "keys-audit",
    "baseline-history-encryption": "keys-audit",
    "splunk-failed-encryption": "keys-logs",
}

SERVICE_MANAGED = {
    "storage-access-logs-encryption": "ELB and S3 deliver access logs to no bucket with a key of ours",
    "replication-access-logs-encryption": "S3 delivers server access logs to no bucket with a key of ours",
}
"""Buckets with SSE-S3: https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html"""

STORES: dict[str, dict[str, str | Mapping[str, str]]] = {
    "aws:backup/vault:Vault": {"kmsKeyArn": {"backup-vault": "keys-backup", "backup-copies": "keys-backup-copy"}},
    "aws:cfg/deliveryChannel:DeliveryChannel": {"s3KmsKeyArn": "keys-audit"},
    "aws:cloudtrail/trail:Trail": {"kmsKeyId": "keys-audit"},
    "aws:cloudwatch/logGroup:LogGroup": {"kmsKeyId": "keys-logs"},
    "aws:ecs/cluster:Cluster": {
        "configuration.executeCommandConfiguration.kmsKeyId": "keys-logs",
        "configuration.managedStorageConfiguration.fargateEphemeralStorageKmsKeyId": "keys-images",
    },
    "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream": {
        "serverSideEncryption.keyArn": "keys-logs",
        "splunkConfiguration.s3Configuration.kmsKeyArn": "keys-logs",
    },
    "aws:lambda/function:Function": {"kmsKeyArn": "keys-secrets"},
    "aws:rds/cluster:Cluster": {"kmsKeyId": "keys-database"},
    "aws:s3/bucketReplicationConfig:BucketReplicationConfig": {
        "rules.destination.encryptionConfiguration.replicaKmsKeyId": "keys-images-copy"
    },
    BUCKET_ENCRYPTION: {BUCKET_KEY: BUCKETS},
    "aws:secretsmanager/secret:Secret": {"kmsKeyId": "keys-secrets"},
    "aws:sns/topic:Topic": {"kmsMasterKeyId": "keys-logs"},
    "awsx:ecr:Repository": {"encryptionConfigurations.kmsKey": "keys-images"},
}
"""Key by type of store and place of the key; where a type holds several data classes, by name."""

SWITCHES = {
    "aws:cloudtrail/trail:Trail": {"enableLogFileValidation": True},
    "aws:ecs/cluster:Cluster": {
        "configuration.executeCommandConfiguration.logConfiguration.cloudWatchEncryptionEnabled": True
    },
    "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream": {
        "serverSideEncryption.enabled": True,
        "serverSideEncryption.keyType": "CUSTOMER_MANAGED_CMK",
    },
    "aws:rds/cluster:Cluster": {"storageEncrypted": True},
    "aws:s3/bucketReplicationConfig:BucketReplicationConfig": {
        "rules.sourceSelectionCriteria.sseKmsEncryptedObjects.status": "Enabled"
    },
    "awsx:ecr:Repository": {"encryptionConfigurations.encryptionType": "KMS"},
}
"""What has to be on for the key to be used."""

OPTIONAL = {
    ("aws:rds/cluster:Cluster", "manageMasterUserPassword"): ("masterUserSecretKmsKeyId", "keys-secrets"),
    ("aws:rds/cluster:Cluster", "performanceInsightsEnabled"): ("performanceInsightsKmsKeyId", "keys-database"),
    ("aws:rds/clusterInstance:ClusterInstance", "performanceInsightsEnabled"): (
        "performanceInsightsKmsKeyId",
        "keys-database",
    ),
}
"""Stores that a switch brings along, and the key they then need."""

KEYLESS = {
    "aws:cognito/userPool:UserPool": "its key is for the codes that a Lambda sends; there are neither",
    "aws:ec2/vpnConnection:VpnConnection": "algorithms of the tunnels; AWS keeps the pre-shared keys under its own key",
    "aws:ecs/service:Service": "its key is for volumes and Service Connect, which it does not use",
    "aws:ecs/taskDefinition:TaskDefinition": "its encryption is that of mounted file systems, and it mounts none",
    "aws:rds/clusterInstance:ClusterInstance": "its storage is the cluster's",
    "aws:s3/bucket:Bucket": "its encryption is a resource of its own, see `encrypted_buckets`",
    "aws:sfn/stateMachine:StateMachine": "its input is an event that names a secret and holds nothing of it",
    "aws:scheduler/schedule:Schedule": "holds the sentence of the reminder, which names no person",
}
"""Types that could have a key, and why none of theirs is used."""

KEY_PROPERTY = re.compile(r"kms.*key|encrypt", re.IGNORECASE)
DEPTH = 6


def values(inputs: Any, path: str) -> list[Any]:
    """What stands at a dotted path, once for each element of the lists on the way."""
    found = [inputs]
    for name in path.split("."):
        members = [item.get(name) for item in found if isinstance(item, Mapping)]
        found = [
            each
            for item in members
            if item is not None
            for each in (item if isinstance(item, list | tuple) else [item])
        ]
    return found


def known_stores(plan: Plan) -> list[str]:
    """Every type that could name a key is in `STORES` or in `KEYLESS`, so a new kind of store is never overlooked."""
    kinds = sorted({resource.type for resource in plan.resources if resource.custom or not resource.is_component})
    return [
        f"{kind}: has {', '.join(sorted(properties))}, and stands in no table of stores"
        for kind in kinds
        if kind not in STORES and kind not in KEYLESS and (properties := key_properties(kind))
    ]


@cache
def key_properties(kind: str) -> frozenset[str]:
    """Names of the properties of a type, at any depth, that speak of a key or of encryption."""
    cls = resource_class(kind)
    if cls is None or kind == KEY:
        return frozenset()
    parameters = inspect.signature(vars(cls)["_internal_init"]).parameters
    names = [*parameters, *_property_names(_types.resource_types(cls), DEPTH)]
    return frozenset(_camel(name) for name in names if KEY_PROPERTY.search(name))


def _camel(name: str) -> str:
    return re.sub("_(.)", lambda found: found[1].upper(), name)


def _property_names(members: Mapping[str, Any], depth: int) -> Iterator[str]:
    for name, annotation in members.items():
        yield name
        kind = _element(annotation)
        if depth and isinstance(kind, type) and _types.is_output_type(kind):
            yield from _property_names(_types.output_type_types(kind), depth - 1)


def _element(annotation: Any) -> Any:
    kind = _types.unwrap_type(annotation)
    origin = typing.get_origin(kind)
    if isinstance(origin, type) and issubclass(origin, Sequence):
        return _element(typing.get_args(kind)[0])
    return kind


def right_keys(plan: Plan) -> list[str]:
    """Every store names the key of its data class, and that key lies in the store's own Region."""
    violations = []
    for resource in plan.resources:
        for path, keys in STORES.get(resource.type, {}).items():
            if resource.name not in SERVICE_MANAGED:
                expected = keys if isinstance(keys, str) else keys.get(resource.name, "in the table")
                violations += _wrong_key(plan, resource, path, expected)
        for (kind, switch), (path, key) in OPTIONAL.items():
            if kind == resource.type and resource.inputs.get(switch):
                violations += _wrong_key(plan, resource, path, key)
    return violations


def _wrong_key(plan: Plan, resource: PlannedResource, path: str, expected: str) -> list[str]:
    found = values(resource.inputs, path)
    keys = [plan.by_urn[reference.urn] for reference in plan.references(found)]
    if not found or {key.name for key in keys} != {expected}:
        return [f"{resource.urn}: {path} is {', '.join(key.name for key in keys) or 'no key of ours'}, not {expected}"]
    region = _destination_region(plan, resource)
    return [f"{resource.urn}: {key.name} is in another Region" for key in keys if key.inputs.get("region") != region]


def _destination_region(plan: Plan, resource: PlannedResource) -> str | None:
    """Region of what is encrypted: the resource's own, or for a replication that of the bucket it writes to."""
    for reference in plan.references(values(resource.inputs, "rules.destination.bucket")):
        return plan.by_urn[reference.urn].inputs.get("region")
    return resource.inputs.get("region")


def switched_on(plan: Plan) -> list[str]:
    """What makes a store use its key is on; absent is off."""
    return [
        f"{resource.urn}: {path} is not {wanted}"
        for resource in plan.resources
        for path, wanted in SWITCHES.get(resource.type, {}).items()
        if set(values(resource.inputs, path)) != {wanted}
    ]


def encrypted_buckets(plan: Plan) -> list[str]:
    """Every bucket has one encryption configuration: SSE-KMS with a bucket key, or SSE-S3 if it is listed."""
    configured = [resource.inputs["bucket"] for resource in plan.of_type(BUCKET_ENCRYPTION)]
    violations = [
        f"{bucket.urn}: has {configured.count(bucket.inputs['bucket'])} encryption configurations, not one"
        for bucket in plan.of_type("aws:s3/bucket:Bucket")
        if configured.count(bucket.inputs["bucket"]) != 1
    ]
    for resource in plan.of_type(BUCKET_ENCRYPTION):
        algorithm = values(resource.inputs, "rules.applyServerSideEncryptionByDefault.sseAlgorithm")
        wanted = "AES256" if resource.name in SERVICE_MANAGED else "aws:kms"
        if algorithm != [wanted]:
            violations.append(f"{resource.urn}: encrypts with {', '.join(algorithm) or 'nothing'}, not {wanted}")
        if values(resource.inputs, "rules.blockedEncryptionTypes") != ["SSE-C"]:
            violations.append(f"{resource.urn}: accepts objects under a key that only the sender has (SSE-C)")
    return violations
