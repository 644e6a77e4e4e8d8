"""Cases of the rules for access."""

import json
from typing import Any

from hipaa import types
from hipaa.model import UNKNOWN, Resource
from tests.policy.cases import Cases, resource

KEY = "arn:aws:kms:us-east-1:111122223333:key/0a1b2c3d"
KEYS = "arn:aws:kms:us-east-1:111122223333:key/*"
BUCKET = resource(types.BUCKET, "bucket")


def document(action: Any = "s3:GetObject", on: Any = "arn:aws:s3:::images/*", **more: Any) -> str:
    """A document with one Allow statement."""
    statement = {"Effect": "Allow", "Action": action, "Resource": on, **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [{k: v for k, v in statement.items() if v is not None}]})


def policy(action: Any = "s3:GetObject", on: Any = "arn:aws:s3:::images/*", **more: Any) -> Resource:
    return resource(types.POLICY, policy=document(action, on, **more))


def inline(text: str) -> Resource:
    return resource(types.ROLE, inlinePolicies=[{"name": "inline", "policy": text}])


def function(**properties: Any) -> Resource:
    return resource(types.FUNCTION, **properties)


def on_alias(operator: str) -> dict[str, Any]:
    return {operator: {"kms:ResourceAliases": "alias/images"}}


UNKNOWN_DOCUMENT = (resource(types.POLICY, policy=UNKNOWN),)
NO_DOCUMENT = (resource(types.POLICY),)

CASES = {
    "IAM-01": Cases(
        passes=(
            (resource(types.ROLE, name="role", assumeRolePolicy="{}"),),
            (resource(types.ROLE, inlinePolicies=[]),),
            (resource(types.ROLE, inlinePolicies=[{}]),),
            (policy(),),
        ),
        fails=(
            (resource(types.ROLE_POLICY, policy=document()),),
            (resource(types.USER_POLICY, policy=document()),),
            (resource(types.GROUP_POLICY, policy=document()),),
            (inline(document()),),
            (resource(types.ROLE, inlinePolicies={"name": "inline", "policy": UNKNOWN}),),
        ),
        absent=(resource(types.ROLE),),
        absent_fails=False,
        unknown=(resource(types.ROLE, inlinePolicies=UNKNOWN),),
        other=(policy(), BUCKET),
    ),
    "IAM-02": Cases(
        passes=(
            (policy(),),
            (policy("*", "arn:aws:s3:::images/*"),),
            (policy("*", "*", Effect="Deny"),),
            (resource(types.ROLE_POLICY_ATTACHMENT, policyArn="arn:aws:iam::aws:policy/ReadOnlyAccess"),),
            (resource(types.ROLE_POLICY_ATTACHMENT, policyArn=UNKNOWN),),
            (resource(types.ROLE, assumeRolePolicy=document("*", "*")),),
        ),
        fails=(
            (policy("*", "*"),),
            (policy(["s3:GetObject", "*:*"], ["arn:aws:s3:::images", "*"]),),
            (policy("*", None, NotResource="arn:aws:s3:::images"),),
            (policy("*", "*", Condition={"Bool": {"aws:MultiFactorAuthPresent": True}}),),
            (resource(types.POLICY, policy={"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}),),
            (resource(types.POLICY, policy="no JSON"),),
            (inline(document("*", "*")),),
            (resource(types.ROLE_POLICY, policy=document("*", "*")),),
            (resource(types.ROLE_POLICY_ATTACHMENT, policyArn="arn:aws:iam::aws:policy/AdministratorAccess"),),
            (resource(types.ROLE_POLICY_ATTACHMENT, policyArn="arn:aws-us-gov:iam::aws:policy/AdministratorAccess"),),
            (resource(types.GROUP_POLICY_ATTACHMENT, policyArn="arn:aws:iam::aws:policy/AdministratorAccess"),),
            (resource(types.ROLE, managedPolicyArns=[UNKNOWN, "arn:aws:iam::aws:policy/AdministratorAccess"]),),
        ),
        absent=NO_DOCUMENT,
        absent_fails=False,
        unknown=UNKNOWN_DOCUMENT,
        other=(BUCKET, resource(types.KEY, policy=document("*", "*"))),
    ),
    "IAM-03": Cases(
        passes=(
            (policy(["s3:GetObject", "s3:List*"]),),
            (policy("s3:*", Effect="Deny"),),
            (policy(None, "*", NotAction="iam:*", Effect="Deny"),),
        ),
        fails=(
            (policy("s3:*"),),
            (policy("S3:*"),),
            (policy(["s3:GetObject", "execute-api:*"]),),
            (policy("*"),),
            (policy(None, "*", NotAction=["iam:*"]),),
            (inline(document("s3:*")),),
        ),
        absent=NO_DOCUMENT,
        absent_fails=False,
        unknown=UNKNOWN_DOCUMENT,
        other=(BUCKET, resource(types.KEY, policy=document("kms:*", "*"))),
    ),
    "IAM-04": Cases(
        passes=(
            (policy("kms:Decrypt", KEY),),
            (policy("kms:Decrypt", KEYS, Condition=on_alias("ForAnyValue:StringEquals")),),
            (
                policy(
                    "kms:Decrypt",
                    KEYS,
                    Condition={
                        "StringEquals": {"kms:EncryptionContext:SecretARN": "arn:aws:secretsmanager:::secret:a"}
                    },
                ),
            ),
            (policy("kms:DescribeKey", "*"),),
            (policy("kms:Decrypt", "*", Effect="Deny"),),
            (policy(None, "*", NotAction="kms:*"),),
        ),
        fails=(
            (policy("kms:Decrypt", "*"),),
            (policy("kms:*", ["*"]),),
            (policy("kms:ReEncrypt*", "*"),),
            (policy("KMS:de*", "*"),),
            (policy("*", "*"),),
            (policy("kms:Decrypt", KEYS),),
            (policy("kms:Decrypt", "arn:aws:kms:*:*:*"),),
            (policy("kms:Decrypt", "*", Condition=on_alias("ForAnyValue:StringEquals")),),
            (policy("kms:Decrypt", KEYS, Condition=on_alias("ForAllValues:StringEquals")),),
            (policy("kms:Decrypt", KEYS, Condition=on_alias("StringNotEquals")),),
            (policy("kms:Decrypt", KEYS, Condition={"StringLike": {"kms:ResourceAliases": "*"}}),),
            (
                policy(
                    "kms:Decrypt", KEYS, Condition={"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}}
                ),
            ),
            (policy(None, "*", NotAction="iam:*"),),
        ),
        absent=NO_DOCUMENT,
        absent_fails=False,
        unknown=UNKNOWN_DOCUMENT,
        other=(BUCKET, resource(types.KEY, policy=document("kms:Decrypt", "*"))),
    ),
    "IAM-05": Cases(
        passes=((resource(types.ROLE),), (policy(),)),
        fails=(
            (resource(types.USER, name="somebody"),),
            (resource(types.ACCESS_KEY, user="somebody"),),
            (resource(types.GROUP, name="some"),),
            (resource(types.USER_LOGIN_PROFILE, user="somebody"),),
            (resource(types.GROUP_MEMBERSHIP, users=["somebody"], group="some"),),
            (resource(types.USER_GROUP_MEMBERSHIP, user="somebody", groups=["some"]),),
            (
                resource(
                    types.USER_POLICY_ATTACHMENT, user="somebody", policyArn="arn:aws:iam::aws:policy/ReadOnlyAccess"
                ),
            ),
        ),
        absent=(resource(types.USER),),
        unknown=(resource(types.USER, path=UNKNOWN),),
        other=(resource(types.ROLE),),
    ),
    "LAM-01": Cases(
        passes=((function(reservedConcurrentExecutions=1.0),), (function(reservedConcurrentExecutions="10"),)),
        fails=(
            (function(reservedConcurrentExecutions=-1),),
            (function(reservedConcurrentExecutions=0.0),),
            (function(reservedConcurrentExecutions="none"),),
        ),
        absent=(function(),),
        unknown=(function(reservedConcurrentExecutions=UNKNOWN),),
        other=(BUCKET,),
    ),
    "LAM-02": Cases(
        passes=(
            (function(deadLetterConfig={"targetArn": "arn:aws:sqs:us-east-1:111122223333:dead"}),),
            (function(deadLetterConfig=[{"targetArn": "arn:aws:sqs:us-east-1:111122223333:dead"}]),),
        ),
        fails=((function(deadLetterConfig={"targetArn": ""}),), (function(deadLetterConfig=[]),)),
        absent=(function(),),
        unknown=(function(deadLetterConfig={"targetArn": UNKNOWN}), function(deadLetterConfig=UNKNOWN)),
        other=(BUCKET,),
    ),
    "LAM-03": Cases(
        passes=(
            (function(vpcConfig={"subnetIds": ["subnet-1"], "securityGroupIds": ["sg-1"]}),),
            (function(vpcConfig=[{"subnetIds": [UNKNOWN], "securityGroupIds": UNKNOWN}]),),
        ),
        fails=(
            (function(vpcConfig={"subnetIds": ["subnet-1"], "securityGroupIds": []}),),
            (function(vpcConfig={"subnetIds": [], "securityGroupIds": ["sg-1"]}),),
            (function(vpcConfig={}),),
        ),
        absent=(function(),),
        unknown=(function(vpcConfig=UNKNOWN),),
        other=(BUCKET,),
    ),
    "LAM-04": Cases(
        passes=(
            (resource(types.PERMISSION, principal="s3.amazonaws.com"),),
            (resource(types.PERMISSION, principal="*", principalOrgId="o-1234567890"),),
            (resource(types.PERMISSION, principal="*", sourceAccount=111122223333),),
            (resource(types.PERMISSION, principal="*", sourceArn=UNKNOWN),),
            (resource(types.FUNCTION_URL, authorizationType="AWS_IAM"),),
        ),
        fails=(
            (resource(types.PERMISSION, principal="*"),),
            (resource(types.PERMISSION, principal="*", sourceArn="*"),),
            (resource(types.PERMISSION, principal="*", sourceAccount=""),),
            (resource(types.FUNCTION_URL, authorizationType="NONE"),),
        ),
        absent=(resource(types.PERMISSION),),
        unknown=(resource(types.PERMISSION, principal=UNKNOWN),),
        other=(function(),),
    ),
}
