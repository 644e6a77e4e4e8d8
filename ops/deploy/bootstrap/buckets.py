"""The bucket of Pulumi's state and the bucket of its access log, with all their safeguards."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ops.deploy.bootstrap import documents
from ops.deploy.bootstrap.resources import Property, Resource, find, tag_list, tags_of, tags_property
from ops.deploy.bootstrap.target import OWNER_KEY, OWNER_VALUE, BootstrapError, Target

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import (
        DeleteMarkerEntryTypeDef,
        ObjectIdentifierTypeDef,
        ObjectVersionTypeDef,
        PublicAccessBlockConfigurationTypeDef,
        ServerSideEncryptionByDefaultTypeDef,
        ServerSideEncryptionRuleTypeDef,
    )

NONCURRENT_DAYS = 365
"""Earlier states can be restored for a year."""

LOG_DAYS = 2192
"""Accesses to the state are on record for six years: 45 CFR 164.316(b)(2)(i)."""

DELETE_BATCH = 1000
"""Objects that one DeleteObjects may delete."""

PRIVATE: PublicAccessBlockConfigurationTypeDef = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": True,
}
OWNED = {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}


def state_bucket(s3: S3Client, target: Target, key_arn: Callable[[], str]) -> Resource:
    """The bucket of the state: versioned, encrypted with the state's key, with access logging."""
    name = target.state_bucket
    logging = {"TargetBucket": target.log_bucket, "TargetPrefix": f"{name}/"}

    def encryption() -> list[ServerSideEncryptionRuleTypeDef]:
        return _encryption({"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key_arn()}, bucket_key=True)

    extra = Property(
        what="access log",
        read=lambda: s3.get_bucket_logging(Bucket=name).get("LoggingEnabled"),
        wanted=lambda: logging,
        write=lambda wanted: s3.put_bucket_logging(Bucket=name, BucketLoggingStatus={"LoggingEnabled": wanted}),
    )
    lifecycle = _lifecycle_rule({"NoncurrentVersionExpiration": {"NoncurrentDays": NONCURRENT_DAYS}})
    return _bucket(
        s3,
        target,
        name,
        encryption=encryption,
        policy=lambda: documents.state_bucket(target),
        lifecycle=lifecycle,
        extra=[extra],
    )


def log_bucket(s3: S3Client, target: Target) -> Resource:
    """The bucket of the access log, with SSE-S3: S3 delivers access logs to no other.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/troubleshooting-server-access-logging.html
    """
    lifecycle = _lifecycle_rule(
        {"Expiration": {"Days": LOG_DAYS}, "NoncurrentVersionExpiration": {"NoncurrentDays": 30}}
    )

    def keep() -> str | None:
        if next(_versions(s3, target.log_bucket), None) is None:
            return None
        return f"HIPAA requires this record for {LOG_DAYS} days; the objects then expire"

    return _bucket(
        s3,
        target,
        target.log_bucket,
        encryption=lambda: _encryption({"SSEAlgorithm": "AES256"}, bucket_key=False),
        policy=lambda: documents.log_bucket(target),
        lifecycle=lifecycle,
        keep=keep,
    )


def list_stacks(s3: S3Client, target: Target) -> list[str]:
    """Stacks whose state is in the bucket, as `project/stack`; none if there is no bucket.

    A destroyed stack is still listed until `pulumi stack rm`.
    """
    if find(lambda: s3.head_bucket(Bucket=target.state_bucket), "404", "NoSuchBucket") is None:
        return []
    prefix = ".pulumi/stacks/"
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=target.state_bucket, Prefix=prefix)
    keys = [item.get("Key", "") for page in pages for item in page.get("Contents", ())]
    suffixes = (".json", ".json.gz")
    return sorted({key.removeprefix(prefix).partition(".json")[0] for key in keys if key.endswith(suffixes)})


def _bucket(
    s3: S3Client,
    target: Target,
    name: str,
    *,
    encryption: Callable[[], list[ServerSideEncryptionRuleTypeDef]],
    policy: Callable[[], str],
    lifecycle: list[dict[str, Any]],
    extra: Sequence[Property] = (),
    keep: Callable[[], str | None] = lambda: None,
) -> Resource:
    def rules() -> list[dict[str, Any]]:
        configured = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
        # AWS adds BlockedEncryptionTypes by default.
        return [{key: value for key, value in rule.items() if key != "BlockedEncryptionTypes"} for rule in configured]

    return Resource(
        name=f"bucket {name}",
        exists=lambda: _is_ours(s3, name),
        create=lambda: _create(s3, target, name),
        remove=lambda: _remove(s3, name),
        keep=keep,
        properties=[
            *_common_properties(s3, target, name),
            Property(
                what="encryption",
                read=rules,
                wanted=encryption,
                write=lambda wanted: s3.put_bucket_encryption(
                    Bucket=name, ServerSideEncryptionConfiguration={"Rules": wanted}
                ),
                absent=("ServerSideEncryptionConfigurationNotFoundError",),
            ),
            Property(
                what="policy",
                read=lambda: documents.normalize(s3.get_bucket_policy(Bucket=name)["Policy"]),
                wanted=lambda: documents.normalize(policy()),
                write=lambda _: s3.put_bucket_policy(Bucket=name, Policy=policy()),
                absent=("NoSuchBucketPolicy",),
            ),
            Property(
                what="lifecycle",
                read=lambda: s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"],
                wanted=lambda: lifecycle,
                write=lambda wanted: s3.put_bucket_lifecycle_configuration(
                    Bucket=name, LifecycleConfiguration={"Rules": wanted}
                ),
                absent=("NoSuchLifecycleConfiguration",),
            ),
            *extra,
        ],
    )


def _common_properties(s3: S3Client, target: Target, name: str) -> list[Property]:
    """Tags, and the safeguards that are the same for both buckets."""
    return [
        tags_property(
            target.tags,
            lambda: _tags(s3, name),
            lambda tags: s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": tag_list({**_tags(s3, name), **tags})}),
        ),
        Property(
            what="public access block",
            read=lambda: s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"],
            wanted=lambda: PRIVATE,
            write=lambda wanted: s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=wanted),
            absent=("NoSuchPublicAccessBlockConfiguration",),
        ),
        Property(
            what="ownership",
            read=lambda: {"Rules": s3.get_bucket_ownership_controls(Bucket=name)["OwnershipControls"]["Rules"]},
            wanted=lambda: OWNED,
            write=lambda wanted: s3.put_bucket_ownership_controls(Bucket=name, OwnershipControls=wanted),
            absent=("OwnershipControlsNotFoundError",),
        ),
        Property(
            what="versioning",
            read=lambda: s3.get_bucket_versioning(Bucket=name).get("Status"),
            wanted=lambda: "Enabled",
            write=lambda status: s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": status}),
        ),
    ]


def _is_ours(s3: S3Client, name: str) -> bool:
    """Whether the bucket exists. One without tags and objects is ours: a run was interrupted before it set the tags."""
    if find(lambda: s3.head_bucket(Bucket=name), "404", "NoSuchBucket") is None:
        return False
    tags = _tags(s3, name)
    unfinished = not tags and next(_versions(s3, name), None) is None
    if tags.get(OWNER_KEY) != OWNER_VALUE and not unfinished:
        raise BootstrapError(
            f"bucket {name} exists and was not created by this command (no tag {OWNER_KEY}={OWNER_VALUE}). If it "
            f"holds your state, tag it so and run this again; its settings are then corrected."
        )
    return True


def _tags(s3: S3Client, name: str) -> dict[str, str]:
    answer = find(lambda: s3.get_bucket_tagging(Bucket=name), "NoSuchTagSet")
    return tags_of(answer["TagSet"]) if answer else {}


def _create(s3: S3Client, target: Target, name: str) -> None:
    region = target.names.region
    # us-east-1 is the only Region that may not be given: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html
    location: dict[str, Any] = (
        {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    )
    s3.create_bucket(Bucket=name, ObjectOwnership="BucketOwnerEnforced", **location)


def _remove(s3: S3Client, name: str) -> None:
    batch: list[ObjectIdentifierTypeDef] = []
    for version in _versions(s3, name):
        batch.append({"Key": version.get("Key", ""), "VersionId": version.get("VersionId", "")})
        if len(batch) == DELETE_BATCH:
            s3.delete_objects(Bucket=name, Delete={"Objects": batch, "Quiet": True})
            batch = []
    if batch:
        s3.delete_objects(Bucket=name, Delete={"Objects": batch, "Quiet": True})
    s3.delete_bucket(Bucket=name)


def _versions(s3: S3Client, name: str) -> Iterator[ObjectVersionTypeDef | DeleteMarkerEntryTypeDef]:
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=name):
        yield from page.get("Versions", ())
        yield from page.get("DeleteMarkers", ())


def _encryption(
    default: ServerSideEncryptionByDefaultTypeDef, *, bucket_key: bool
) -> list[ServerSideEncryptionRuleTypeDef]:
    return [{"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": bucket_key}]


def _lifecycle_rule(actions: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "ID": "tidy",
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
            **actions,
        }
    ]
