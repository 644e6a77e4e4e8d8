"""Cases of the rules for backups."""

import json
from dataclasses import replace
from typing import Any

from hipaa import types
from hipaa.checks.data.backups import DELETE_ACTIONS
from hipaa.model import UNKNOWN, Resource
from tests.policy.cases import Cases, resource

ARN = "arn:aws:rds:us-east-1:111122223333:cluster:store"
CLUSTER = resource(types.RDS_CLUSTER, "cluster", clusterIdentifier="store", tags={"backup": "daily", "a.b": "c"})
UPDATED = resource(types.RDS_CLUSTER, "cluster", arn=ARN, clusterIdentifier="store", tagsAll={"backup": "daily"})
VAULT = replace(resource(types.VAULT, "vault"), properties={"name": "vault"})
OTHER = (resource(types.ECS_CLUSTER), resource(types.BUCKET))


def selection(refers: dict[str, Resource] | None = None, **properties: Any) -> Resource:
    return resource(types.SELECTION, "selection", refers=refers, **properties)


def tag(key: str, value: Any) -> dict[str, Any]:
    return {"type": "STRINGEQUALS", "key": key, "value": value}


def condition(operator: str, value: Any) -> list[dict[str, Any]]:
    return [{operator: [{"key": "aws:ResourceTag/backup", "value": value}]}]


def plan(*rules: dict[str, Any]) -> Resource:
    return resource(types.PLAN, rules=list(rules))


def daily(**changes: Any) -> dict[str, Any]:
    return {"ruleName": "daily", "schedule": "cron(0 5 * * ? *)", "lifecycle": {"deleteAfter": 35}, **changes}


def lock(**properties: Any) -> Resource:
    return resource(types.VAULT_LOCK_CONFIGURATION, "lock", refers={"backupVaultName": VAULT}, **properties)


def policy(*statements: dict[str, Any]) -> Resource:
    text = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    return resource(types.VAULT_POLICY, "policy", backupVaultName="vault", policy=text)


def deny(actions: Any = DELETE_ACTIONS, **changes: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Principal": "*", "Action": actions, "Resource": "*", **changes}


CASES = {
    "RDS-04": Cases(
        passes=(
            (CLUSTER, selection(refers={"resources": CLUSTER}, resources=[UNKNOWN])),
            (UPDATED, selection(resources=[ARN])),
            (UPDATED, selection(selectionTags=[tag("backup", "daily")])),
            (CLUSTER, selection(selectionTags=[tag("backup", "weekly"), tag("backup", "daily")])),
            (CLUSTER, selection(selectionTags=tag("a.b", "c"))),
            (CLUSTER, selection(resources=["*"])),
            (CLUSTER, selection(resources=["arn:aws:rds:*:*:cluster:*"])),
            (CLUSTER, selection(resources=["arn:aws-us-gov:rds:us-gov-west-1:111122223333:cluster:store"])),
            (CLUSTER, selection(resources=["*"], conditions=condition("stringEquals", "daily"))),
            (CLUSTER, selection(resources=["*"], conditions=condition("stringNotLikes", "week*"))),
            (CLUSTER, selection()),
        ),
        fails=(
            (CLUSTER, selection(refers={"resources": VAULT}, resources=[UNKNOWN])),
            (CLUSTER, selection(resources=["arn:aws:rds:*:*:cluster:another"])),
            (CLUSTER, selection(resources=["arn:aws:dynamodb:*:*:table/*"])),
            (UPDATED, selection(resources=["arn:aws:rds:eu-west-1:111122223333:cluster:store"])),
            (CLUSTER, selection(selectionTags=[tag("backup", "weekly")])),
            (CLUSTER, selection(resources=["*"], notResources=["arn:aws:rds:*:*:cluster:*"])),
            (CLUSTER, selection(refers={"notResources": CLUSTER}, resources=["*"], notResources=[UNKNOWN])),
            (CLUSTER, selection(resources=["*"], conditions=condition("stringLikes", "week*"))),
            (CLUSTER, selection(resources=["*"], conditions=condition("stringNotEquals", "daily"))),
        ),
        absent=(CLUSTER,),
        unknown=(CLUSTER, selection(resources=[UNKNOWN])),
        other=(*OTHER, selection(resources=["*"])),
    ),
    "BAK-01": Cases(
        passes=(
            *(
                (plan(daily(schedule=each)),)
                for each in ("cron(0 5 ? * * *)", "cron(30 */12 * * ? *)", "cron(0 5 ? * SUN-SAT *)", "rate(1 day)")
            ),
            *((plan(daily(lifecycle={"deleteAfter": days})),) for days in (35, 400.0, "90")),
            (plan(daily(schedule="cron(0 5 1 * ? *)"), daily()),),
            (plan(daily(lifecycle={"coldStorageAfter": 30})),),
            (plan({"ruleName": "default"}),),
            (resource(types.PLAN, rules=daily()),),
        ),
        fails=(
            *(
                (plan(daily(schedule=each)),)
                for each in ("cron(0 5 ? * MON-FRI *)", "cron(0 5 1 * ? *)", "cron(0 5 ? * 1 *)", "rate(7 days)", "")
            ),
            *((plan(daily(lifecycle={"deleteAfter": days})),) for days in (34, 7.0, "30")),
            (plan(daily(schedule="cron(0 5 1 * ? *)"), daily(lifecycle={"deleteAfter": 7})),),
        ),
        absent=(resource(types.PLAN),),
        unknown=(plan(daily(lifecycle={"deleteAfter": UNKNOWN})),),
        other=OTHER,
    ),
    "BAK-02": Cases(
        passes=((resource(types.VAULT, kmsKeyArn="arn:aws:kms:us-east-1:111122223333:key/1234"),),),
        fails=(
            (resource(types.VAULT, kmsKeyArn=""),),
            (resource(types.VAULT, kmsKeyArn="arn:aws:kms:us-east-1:111122223333:alias/aws/backup"),),
        ),
        absent=(resource(types.VAULT),),
        unknown=(resource(types.VAULT, kmsKeyArn=UNKNOWN),),
        other=OTHER,
    ),
    "BAK-03": Cases(
        passes=(
            (VAULT, lock(minRetentionDays=35)),
            (VAULT, policy(deny())),
            (VAULT, policy(deny("backup:*", Principal={"AWS": "*"}))),
            (VAULT, policy(*(deny(action) for action in DELETE_ACTIONS))),
            (VAULT, policy(deny(Condition={"StringNotLike": {"aws:PrincipalArn": ["arn:aws:iam::*:role/glass"]}}))),
        ),
        fails=(
            (VAULT,),
            (VAULT, lock(maxRetentionDays=90)),
            (VAULT, resource(types.VAULT_LOCK_CONFIGURATION, backupVaultName="another", minRetentionDays=35)),
            (VAULT, policy(deny(DELETE_ACTIONS[0]))),
            (VAULT, policy(deny(Effect="Allow"))),
            (VAULT, policy(deny(Principal={"AWS": "arn:aws:iam::111122223333:role/intern"}))),
            (VAULT, policy(deny(Condition={"Bool": {"aws:MultiFactorAuthPresent": "false"}}))),
            (VAULT, resource(types.VAULT_POLICY, backupVaultName="vault", policy="{")),
        ),
        absent=(VAULT, lock()),
        unknown=(VAULT, resource(types.VAULT_POLICY, backupVaultName="vault", policy=UNKNOWN)),
        other=OTHER,
    ),
}
