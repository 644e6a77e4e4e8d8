"""Buckets, keys and secrets in the account's API."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from rehearsal.account.clients import Clients
from rehearsal.account.handlers import KEY_ID_TAG, Inputs, on_delete, on_put
from rehearsal.cloud.resources import Resource

BATCH = 1000  # versions that one call can delete


@on_put("aws:s3/bucket:Bucket")
def put_bucket(aws: Clients, resource: Resource, inputs: Inputs) -> None:
    """Create a bucket."""
    location = {} if aws.region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": aws.region}}
    with suppress(aws.s3.exceptions.BucketAlreadyOwnedByYou):
        locked = bool(inputs.get("objectLockEnabled"))
        aws.s3.create_bucket(Bucket=resource.outputs["bucket"], ObjectLockEnabledForBucket=locked, **location)


@on_put("aws:s3/bucketVersioning:BucketVersioning")
def put_versioning(aws: Clients, _: Resource, inputs: Inputs) -> None:
    """Set a bucket's versioning."""
    status = inputs["versioningConfiguration"]["status"]
    aws.s3.put_bucket_versioning(Bucket=inputs["bucket"], VersioningConfiguration={"Status": status})


@on_put("aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration")
def put_object_lock(aws: Clients, _: Resource, inputs: Inputs) -> None:
    """Set a bucket's default retention."""
    retention = inputs["rule"]["defaultRetention"]
    default = {"Mode": retention["mode"]} | {
        unit.capitalize(): retention[unit] for unit in ("days", "years") if unit in retention
    }
    configuration = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": default}}
    aws.s3.put_object_lock_configuration(Bucket=inputs["bucket"], ObjectLockConfiguration=configuration)


@on_put("aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration")
def put_encryption(aws: Clients, _: Resource, inputs: Inputs) -> None:
    """Set a bucket's default encryption."""
    rules = []
    for rule in inputs["rules"]:
        default = rule["applyServerSideEncryptionByDefault"]
        by = {"SSEAlgorithm": default["sseAlgorithm"]}
        by |= {"KMSMasterKeyID": default["kmsMasterKeyId"]} if "kmsMasterKeyId" in default else {}
        rules.append(
            {"ApplyServerSideEncryptionByDefault": by, "BucketKeyEnabled": rule.get("bucketKeyEnabled", False)}
        )
    aws.s3.put_bucket_encryption(Bucket=inputs["bucket"], ServerSideEncryptionConfiguration={"Rules": rules})


@on_put("aws:s3/bucketPolicy:BucketPolicy")
def put_bucket_policy(aws: Clients, _: Resource, inputs: Inputs) -> None:
    """Set a bucket's policy."""
    aws.s3.put_bucket_policy(Bucket=inputs["bucket"], Policy=inputs["policy"])


@on_delete("aws:s3/bucket:Bucket")
def delete_bucket(aws: Clients, resource: Resource, inputs: Inputs) -> None:
    """Delete a bucket; with `forceDestroy` delete its versions first, as the provider does."""
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


@on_put("aws:kms/key:Key")
def put_key(aws: Clients, resource: Resource, inputs: Inputs) -> None:
    """Create a KMS key with the id that it has in the cloud, or change its policy."""
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


@on_delete("aws:kms/key:Key")
def delete_key(aws: Clients, resource: Resource, inputs: Inputs) -> None:
    """Schedule a key's deletion."""
    aws.kms.schedule_key_deletion(KeyId=resource.id, PendingWindowInDays=inputs.get("deletionWindowInDays", 30))


@on_put("aws:kms/alias:Alias")
def put_alias(aws: Clients, resource: Resource, inputs: Inputs) -> None:
    """Point an alias at its key."""
    request = {"AliasName": resource.outputs["name"], "TargetKeyId": inputs["targetKeyId"]}
    try:
        aws.kms.create_alias(**request)
    except aws.kms.exceptions.AlreadyExistsException:
        aws.kms.update_alias(**request)


@on_delete("aws:kms/alias:Alias")
def delete_alias(aws: Clients, resource: Resource, _: Inputs) -> None:
    """Delete an alias."""
    aws.kms.delete_alias(AliasName=resource.outputs["name"])


@on_put("aws:secretsmanager/secret:Secret")
def put_secret(aws: Clients, resource: Resource, inputs: Inputs) -> None:
    """Create a secret without a value."""
    with suppress(aws.secretsmanager.exceptions.ResourceExistsException):
        aws.secretsmanager.create_secret(Name=resource.outputs["name"], Description=inputs.get("description", ""))


@on_put("aws:secretsmanager/secretVersion:SecretVersion")
def put_secret_version(aws: Clients, _: Resource, inputs: Inputs) -> None:
    """Put a secret's value."""
    if value := inputs.get("secretStringWo") or inputs.get("secretString"):
        aws.secretsmanager.put_secret_value(SecretId=_secret_name(inputs["secretId"]), SecretString=value)


@on_delete("aws:secretsmanager/secret:Secret")
def delete_secret(aws: Clients, resource: Resource, inputs: Inputs) -> None:
    """Delete a secret, with its recovery window."""
    days = inputs.get("recoveryWindowInDays", 30)
    options = {"RecoveryWindowInDays": days} if days else {"ForceDeleteWithoutRecovery": True}
    aws.secretsmanager.delete_secret(SecretId=resource.outputs["name"], **options)


def _secret_name(arn: str) -> str:
    return arn.partition(":secret:")[2].rpartition("-")[0] or arn
