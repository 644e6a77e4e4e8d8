"""The bucket of Pulumi's state, and the one of its access log: every safeguard of each, compared and set."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ops.deploy.bootstrap import documents
from ops.deploy.bootstrap.target import MAKER, MARK, BootstrapError, Target
from ops.deploy.bootstrap.things import Aspect, Thing, found, tag_list, tags_aspect, tags_of

NONCURRENT_DAYS = 365
"""A state of the past can be restored for a year."""

LOG_DAYS = 2192
"""Six years of who read the state: 45 CFR 164.316(b)(2)(i)."""

DELETED_AT_ONCE = 1000
"""What DeleteObjects takes."""

PRIVATE = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": True,
}
OWNED = {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}


def state(s3: Any, target: Target, key_arn: Callable[[], str]) -> Thing:
    """The state's bucket: versioned, encrypted with the state's key, its access logged."""
    name = target.state_bucket
    logged = {"TargetBucket": target.log_bucket, "TargetPrefix": f"{name}/"}

    def encryption() -> list[dict[str, Any]]:
        return _encryption({"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key_arn()}, bucket_key=True)

    extra = Aspect(
        what="access log",
        read=lambda: s3.get_bucket_logging(Bucket=name).get("LoggingEnabled"),
        wanted=lambda: logged,
        write=lambda wanted: s3.put_bucket_logging(Bucket=name, BucketLoggingStatus={"LoggingEnabled": wanted}),
    )
    lifecycle = _rule({"NoncurrentVersionExpiration": {"NoncurrentDays": NONCURRENT_DAYS}})
    return _bucket(
        s3,
        target,
        name,
        encryption=encryption,
        policy=lambda: documents.state_bucket(target),
        lifecycle=lifecycle,
        extra=[extra],
    )


def log(s3: Any, target: Target) -> Thing:
    """The access log's bucket. SSE-S3, because S3 delivers access logs to no other.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/troubleshooting-server-access-logging.html
    """
    lifecycle = _rule({"Expiration": {"Days": LOG_DAYS}, "NoncurrentVersionExpiration": {"NoncurrentDays": 30}})

    def keep() -> str | None:
        if next(_versions(s3, target.log_bucket), None) is None:
            return None
        return f"who read the state, for the {LOG_DAYS} days that HIPAA asks for; it empties itself"

    return _bucket(
        s3,
        target,
        target.log_bucket,
        encryption=lambda: _encryption({"SSEAlgorithm": "AES256"}, bucket_key=False),
        policy=lambda: documents.log_bucket(target),
        lifecycle=lifecycle,
        keep=keep,
    )


def stacks(s3: Any, target: Target) -> list[str]:
    """Stacks whose state is in the bucket, as `project/stack`; none if there is no bucket.

    A stack that is destroyed is still there until `pulumi stack rm`.
    """
    if found(lambda: s3.head_bucket(Bucket=target.state_bucket), "404", "NoSuchBucket") is None:
        return []
    prefix = ".pulumi/stacks/"
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=target.state_bucket, Prefix=prefix)
    keys = [item["Key"] for page in pages for item in page.get("Contents", ())]
    suffixes = (".json", ".json.gz")
    return sorted({key.removeprefix(prefix).partition(".json")[0] for key in keys if key.endswith(suffixes)})


def _bucket(
    s3: Any,
    target: Target,
    name: str,
    *,
    encryption: Callable[[], list[dict[str, Any]]],
    policy: Callable[[], str],
    lifecycle: list[dict[str, Any]],
    extra: Sequence[Aspect] = (),
    keep: Callable[[], str | None] = lambda: None,
) -> Thing:
    def rules() -> list[dict[str, Any]]:
        configured = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
        # AWS adds what it blocks by default.
        return [{key: rule[key] for key in rule if key != "BlockedEncryptionTypes"} for rule in configured]

    return Thing(
        name=f"bucket {name}",
        exists=lambda: _ours(s3, name),
        create=lambda: _create(s3, target, name),
        remove=lambda: _remove(s3, name),
        keep=keep,
        aspects=[
            tags_aspect(
                target.tags,
                lambda: _tags(s3, name),
                lambda tags: s3.put_bucket_tagging(
                    Bucket=name, Tagging={"TagSet": tag_list({**_tags(s3, name), **tags})}
                ),
            ),
            Aspect(
                what="public access block",
                read=lambda: s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"],
                wanted=lambda: PRIVATE,
                write=lambda wanted: s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=wanted),
                absent=("NoSuchPublicAccessBlockConfiguration",),
            ),
            Aspect(
                what="ownership",
                read=lambda: {"Rules": s3.get_bucket_ownership_controls(Bucket=name)["OwnershipControls"]["Rules"]},
                wanted=lambda: OWNED,
                write=lambda wanted: s3.put_bucket_ownership_controls(Bucket=name, OwnershipControls=wanted),
                absent=("OwnershipControlsNotFoundError",),
            ),
            Aspect(
                what="versioning",
                read=lambda: s3.get_bucket_versioning(Bucket=name).get("Status"),
                wanted=lambda: "Enabled",
                write=lambda status: s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": status}),
            ),
            Aspect(
                what="encryption",
                read=rules,
                wanted=encryption,
                write=lambda wanted: s3.put_bucket_encryption(
                    Bucket=name, ServerSideEncryptionConfiguration={"Rules": wanted}
                ),
                absent=("ServerSideEncryptionConfigurationNotFoundError",),
            ),
            Aspect(
                what="policy",
                read=lambda: documents.normal(s3.get_bucket_policy(Bucket=name)["Policy"]),
                wanted=lambda: documents.normal(policy()),
                write=lambda _: s3.put_bucket_policy(Bucket=name, Policy=policy()),
                absent=("NoSuchBucketPolicy",),
            ),
            Aspect(
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


def _ours(s3: Any, name: str) -> bool:
    """Whether the bucket is there. One without tags and objects is ours: a run broke off before it was marked."""
    if found(lambda: s3.head_bucket(Bucket=name), "404", "NoSuchBucket") is None:
        return False
    tags = _tags(s3, name)
    unfinished = not tags and next(_versions(s3, name), None) is None
    if tags.get(MARK) != MAKER and not unfinished:
        raise BootstrapError(
            f"bucket {name} exists and was not made by this command (no tag {MARK}={MAKER}). If it holds a state of "
            f"yours, tag it so and run this again; its settings are then brought in line."
        )
    return True


def _tags(s3: Any, name: str) -> dict[str, str]:
    answer = found(lambda: s3.get_bucket_tagging(Bucket=name), "NoSuchTagSet")
    return tags_of(answer["TagSet"]) if answer else {}


def _create(s3: Any, target: Target, name: str) -> None:
    region = target.names.region
    # us-east-1 is the one Region that may not be named: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html
    where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    s3.create_bucket(Bucket=name, ObjectOwnership="BucketOwnerEnforced", **where)


def _remove(s3: Any, name: str) -> None:
    batch: list[dict[str, str]] = []
    for version in _versions(s3, name):
        batch.append({"Key": version["Key"], "VersionId": version["VersionId"]})
        if len(batch) == DELETED_AT_ONCE:
            s3.delete_objects(Bucket=name, Delete={"Objects": batch, "Quiet": True})
            batch = []
    if batch:
        s3.delete_objects(Bucket=name, Delete={"Objects": batch, "Quiet": True})
    s3.delete_bucket(Bucket=name)


def _versions(s3: Any, name: str) -> Iterator[dict[str, Any]]:
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=name):
        yield from page.get("Versions", ())
        yield from page.get("DeleteMarkers", ())


def _encryption(default: dict[str, str], *, bucket_key: bool) -> list[dict[str, Any]]:
    return [{"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": bucket_key}]


def _rule(ends: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "ID": "tidy",
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
            **ends,
        }
    ]
