"""Containers: isolation from the host, ECS Exec, roles, images, logs and secrets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from hipaa import types
from hipaa.model import ABSENT, UNKNOWN, Finding, Resource, Settings, Undecided, Violation, value_at
from hipaa.reading.documents import parse_json
from hipaa.reading.values import require_customer_key
from hipaa.rule import rule
from hipaa.selector import string_list_schema

CONTAINERS = "containerDefinitions"
EXEC_CONFIGURATION = "configuration.executeCommandConfiguration"


def field(container: Mapping[str, Any], name: str) -> Any:
    """A field of a container. The provider ignores case in this JSON, so `Privileged` counts too."""
    if name in container:
        return value_at(container, name)
    same = (key for key in container if isinstance(key, str) and key.lower() == name.lower())
    return value_at(container, next(same, name))


def check_containers(task: Resource, find_faults: Callable[[Mapping[str, Any]], Iterator[str]]) -> Iterator[Finding]:
    """Violations in each container of a task, from the messages of `find_faults`. Text that is not a list of containers
    is a violation.
    """
    if task.get(CONTAINERS) is UNKNOWN:
        yield Undecided(path=CONTAINERS)
        return
    try:
        found = parse_json(task.get(CONTAINERS))
    except ValueError:
        found = ABSENT
    if not isinstance(found, list) or not found or not all(isinstance(one, Mapping) for one in found):
        yield Violation(message="it is not a JSON list of containers", path=CONTAINERS)
        return
    for container in found:
        for message in find_faults(container):
            yield Violation(message=f"the container {field(container, 'name')} {message}", path=CONTAINERS)


@rule("ECS-01", types.TASK_DEFINITION)
def uses_awsvpc(task: Resource, _settings: Settings) -> Iterator[Finding]:
    """Each task has its own network interface; the default on Linux instances is the host's bridge."""
    yield from task.require("networkMode", lambda mode: mode == "awsvpc", "tasks share the network of their host")


@rule("ECS-02", types.TASK_DEFINITION)
def has_read_only_root(task: Resource, _settings: Settings) -> Iterator[Finding]:
    """No container can write to its root file system."""

    def find_faults(container: Mapping[str, Any]) -> Iterator[str]:
        if field(container, "readonlyRootFilesystem") is not True:
            yield "can write to its root file system"

    yield from check_containers(task, find_faults)


@rule("ECS-03", types.TASK_DEFINITION)
def is_not_privileged(task: Resource, _settings: Settings) -> Iterator[Finding]:
    """No container has root privileges on its host; by default none has."""

    def find_faults(container: Mapping[str, Any]) -> Iterator[str]:
        if field(container, "privileged") is True:
            yield "has root privileges on its host"

    yield from check_containers(task, find_faults)


@rule("ECS-04", types.SERVICE)
def has_no_public_ip(service: Resource, _settings: Settings) -> Iterator[Finding]:
    """Tasks have no public IP address; by default they have none."""
    path = "networkConfiguration.assignPublicIp"
    return service.forbid(path, value=True, message="tasks of this service get public IP addresses")


@rule("ECS-05", types.ECS_CLUSTER)
def has_container_insights(cluster: Resource, _settings: Settings) -> Iterator[Finding]:
    """Container Insights is on; if absent, the account's settings apply, and their default is off."""
    unknown = False
    for _, setting in cluster.elements("settings"):
        named, value = value_at(setting, "name"), value_at(setting, "value")
        if named == "containerInsights" and value in ("enabled", "enhanced"):
            return
        unknown = unknown or named is UNKNOWN or (named == "containerInsights" and value is UNKNOWN)
    if unknown:
        yield Undecided(path="settings")
    else:
        yield Violation(message="Container Insights is off", path="settings")


@rule("ECS-06", types.ECS_CLUSTER)
def logs_exec_sessions(cluster: Resource, _settings: Settings) -> Iterator[Finding]:
    """ECS Exec sessions are encrypted with a customer managed key and logged to a log group or a bucket."""
    yield from cluster.require(
        f"{EXEC_CONFIGURATION}.logging",
        lambda mode: mode == "OVERRIDE",
        "ECS Exec sessions are not logged to a configured destination",
    )
    yield from require_customer_key(
        cluster, f"{EXEC_CONFIGURATION}.kmsKeyId", "ECS Exec sessions are not encrypted with a customer managed key"
    )
    destinations = [
        cluster.get(f"{EXEC_CONFIGURATION}.logConfiguration.{name}")
        for name in ("cloudWatchLogGroupName", "s3BucketName")
    ]
    if all(destination is ABSENT or destination == "" for destination in destinations):
        message = "ECS Exec sessions are logged to neither a log group nor a bucket"
        yield Violation(message=message, path=f"{EXEC_CONFIGURATION}.logConfiguration")


@rule("ECS-07", types.TASK_DEFINITION)
def has_separate_roles(task: Resource, _settings: Settings) -> Iterator[Finding]:
    """The execution role and the task role differ. While ARNs are unknown, the roles in the dependencies are compared,
    if the engine reports them.
    """
    paths = ("executionRoleArn", "taskRoleArn")
    unset = [path for path in paths if task.get(path) in (ABSENT, "")]
    for path in unset:
        yield Violation(message="it is not set", path=path)
    if unset:
        return
    start, run = (task.get(path) for path in paths)
    known = start is not UNKNOWN and run is not UNKNOWN
    execution_roles, task_roles = (_linked_roles(task, path) for path in paths)
    if (known and _is_same_role(str(start), str(run))) or (
        start is run is UNKNOWN and execution_roles == task_roles and len(task_roles) == 1
    ):
        yield Violation(message="the task role and the execution role are the same", path="taskRoleArn")
    elif not known and not (execution_roles and task_roles and execution_roles.isdisjoint(task_roles)):
        yield Undecided(path="executionRoleArn" if start is UNKNOWN else "taskRoleArn")


def _linked_roles(task: Resource, path: str) -> set[str]:
    urns = task.dependencies.get(path, ())
    return {urn for urn in urns if urn.split("::")[2].rpartition("$")[2] == types.ROLE}


def _is_same_role(one: str, other: str) -> bool:
    """ECS accepts a role's ARN or its name."""
    if one.startswith("arn:") and other.startswith("arn:"):
        return one == other
    return one.rpartition("/")[2] == other.rpartition("/")[2]


@rule("ECS-08", types.SERVICE)
def uses_latest_platform(service: Resource, _settings: Settings) -> Iterator[Finding]:
    """Tasks run on the latest Fargate platform, which is the default."""
    found = service.get("platformVersion")
    if found is UNKNOWN:
        yield Undecided(path="platformVersion")
    elif found is not ABSENT and found not in ("", "LATEST"):
        yield Violation(message=f"tasks stay on the platform version {found}", path="platformVersion")


@rule("ECR-01", types.REPOSITORY)
def protects_images(repository: Resource, _settings: Settings) -> Iterator[Finding]:
    """Images are encrypted with a customer managed key, have immutable tags and are scanned; by default none of it."""
    message = "images are not encrypted with a customer managed key"
    encryptions = list(repository.elements("encryptionConfigurations"))
    if not encryptions:
        yield Violation(message=message, path="encryptionConfigurations")
    for path, encryption in encryptions:
        if encryption is UNKNOWN:
            yield Undecided(path=path)
        else:
            yield from repository.require(f"{path}.encryptionType", lambda kind: kind == "KMS", message)
            yield from require_customer_key(repository, f"{path}.kmsKey", message)
    yield from repository.require(
        "imageTagMutability", lambda value: value == "IMMUTABLE", "a tag can be moved to another image"
    )
    yield from repository.require_true("imageScanningConfiguration.scanOnPush", "images are not scanned on push")


@rule(
    "OWN-04",
    types.TASK_DEFINITION,
    schema={
        "containers": string_list_schema(["*"], "Name patterns of the containers whose log lines must not be lost.")
    },
)
def uses_blocking_logs(task: Resource, settings: Settings) -> Iterator[Finding]:
    """Containers wait for CloudWatch Logs and lose no log lines. Since June 2025 the default mode is non-blocking.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LogConfiguration.html
    """

    def find_faults(container: Mapping[str, Any]) -> Iterator[str]:
        log = field(container, "logConfiguration")
        if not isinstance(log, Mapping) or field(log, "logDriver") != "awslogs":
            return
        name = str(field(container, "name"))
        options = field(log, "options")
        if any(fnmatchcase(name, each) for each in settings["containers"]) and value_at(options, "mode") != "blocking":
            yield "drops log lines when CloudWatch Logs is slow"

    yield from check_containers(task, find_faults)


@rule(
    "OWN-05",
    types.TASK_DEFINITION,
    schema={
        "words": string_list_schema(
            ["PASSWORD", "SECRET", "TOKEN", "KEY"], "Words in a variable's name that mark a secret, in any case."
        ),
        "allowed": string_list_schema([], "Name patterns of variables that hold no secret despite such a word."),
    },
)
def has_no_plain_secrets(task: Resource, settings: Settings) -> Iterator[Finding]:
    """No environment variable in plain text is named like a secret."""

    def find_faults(container: Mapping[str, Any]) -> Iterator[str]:
        variables = field(container, "environment")
        for variable in variables if isinstance(variables, list) else ():
            name = str(field(variable, "name")) if isinstance(variable, Mapping) else ""
            secret = any(word.upper() in name.upper() for word in settings["words"])
            if secret and not any(fnmatchcase(name, each) for each in settings["allowed"]):
                yield f"has the variable {name} in plain text"

    yield from check_containers(task, find_faults)
