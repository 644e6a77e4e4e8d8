"""Cases of the rules for access to buckets, and for file systems."""

import json
from dataclasses import replace
from typing import Any

from hipaa import types
from hipaa.model import UNKNOWN, Resource
from tests.policy.cases import Cases, resource

BUCKET = resource(types.BUCKET, "data", bucket="data-0")
NAMELESS = resource(types.BUCKET, "data")
VPC = (resource(types.VPC, "vpc"),)


def of_bucket(kind: str, bucket: Resource = BUCKET, name: str = "it", **properties: Any) -> Resource:
    """A setting of the bucket, as in a first preview."""
    return resource(kind, name, refers={"bucket": bucket}, bucket=UNKNOWN, **properties)


def block(bucket: Resource = BUCKET, **changes: Any) -> Resource:
    names = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    on: dict[str, Any] = dict.fromkeys(names, True)
    return of_bucket(types.BUCKET_PUBLIC_ACCESS_BLOCK, bucket, **{**on, **changes})


def statement(**changes: Any) -> dict[str, Any]:
    refusal = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": ["arn:aws:s3:::data-0", "arn:aws:s3:::data-0/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return {key: value for key, value in {**refusal, **changes}.items() if value is not None}


def text(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def policy(*statements: dict[str, Any], bucket: Resource = BUCKET) -> Resource:
    return of_bucket(types.BUCKET_POLICY, bucket, policy=text(*statements))


def owner(**properties: Any) -> tuple[Resource, ...]:
    return (BUCKET, of_bucket(types.BUCKET_OWNERSHIP_CONTROLS, **properties))


def log(bucket: Resource = BUCKET, **properties: Any) -> Resource:
    return of_bucket(types.BUCKET_LOGGING, bucket, **properties)


def files(**properties: Any) -> Resource:
    return resource(types.FILE_SYSTEM, "files", **properties)


PUBLIC = statement(Effect="Allow", Action="s3:GetObject", Condition=None)
LOGS = resource(types.BUCKET, "logs", bucket="logs-0")
KNOWN = resource(types.BUCKET, "data", bucket="data-0", id="data-0", arn="arn:aws:s3:::data-0")
FILES = files(tags={"backup.plan": "daily"})
ARN = "arn:aws:elasticfilesystem:us-east-1:111122223333:file-system/fs-1"
DAILY = {"type": "STRINGEQUALS", "key": "backup.plan", "value": "daily"}

CASES = {
    "S3-01": Cases(
        passes=(
            (BUCKET, block()),
            (KNOWN, replace(block(), properties={**block().properties, "bucket": "data-0"}, dependencies={})),
            (BUCKET, block(blockPublicAcls=False), block()),
        ),
        fails=(
            (BUCKET,),
            (BUCKET, block(restrictPublicBuckets=False)),
            (BUCKET, block(LOGS)),
            (BUCKET, LOGS, block()),
        ),
        absent=(BUCKET, block(blockPublicPolicy=None)),
        unknown=(BUCKET, block(blockPublicPolicy=UNKNOWN)),
        other=VPC,
    ),
    "S3-02": Cases(
        passes=(
            (BUCKET, policy(statement())),
            (resource(types.BUCKET, acl="private"),),
            (resource(types.BUCKET_ACL, acl="private", bucket="data-0"),),
            (policy(statement(Effect="Allow", Principal={"Service": "cloudtrail.amazonaws.com"}, Condition=None)),),
            (resource(types.BUCKET, grants=[{"type": "CanonicalUser", "id": "1", "permissions": ["FULL_CONTROL"]}]),),
        ),
        fails=(
            (policy(statement(), PUBLIC),),
            (policy({**PUBLIC, "Principal": {"AWS": ["*"]}}),),
            (resource(types.BUCKET_POLICY, policy="{"),),
            (resource(types.BUCKET, policy=text(PUBLIC)),),
            (resource(types.BUCKET, acl="public-read"),),
            (resource(types.BUCKET, grants={"uri": "http://acs.amazonaws.com/groups/global/AllUsers"}),),
            (resource(types.BUCKET_ACL, acl="authenticated-read"),),
            (
                resource(
                    types.BUCKET_ACL,
                    accessControlPolicy={
                        "grants": [{"grantee": {"uri": "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"}}]
                    },
                ),
            ),
        ),
        absent=(NAMELESS, of_bucket(types.BUCKET_POLICY)),
        absent_fails=False,
        unknown=(resource(types.BUCKET, acl=UNKNOWN), of_bucket(types.BUCKET_POLICY, policy=UNKNOWN)),
        other=VPC,
    ),
    "S3-03": Cases(
        passes=(
            owner(rule={"objectOwnership": "BucketOwnerEnforced"}),
            owner(rule=[{"objectOwnership": "BucketOwnerEnforced"}]),
        ),
        fails=((BUCKET,), owner(rule={"objectOwnership": "BucketOwnerPreferred"})),
        absent=owner(),
        unknown=owner(rule={"objectOwnership": UNKNOWN}),
        other=VPC,
    ),
    "S3-06": Cases(
        passes=(
            (BUCKET, policy(PUBLIC, statement())),
            (BUCKET, policy(statement(Principal={"AWS": "*"}, Action=["s3:*"]))),
            (BUCKET, policy(statement(Condition={"Bool": {"aws:secureTransport": False}}))),
            (BUCKET, policy(statement(Resource="arn:aws-us-gov:s3:::data-0*"))),
            (NAMELESS, policy(statement(), bucket=NAMELESS)),
            (resource(types.BUCKET, bucket="data-0", policy=text(statement())),),
        ),
        fails=(
            (BUCKET,),
            (BUCKET, policy(statement(Action="s3:GetObject"))),
            (BUCKET, policy(statement(Resource="arn:aws:s3:::data-0/*"))),
            (BUCKET, policy(statement(Resource=["arn:aws:s3:::logs-0", "arn:aws:s3:::logs-0/*"]))),
            (BUCKET, policy(statement(Principal={"AWS": "arn:aws:iam::111122223333:root"}))),
            (BUCKET, policy(statement(Effect="Allow"))),
            (BUCKET, policy(statement(Condition={"Bool": {"aws:SecureTransport": "true"}}))),
            (
                BUCKET,
                policy(
                    statement(
                        Condition={
                            "Bool": {"aws:SecureTransport": "false"},
                            "StringEquals": {"aws:PrincipalAccount": "111122223333"},
                        }
                    )
                ),
            ),
            (NAMELESS, policy(statement(Resource="arn:aws:s3:::data-0/*"), bucket=NAMELESS)),
            (BUCKET, of_bucket(types.BUCKET_POLICY, policy="none")),
        ),
        absent=(BUCKET, of_bucket(types.BUCKET_POLICY)),
        unknown=(NAMELESS, of_bucket(types.BUCKET_POLICY, NAMELESS, policy=UNKNOWN)),
        other=VPC,
    ),
    "S3-07": Cases(
        passes=(
            (BUCKET, LOGS, resource(types.BUCKET_LOGGING, bucket="data-0", targetBucket="logs-0")),
            (BUCKET, log(targetBucket="elsewhere")),
            (resource(types.BUCKET, "data", logging={"targetBucket": "logs-0"}), LOGS),
            (resource(types.BUCKET, "data", loggings=[{"targetBucket": "logs-0"}]), LOGS),
        ),
        fails=(
            (BUCKET,),
            (BUCKET, log(targetBucket="")),
            (BUCKET, LOGS, log(targetBucket="elsewhere")),
            (resource(types.BUCKET, "data", logging=UNKNOWN),),
        ),
        absent=(BUCKET, log()),
        unknown=(BUCKET, log(targetBucket=UNKNOWN)),
        other=VPC,
    ),
    "EFS-01": Cases(
        passes=((files(encrypted=True),),),
        fails=((files(encrypted=False),),),
        absent=(files(kmsKeyId="arn:aws:kms:us-east-1:111122223333:key/1"),),
        unknown=(files(encrypted=UNKNOWN),),
        other=(BUCKET,),
    ),
    "EFS-02": Cases(
        passes=(
            (FILES, resource(types.SELECTION, refers={"resources": FILES}, resources=[UNKNOWN])),
            (files(arn=ARN), resource(types.SELECTION, resources=[ARN])),
            (FILES, resource(types.SELECTION, resources=["arn:aws:elasticfilesystem:*:*:file-system/*"])),
            (FILES, resource(types.SELECTION, selectionTags=[DAILY])),
            (
                FILES,
                resource(
                    types.SELECTION,
                    resources=["*"],
                    conditions={"stringEquals": [{"key": "aws:ResourceTag/backup.plan", "value": "daily"}]},
                ),
            ),
        ),
        fails=(
            (FILES,),
            (files(arn=ARN), resource(types.SELECTION, resources=[ARN + "2"])),
            (FILES, resource(types.SELECTION, selectionTags=[{**DAILY, "value": "weekly"}])),
            (FILES, resource(types.SELECTION, refers={"notResources": FILES}, resources=["*"], notResources=[UNKNOWN])),
            (files(), resource(types.SELECTION, selectionTags=DAILY)),
            (
                files(),
                resource(
                    types.SELECTION,
                    resources=["*"],
                    conditions=[{"stringEquals": [{"key": "aws:ResourceTag/backup.plan", "value": "daily"}]}],
                ),
            ),
        ),
        absent=(FILES, resource(types.SELECTION)),
        unknown=(FILES, resource(types.SELECTION, resources=[UNKNOWN])),
        other=(resource(types.SELECTION, resources=["*"]),),
    ),
}
