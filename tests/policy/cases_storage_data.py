"""Cases of the rules for data in buckets."""

from typing import Any

from hipaa import types
from hipaa.model import UNKNOWN, Resource
from tests.policy.cases import Cases, resource
from tests.policy.cases_storage import BUCKET, LOGS, VPC, of_bucket

KEY = "arn:aws:kms:us-east-1:111122223333:key/1"
IMAGES = resource(types.BUCKET, "images")
COPIES = resource(types.BUCKET, "images-copy", bucket="images-copy-0")
AUDIT = resource(types.BUCKET, "records", objectLockEnabled=True, tags={"data-classification": "audit"})
TRAIL = resource(types.TRAIL, refers={"s3BucketName": BUCKET}, s3BucketName=UNKNOWN)

Default = dict[str, Any]


def encryption(*rules: Any) -> tuple[Resource, ...]:
    return (BUCKET, of_bucket(types.BUCKET_SERVER_SIDE_ENCRYPTION_CONFIGURATION, rules=list(rules)))


def default(**changes: Any) -> Default:
    return {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": UNKNOWN, **changes}


def sse(*, bucket_key: Any = True, **changes: Any) -> Default:
    return {"applyServerSideEncryptionByDefault": default(**changes), "bucketKeyEnabled": bucket_key}


SSE_S3: Default = {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}


def log_bucket(kind: str, default: Any, **properties: Any) -> tuple[Resource, ...]:
    """A target bucket of access logs with a default encryption, and the source of the logs."""
    source = resource(kind, "source", **properties)
    return (LOGS, source, of_bucket(types.BUCKET_SERVER_SIDE_ENCRYPTION_CONFIGURATION, LOGS, rules=[default]))


def versioning(bucket: Resource = BUCKET, **properties: Any) -> Resource:
    return of_bucket(types.BUCKET_VERSIONING, bucket, **properties)


def replication(**properties: Any) -> Resource:
    return of_bucket(types.BUCKET_REPLICATION_CONFIG, IMAGES, **properties)


def lock(bucket: Resource = AUDIT, **properties: Any) -> Resource:
    return of_bucket(types.BUCKET_OBJECT_LOCK_CONFIGURATION, bucket, **properties)


def lifecycle(*rules: Any) -> tuple[Resource, ...]:
    return (BUCKET, of_bucket(types.BUCKET_LIFECYCLE_CONFIGURATION, rules=list(rules)))


def with_bucket(**properties: Any) -> tuple[Resource, ...]:
    return (resource(types.BUCKET, "data", **properties),)


OLD = {"status": "Enabled", "noncurrentVersionExpiration": {"noncurrentDays": 90.0}}
UPLOADS = {"status": "Enabled", "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7}}
GOVERNED = {"defaultRetention": {"mode": "GOVERNANCE", "days": "2192"}}
ENABLED = {"status": "Enabled"}

CASES = {
    "S3-04": Cases(
        passes=(
            (BUCKET, versioning(versioningConfiguration=ENABLED)),
            with_bucket(versioning={"enabled": True}),
            with_bucket(versionings=[{"enabled": True}]),
            (
                resource(types.BUCKET, "data", versioning={"enabled": False}),
                versioning(versioningConfiguration=ENABLED),
            ),
        ),
        fails=(
            (BUCKET,),
            (BUCKET, versioning(versioningConfiguration={"status": "Suspended"})),
            (BUCKET, versioning(LOGS, versioningConfiguration=ENABLED)),
            with_bucket(versioning={"enabled": False}),
            with_bucket(versioning=UNKNOWN),
        ),
        absent=(BUCKET, versioning()),
        unknown=(BUCKET, resource(types.BUCKET_VERSIONING, bucket=UNKNOWN, versioningConfiguration=ENABLED)),
        other=VPC,
    ),
    "S3-05": Cases(
        passes=(
            encryption(sse()),
            encryption(sse(kmsMasterKeyId=KEY)),
            with_bucket(serverSideEncryptionConfiguration={"rule": sse()}),
            with_bucket(
                serverSideEncryptionConfigurations=[
                    {"rules": [{"applyServerSideEncryptionByDefaults": [default()], "bucketKeyEnabled": True}]}
                ]
            ),
            log_bucket(types.BUCKET_LOGGING, SSE_S3, targetBucket="logs-0"),
            log_bucket(types.BUCKET_LOGGING, sse(), targetBucket="logs-0"),
            log_bucket(types.LOAD_BALANCER, SSE_S3, accessLogs={"bucket": "logs-0", "enabled": True}),
            log_bucket(types.LOAD_BALANCER, SSE_S3, accessLogs=[{"bucket": "logs-0", "enabled": True}]),
        ),
        fails=(
            (BUCKET,),
            encryption(),
            encryption({"bucketKeyEnabled": True}),
            encryption(sse(sseAlgorithm="AES256")),
            log_bucket(types.BUCKET_LOGGING, SSE_S3, targetBucket="another-0"),
            log_bucket(types.BUCKET_LOGGING, {}, targetBucket="logs-0"),
            log_bucket(types.LOAD_BALANCER, sse(kmsMasterKeyId=None), accessLogs={"bucket": "logs-0"}),
            log_bucket(types.LOAD_BALANCER, SSE_S3, accessLogs={"bucket": "another-0"}),
            (LOGS, resource(types.BUCKET_LOGGING, "source", targetBucket="logs-0")),
            encryption(sse(sseAlgorithm="aws:kms:dsse")),
            encryption(sse(kmsMasterKeyId=None)),
            encryption(sse(kmsMasterKeyId="alias/aws/s3")),
            encryption(sse(bucket_key=False)),
            encryption(sse(), sse(bucket_key=None)),
            with_bucket(serverSideEncryptionConfiguration={"rule": sse(sseAlgorithm="AES256")}),
            with_bucket(serverSideEncryptionConfiguration=UNKNOWN),
        ),
        absent=(BUCKET, of_bucket(types.BUCKET_SERVER_SIDE_ENCRYPTION_CONFIGURATION)),
        unknown=encryption(sse(bucket_key=UNKNOWN, sseAlgorithm=UNKNOWN)),
        other=VPC,
    ),
    "S3-08": Cases(
        passes=(
            (IMAGES, replication(rules=[ENABLED])),
            (IMAGES, replication(rules=ENABLED)),
            (resource(types.BUCKET, "images", replicationConfiguration={"rules": [ENABLED]}),),
            (IMAGES, COPIES, replication(rules=[{**ENABLED, "destination": {"bucket": "arn:aws:s3:::images-copy-0"}}])),
        ),
        fails=(
            (IMAGES,),
            (IMAGES, replication(rules=[{"status": "Disabled"}])),
            (IMAGES, COPIES, replication(rules=[ENABLED])),
            (resource(types.BUCKET, "it", bucket="study-DICOM"),),
            (resource(types.BUCKET, "it", tags={"data-classification": "images"}),),
        ),
        absent=(IMAGES, replication()),
        unknown=(IMAGES, replication(rules=[{"status": UNKNOWN}])),
        other=(BUCKET, resource(types.BUCKET, "images", stack="dev")),
    ),
    "S3-09": Cases(
        passes=(
            (AUDIT, lock(rule=GOVERNED)),
            (
                resource(
                    types.BUCKET,
                    "archive",
                    objectLockConfiguration={"objectLockEnabled": "Enabled", "rule": GOVERNED},
                ),
            ),
            (AUDIT, resource(types.BUCKET_LOGGING, refers={"targetBucket": AUDIT}, targetBucket=UNKNOWN)),
            (AUDIT, resource(types.DELIVERY_CHANNEL, refers={"s3BucketName": AUDIT}, s3BucketName=UNKNOWN)),
        ),
        fails=(
            (AUDIT,),
            (AUDIT, lock(rule={"defaultRetention": {"mode": "COMPLIANCE"}})),
            (resource(types.BUCKET, "audit"), lock(resource(types.BUCKET, "audit"), rule=GOVERNED)),
            (BUCKET, TRAIL),
            (BUCKET, TRAIL, lock(BUCKET, rule=GOVERNED)),
            (resource(types.BUCKET, "it", bucket="study-archive-0", objectLockEnabled=True),),
        ),
        absent=(AUDIT, lock()),
        unknown=(
            resource(types.BUCKET, "records", objectLockEnabled=UNKNOWN, tags={"data-classification": "audit"}),
            lock(rule={"defaultRetention": {"mode": UNKNOWN}}),
        ),
        other=(BUCKET, IMAGES),
    ),
    "S3-10": Cases(
        passes=(
            lifecycle(OLD, UPLOADS),
            lifecycle({**OLD, **UPLOADS}),
            lifecycle({**ENABLED, "noncurrentVersionTransitions": [{"noncurrentDays": 30}]}, UPLOADS),
            with_bucket(
                lifecycleRules=[
                    {"enabled": True, "noncurrentVersionExpiration": {"days": 90}},
                    {"enabled": True, "abortIncompleteMultipartUploadDays": 7.0},
                ]
            ),
            with_bucket(
                lifecycleRules={
                    "enabled": True,
                    "noncurrentVersionExpirations": [{"days": 90}],
                    "abortIncompleteMultipartUploadDays": 7,
                }
            ),
        ),
        fails=(
            (BUCKET,),
            lifecycle(OLD),
            lifecycle(UPLOADS),
            lifecycle({**OLD, "status": "Disabled"}, UPLOADS),
            lifecycle({**ENABLED, "expiration": {"days": 30}}),
            lifecycle({**ENABLED, "noncurrentVersionTransitions": []}, UPLOADS),
            with_bucket(lifecycleRules=[{"enabled": False, "abortIncompleteMultipartUploadDays": 7}]),
        ),
        absent=lifecycle(),
        unknown=lifecycle(OLD, UNKNOWN),
        other=VPC,
    ),
    "S3-11": Cases(
        passes=((BUCKET, of_bucket(types.BUCKET_NOTIFICATION, eventbridge=True)),),
        fails=((BUCKET,), (BUCKET, of_bucket(types.BUCKET_NOTIFICATION, eventbridge=False))),
        absent=(BUCKET, of_bucket(types.BUCKET_NOTIFICATION, queues=[])),
        unknown=(BUCKET, of_bucket(types.BUCKET_NOTIFICATION, eventbridge=UNKNOWN)),
        other=VPC,
    ),
}
