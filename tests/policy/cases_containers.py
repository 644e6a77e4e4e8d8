"""Cases of the rules for containers."""

import json
from typing import Any

from hipaa import types
from hipaa.model import UNKNOWN, Resource
from tests.policy.cases import Cases, resource

START = resource(types.ROLE, "start")
RUN = resource(types.ROLE, "run")
ATTACHMENT = resource(types.ROLE_POLICY_ATTACHMENT, "attachment")
START_ARN, RUN_ARN = "arn:aws:iam::111122223333:role/start", "arn:aws:iam::111122223333:role/run"
KEY = "arn:aws:kms:us-east-1:111122223333:key/1234"
OTHER_LOG = {"logConfiguration": {"logDriver": "awsfirelens", "options": {"Name": "cloudwatch"}}}


def task(*containers: Any) -> Resource:
    return resource(
        types.TASK_DEFINITION, containerDefinitions=json.dumps([{"name": "app", **one} for one in containers])
    )


def log(**options: Any) -> dict[str, Any]:
    return {"logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "app", **options}}}


def variables(*names: str) -> dict[str, Any]:
    return {"environment": [{"name": name, "value": "1"} for name in names]}


def cluster(**changes: Any) -> Resource:
    command = {
        "logging": "OVERRIDE",
        "kmsKeyId": KEY,
        "logConfiguration": {"cloudWatchLogGroupName": "/app/exec"},
        **changes,
    }
    known = {key: value for key, value in command.items() if value is not None}
    return resource(types.ECS_CLUSTER, configuration={"executeCommandConfiguration": known})


def insights(value: Any) -> Resource:
    return resource(types.ECS_CLUSTER, settings=[{"name": "containerInsights", "value": value}])


def repository(**changes: Any) -> Resource:
    properties: dict[str, Any] = {
        "encryptionConfigurations": [{"encryptionType": "KMS", "kmsKey": KEY}],
        "imageTagMutability": "IMMUTABLE",
        "imageScanningConfiguration": {"scanOnPush": True},
        **changes,
    }
    return resource(types.REPOSITORY, **{key: value for key, value in properties.items() if value is not None})


def roles(refers: dict[str, Resource] | None = None, **arns: Any) -> Resource:
    return resource(types.TASK_DEFINITION, refers=refers, **arns)


def task_with_linked_roles(start: tuple[Resource, ...], run: tuple[Resource, ...]) -> Resource:
    """A task whose roles are known only by their dependencies."""
    links = {
        "executionRoleArn": tuple(one.urn for one in start),
        "taskRoleArn": tuple(one.urn for one in run),
    }
    kind, urn = types.TASK_DEFINITION, "urn:pulumi:prod::project::task::it"
    properties = {"executionRoleArn": UNKNOWN, "taskRoleArn": UNKNOWN}
    return Resource(urn=urn, type=kind, name="it", properties=properties, dependencies=links)


UNKNOWN_TASK = (resource(types.TASK_DEFINITION, containerDefinitions=UNKNOWN),)
NO_CONTAINERS = (resource(types.TASK_DEFINITION),)
NOT_JSON = (resource(types.TASK_DEFINITION, containerDefinitions="[{"),)
NO_LIST = (resource(types.TASK_DEFINITION, containerDefinitions='{"name": "app"}'),)
OTHER = (resource(types.BUCKET), resource(types.LOG_GROUP))

CASES = {
    "ECS-01": Cases(
        passes=((resource(types.TASK_DEFINITION, networkMode="awsvpc"),),),
        fails=tuple((resource(types.TASK_DEFINITION, networkMode=mode),) for mode in ("host", "bridge", "none")),
        absent=(resource(types.TASK_DEFINITION),),
        unknown=(resource(types.TASK_DEFINITION, networkMode=UNKNOWN),),
        other=OTHER,
    ),
    "ECS-02": Cases(
        passes=(
            (task({"readonlyRootFilesystem": True}),),
            (task({"readonlyRootFilesystem": True}, {"ReadonlyRootFilesystem": True}),),
        ),
        fails=(
            (task({"readonlyRootFilesystem": False}),),
            (task({"readonlyRootFilesystem": True}, {}),),
            NO_CONTAINERS,
            NOT_JSON,
            NO_LIST,
        ),
        absent=(task({}),),
        unknown=UNKNOWN_TASK,
        other=OTHER,
    ),
    "ECS-03": Cases(
        passes=((task({"privileged": False}),), (task({"privileged": None}),)),
        fails=((task({"privileged": True}),), (task({}, {"Privileged": True}),), NOT_JSON),
        absent=(task({}),),
        absent_fails=False,
        unknown=UNKNOWN_TASK,
        other=OTHER,
    ),
    "ECS-04": Cases(
        passes=(
            (resource(types.SERVICE, networkConfiguration={"assignPublicIp": False, "subnets": [UNKNOWN]}),),
            (resource(types.SERVICE, networkConfiguration={"subnets": ["subnet-1"]}),),
        ),
        fails=((resource(types.SERVICE, networkConfiguration={"assignPublicIp": True}),),),
        absent=(resource(types.SERVICE),),
        absent_fails=False,
        unknown=(resource(types.SERVICE, networkConfiguration={"assignPublicIp": UNKNOWN}),),
        other=OTHER,
    ),
    "ECS-05": Cases(
        passes=(
            (insights("enabled"),),
            (insights("enhanced"),),
            (resource(types.ECS_CLUSTER, settings={"name": "containerInsights", "value": "enabled"}),),
        ),
        fails=((insights("disabled"),), (resource(types.ECS_CLUSTER, settings=[]),)),
        absent=(resource(types.ECS_CLUSTER),),
        unknown=(insights(UNKNOWN),),
        other=(resource(types.RDS_CLUSTER),),
    ),
    "ECS-06": Cases(
        passes=((cluster(),), (cluster(kmsKeyId=UNKNOWN),), (cluster(logConfiguration={"s3BucketName": "exec"}),)),
        fails=(
            (cluster(logging="DEFAULT"),),
            (cluster(logging=None),),
            (cluster(kmsKeyId=None),),
            (cluster(kmsKeyId="alias/aws/ebs"),),
            (cluster(logConfiguration={"cloudWatchEncryptionEnabled": True}),),
            (cluster(logConfiguration=None),),
        ),
        absent=(resource(types.ECS_CLUSTER),),
        unknown=(resource(types.ECS_CLUSTER, configuration=UNKNOWN),),
        other=(resource(types.RDS_CLUSTER),),
    ),
    "ECS-07": Cases(
        passes=(
            (roles(executionRoleArn=START_ARN, taskRoleArn=RUN_ARN),),
            (roles(executionRoleArn="start", taskRoleArn=RUN_ARN),),
            (task_with_linked_roles((START, ATTACHMENT), (RUN, ATTACHMENT)),),
            (roles(executionRoleArn=START_ARN, taskRoleArn=UNKNOWN),),
        ),
        fails=(
            (roles(executionRoleArn=START_ARN, taskRoleArn=START_ARN),),
            (roles(executionRoleArn="start", taskRoleArn=START_ARN),),
            (task_with_linked_roles((START, ATTACHMENT), (START,)),),
            (roles(executionRoleArn=START_ARN),),
            (roles(executionRoleArn="", taskRoleArn=RUN_ARN),),
        ),
        absent=(roles(),),
        unknown=(roles(executionRoleArn=UNKNOWN, taskRoleArn=UNKNOWN),),
        other=OTHER,
    ),
    "ECS-08": Cases(
        passes=((resource(types.SERVICE, platformVersion="LATEST"),),),
        fails=(
            (resource(types.SERVICE, platformVersion="1.4.0"),),
            (resource(types.SERVICE, platformVersion="1.3.0"),),
        ),
        absent=(resource(types.SERVICE),),
        absent_fails=False,
        unknown=(resource(types.SERVICE, platformVersion=UNKNOWN),),
        other=OTHER,
    ),
    "ECR-01": Cases(
        passes=(
            (repository(),),
            (repository(encryptionConfigurations={"encryptionType": "KMS", "kmsKey": UNKNOWN}),),
        ),
        fails=(
            (repository(encryptionConfigurations=None),),
            (repository(encryptionConfigurations=[{"encryptionType": "AES256"}]),),
            (repository(encryptionConfigurations=[{"encryptionType": "KMS"}]),),
            (repository(encryptionConfigurations=[{"encryptionType": "KMS", "kmsKey": "alias/aws/ecr"}]),),
            (repository(imageTagMutability="MUTABLE"),),
            (repository(imageTagMutability=None),),
            (repository(imageScanningConfiguration={"scanOnPush": False}),),
            (repository(imageScanningConfiguration=None),),
        ),
        absent=(resource(types.REPOSITORY),),
        unknown=(repository(encryptionConfigurations=UNKNOWN, imageTagMutability=UNKNOWN),),
        other=OTHER,
    ),
    "OWN-04": Cases(
        passes=((task(log(mode="blocking")),), (task(OTHER_LOG),), (task({}),)),
        fails=((task(log(mode="non-blocking")),), (task(log(mode="blocking"), log()),), NOT_JSON),
        absent=(task(log()),),
        unknown=UNKNOWN_TASK,
        other=OTHER,
    ),
    "OWN-05": Cases(
        passes=(
            (task(variables("PATH", "DATABASE_HOST")),),
            (task({"secrets": [{"name": "DB_PASSWORD", "valueFrom": "arn:aws:secretsmanager:..."}]}),),
        ),
        fails=(
            (task(variables("DB_PASSWORD")),),
            (task({}, variables("PATH", "apiKey")),),
            (task(variables("GITHUB_TOKEN")),),
            (task({"Environment": [{"Name": "CLIENT_SECRET", "Value": "1"}]}),),
            NO_LIST,
        ),
        absent=(task({}),),
        absent_fails=False,
        unknown=UNKNOWN_TASK,
        other=OTHER,
    ),
}
