"""Cases of the rules for keys, secrets, topics and streams."""

import json
from typing import Any

from hipaa import types
from hipaa.model import UNKNOWN, Resource
from tests.policy.cases import Cases, resource

BUCKET = resource(types.BUCKET, "bucket")
SECRET = resource(types.SECRET, "secret")
OWN = "arn:aws:kms:us-east-1:111122223333:key/0a1b2c3d"
OWN_ALIAS = "arn:aws:kms:us-east-1:111122223333:alias/aws-research"
ACCOUNT = {"AWS": "arn:aws:iam::111122223333:root"}


def document(principal: Any, **more: Any) -> str:
    statement = {"Effect": "Allow", "Action": "kms:*", "Resource": "*", "Principal": principal, **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def key(**properties: Any) -> Resource:
    return resource(types.KEY, "key", **properties)


def rotation(target: Any = UNKNOWN, **properties: Any) -> Resource:
    refers = {"secretId": SECRET} if target is UNKNOWN else {}
    return resource(types.SECRET_ROTATION, "rotation", refers=refers, secretId=target, **properties)


def firehose(**encryption: Any) -> Resource:
    return resource(types.FIREHOSE_DELIVERY_STREAM, serverSideEncryption=encryption)


CASES = {
    "KMS-01": Cases(
        passes=(
            (key(enableKeyRotation=True),),
            (key(enableKeyRotation=True, customerMasterKeySpec="SYMMETRIC_DEFAULT"),),
            (key(customerMasterKeySpec="RSA_2048", keyUsage="SIGN_VERIFY"),),
            (key(customerMasterKeySpec="HMAC_256", keyUsage="GENERATE_VERIFY_MAC"),),
            (key(customKeyStoreId="cks-1234567890abcdef0"),),
        ),
        fails=(
            (key(enableKeyRotation=False),),
            (key(enableKeyRotation=False, customerMasterKeySpec="SYMMETRIC_DEFAULT"),),
        ),
        absent=(key(),),
        unknown=(key(enableKeyRotation=UNKNOWN), key(customerMasterKeySpec=UNKNOWN)),
        other=(BUCKET,),
    ),
    "KMS-03": Cases(
        passes=(
            (key(policy=document(ACCOUNT)),),
            (key(policy=document("*", Condition={"StringEquals": {"kms:CallerAccount": "111122223333"}})),),
            (key(policy=document("*", Effect="Deny")),),
            (key(), resource(types.KEY_POLICY, refers={"keyId": key()}, keyId=UNKNOWN, policy=document(ACCOUNT))),
            (key(keyId="0a1b"), resource(types.KEY_POLICY, keyId="0a1b", policy=document(ACCOUNT))),
        ),
        fails=(
            (key(policy=document("*")),),
            (key(policy=document({"AWS": "*"})),),
            (key(policy=document({"AWS": ["*", "arn:aws:iam::111122223333:root"]})),),
            (key(policy=document("*", Condition={})),),
            (key(policy=""),),
            (key(policy="no JSON"),),
            (key(policy=document(ACCOUNT)), resource(types.KEY_POLICY, keyId=UNKNOWN, policy=document("*"))),
            (key(), resource(types.KEY_POLICY, keyId="another", policy=document(ACCOUNT))),
        ),
        absent=(key(),),
        unknown=(key(policy=UNKNOWN),),
        other=(BUCKET, resource(types.BUCKET_POLICY, policy=document("*"))),
    ),
    "SEC-01": Cases(
        passes=(
            (SECRET, rotation(rotationRules={"automaticallyAfterDays": 30.0})),
            (SECRET, rotation(rotationRules=[{"automaticallyAfterDays": "90"}])),
            (SECRET, rotation(rotationRules={"scheduleExpression": "rate(30 days)"})),
            (SECRET, rotation(rotationRules={"scheduleExpression": "cron(0 4 1 * ? *)"})),
            (
                resource(types.SECRET, arn="arn:aws:secretsmanager:us-east-1:111122223333:secret:it-Ab1Cd2"),
                rotation(
                    "arn:aws:secretsmanager:us-east-1:111122223333:secret:it-Ab1Cd2",
                    rotationRules={"automaticallyAfterDays": 7},
                ),
            ),
        ),
        fails=(
            (SECRET,),
            (SECRET, rotation("another", rotationRules={"automaticallyAfterDays": 30})),
            (SECRET, rotation(rotationRules={"automaticallyAfterDays": 91})),
            (SECRET, rotation(rotationRules={"automaticallyAfterDays": 0})),
            (SECRET, rotation(rotationRules={"scheduleExpression": "rate(365 days)"})),
        ),
        absent=(SECRET, rotation()),
        unknown=(SECRET, rotation(rotationRules={"automaticallyAfterDays": UNKNOWN})),
        other=(BUCKET,),
    ),
    "SEC-02": Cases(
        passes=(
            (resource(types.SECRET, kmsKeyId=OWN),),
            (resource(types.SECRET, kmsKeyId=OWN_ALIAS),),
            (resource(types.RDS_CLUSTER, manageMasterUserPassword=True, masterUserSecretKmsKeyId=OWN),),
            (resource(types.RDS_CLUSTER, masterUsername="admin"),),
            (resource(types.INSTANCE, manageMasterUserPassword=False),),
        ),
        fails=(
            (resource(types.SECRET, kmsKeyId=""),),
            (resource(types.SECRET, kmsKeyId="alias/aws/secretsmanager"),),
            (resource(types.SECRET, kmsKeyId="arn:aws:kms:us-east-1:111122223333:alias/aws/secretsmanager"),),
            (resource(types.RDS_CLUSTER, manageMasterUserPassword=True),),
            (resource(types.INSTANCE, manageMasterUserPassword=True),),
        ),
        absent=(SECRET,),
        unknown=(
            resource(types.SECRET, kmsKeyId=UNKNOWN),
            resource(types.RDS_CLUSTER, manageMasterUserPassword=UNKNOWN),
        ),
        other=(BUCKET,),
    ),
    "SNS-01": Cases(
        passes=(
            (resource(types.TOPIC, kmsMasterKeyId=OWN),),
            (resource(types.TOPIC, kmsMasterKeyId="alias/research/logs"),),
        ),
        fails=(
            (resource(types.TOPIC, kmsMasterKeyId="alias/aws/sns"),),
            (resource(types.TOPIC, kmsMasterKeyId="arn:aws:kms:us-east-1:111122223333:alias/aws/sns"),),
        ),
        absent=(resource(types.TOPIC),),
        unknown=(resource(types.TOPIC, kmsMasterKeyId=UNKNOWN),),
        other=(BUCKET,),
    ),
    "FH-01": Cases(
        passes=(
            (firehose(enabled=True, keyType="CUSTOMER_MANAGED_CMK", keyArn=OWN),),
            (firehose(enabled=True, keyType="CUSTOMER_MANAGED_CMK", keyArn=UNKNOWN),),
            (
                resource(
                    types.FIREHOSE_DELIVERY_STREAM,
                    serverSideEncryption=[{"enabled": True, "keyType": "CUSTOMER_MANAGED_CMK", "keyArn": OWN}],
                ),
            ),
            (resource(types.FIREHOSE_DELIVERY_STREAM, kinesisSourceConfiguration={"kinesisStreamArn": UNKNOWN}),),
            (resource(types.STREAM, encryptionType="KMS", kmsKeyId=OWN),),
        ),
        fails=(
            (firehose(enabled=False),),
            (firehose(enabled=True),),
            (firehose(enabled=True, keyType="AWS_OWNED_CMK"),),
            (firehose(enabled=True, keyType="CUSTOMER_MANAGED_CMK"),),
            (resource(types.STREAM),),
            (resource(types.STREAM, encryptionType="NONE"),),
            (resource(types.STREAM, encryptionType="KMS", kmsKeyId="alias/aws/kinesis"),),
        ),
        absent=(resource(types.FIREHOSE_DELIVERY_STREAM),),
        unknown=(firehose(enabled=UNKNOWN), resource(types.STREAM, encryptionType=UNKNOWN)),
        other=(BUCKET,),
    ),
}
