"""Buckets, keys and secrets in the account's API."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from rehearsal.account.mirror import KEY_ID_TAG, Clients, Inputs, hides, shows
from rehearsal.cloud.folder import Resource

BATCH = 1000  # versions that one call deletes


@shows("aws:s3/bucket:Bucket")
def bucket(aws: Clients, resource: Resource, inputs: Inputs) -> None:
    """A bucket."""
    place = {} if aws.region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": aws.region}}
    with suppress(aws.s3.exceptions.BucketAlreadyOwnedByYou):
        locked = bool(inputs.get("objectLockEnabled"))
        aws.s3.create_bucket(Bucket=resource.outputs["bucket"], ObjectLockEnabledForBucket=locked, **place)


@shows("aws:s3/bucketVersioning:BucketVersioning")
def versioning(aws: Clients, _: Resource, inputs: Inputs) -> None:
    """Of a bucket."""
    status = inputs["versioningConfiguration"]["status"]
    aws.s3.put_bucket_versioning(Bucket=inputs["bucket"], VersioningConfiguration={"Status": status})


@shows("aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration")
def object_lock(aws: Clients, _: Resource, inputs: Inputs) -> None:
    """Of a bucket, with its default retention."""
    retention = inputs["rule"]["defaultRetention"]
    default = {"Mode": retention["mode"]} | {
        unit.capitalize(): retention[unit] for unit in ("days", "years") if unit in retention
    }
    configuration = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": default}}
    aws.s3.put_object_lock_configuration(Bucket=inputs["bucket"], ObjectLockConfiguration=configuration)


@shows("aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration")
def encryption(aws: Clients, _: Resource, inputs: Inputs) -> None:
    """Of a bucket."""
    rules = []
    for rule in inputs["rules"]:
        default = rule["applyServerSideEncryptionByDefault"]
        by = {"SSEAlgorithm": default["sseAlgorithm"]}
        by |= {"KMSMasterKeyID": default["kmsMasterKeyId"]} if "kmsMasterKeyId" in default else {}
        rules.append(
            {"ApplyServerSideEncryptionByDefault": by, "BucketKeyEnabled": rule.get("bucketKeyEnabled", False)}
        )
    aws.s3.put_bucket_encryption(Bucket=inputs["bucket"], ServerSideEncryptionConfiguration={"Rules": rules})


@shows("aws:s3/bucketPolicy:BucketPolicy")
def bucket_policy(aws: Clients, _: Resource, inputs: Inputs) -> None:
    """Who may come to a bucket."""
    aws.s3.put_bucket_policy(Bucket=inputs["bucket"], Policy=inputs["policy"])


@hides("aws:s3/bucket:Bucket")
def no_bucket(aws: Clients, resource: Resource, inputs: Inputs) -> None:
    """Deletes a bucket; with `forceDestroy` its versions go first, as the provider does it."""
    name = resource.outputs["bucket"]
    if inputs.get("forceDestroy"):
        for page in aws.s3.get_paginator("list_object_versions").paginate(Bucket=name):
            for keys in _batches(page):
                aws.s3.delete_objects(Bucket=name, Delete={"Objects": keys, "Quiet": True})
    aws.s3.delete_bucket(Bucket=name)


def _batches(page: Mapping[str, Any]) -> Iterator[list[dict[str, str]]]:
    found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
    keys = [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in found]
    yield from (keys[start : start + BATCH] for start in range(0, len(keys), BATCH))


@shows("aws:kms/key:Key")
def key(aws: Clients, resource: Resource, inputs: Inputs) -> None:
    """A KMS key with the cloud's own id."""
    with suppress(aws.kms.exceptions.NotFoundException):
        aws.kms.describe_key(KeyId=resource.id)
        aws.kms.put_key_policy(KeyId=resource.id, PolicyName="default", Policy=inputs["policy"])
        return
    aws.kms.create_key(
        Description=inputs.get("description", ""),
        Policy=inputs["policy"],
        KeyUsage=inputs.get("keyUsage", "ENCRYPT_DECRYPT"),
        KeySpec=inputs.get("customerMasterKeySpec", "SYMMETRIC_DEFAULT"),
        Tags=[{"TagKey": KEY_ID_TAG, "TagValue": resource.id}],
    )


@hides("aws:kms/key:Key")
def no_key(aws: Clients, resource: Resource, inputs: Inputs) -> None:
    """Schedules a key's deletion."""
    aws.kms.schedule_key_deletion(KeyId=resource.id, PendingWindowInDays=inputs.get("deletionWindowInDays", 30))


@shows("aws:kms/alias:Alias")
def alias(aws: Clients, resource: Resource, inputs: Inputs) -> None:
    """A key's name."""
    named = {"AliasName": resource.outputs["name"], "TargetKeyId": inputs["targetKeyId"]}
    try:
        aws.kms.create_alias(**named)
    except aws.kms.exceptions.AlreadyExistsException:
        aws.kms.update_alias(**named)


@hides("aws:kms/alias:Alias")
def no_alias(aws: Clients, resource: Resource, _: Inputs) -> None:
    """Deletes it."""
    aws.kms.delete_alias(AliasName=resource.outputs["name"])


@shows("aws:secretsmanager/secret:Secret")
def secret(aws: Clients, resource: Resource, inputs: Inputs) -> None:
    """A secret without a value."""
    with suppress(aws.secretsmanager.exceptions.ResourceExistsException):
        aws.secretsmanager.create_secret(Name=resource.outputs["name"], Description=inputs.get("description", ""))


@shows("aws:secretsmanager/secretVersion:SecretVersion")
def secret_version(aws: Clients, _: Resource, inputs: Inputs) -> None:
    """A secret's value."""
    if value := inputs.get("secretStringWo") or inputs.get("secretString"):
        aws.secretsmanager.put_secret_value(SecretId=_secret_name(inputs["secretId"]), SecretString=value)


@hides("aws:secretsmanager/secret:Secret")
def no_secret(aws: Clients, resource: Resource, inputs: Inputs) -> None:
    """Deletes a secret, recoverable for its days."""
    days = inputs.get("recoveryWindowInDays", 30)
    how = {"RecoveryWindowInDays": days} if days else {"ForceDeleteWithoutRecovery": True}
    aws.secretsmanager.delete_secret(SecretId=resource.outputs["name"], **how)


def _secret_name(arn: str) -> str:
    return arn.partition(":secret:")[2].rpartition("-")[0] or arn
