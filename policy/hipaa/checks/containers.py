"""Containers: what a task may do on its host, whom it answers to, and what it writes down."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from hipaa import types
from hipaa.documents import parsed
from hipaa.model import ABSENT, UNKNOWN, Finding, Resource, Settings, Undecided, Violation, look
from hipaa.rule import rule
from hipaa.values import customer_key

CONTAINERS = "containerDefinitions"
EXEC = "configuration.executeCommandConfiguration"


def field(container: Mapping[str, Any], name: str) -> Any:
    """A field of a container; the provider reads this JSON without regard to case, so `Privileged` counts as well."""
    if name in container:
        return look(container, name)
    same = (key for key in container if isinstance(key, str) and key.lower() == name.lower())
    return look(container, next(same, name))


def in_each(task: Resource, wrong: Callable[[Mapping[str, Any]], Iterator[str]]) -> Iterator[Finding]:
    """What is `wrong` with each container of a task; text that is no list of containers is wrong as a whole."""
    if task.get(CONTAINERS) is UNKNOWN:
        yield Undecided(path=CONTAINERS)
        return
    try:
        found = parsed(task.get(CONTAINERS))
    except ValueError:
        found = ABSENT
    if not isinstance(found, list) or not found or not all(isinstance(one, Mapping) for one in found):
        yield Violation(message="it is not a JSON list of containers", path=CONTAINERS)
        return
    for container in found:
        for message in wrong(container):
            yield Violation(message=f"the container {field(container, 'name')} {message}", path=CONTAINERS)


@rule("ECS-01", types.TASK_DEFINITION)
def own_network_interface(task: Resource, _settings: Settings) -> Iterator[Finding]:
    """Tasks have a network interface of their own; absent is the host's bridge on Linux instances."""
    yield from task.expect("networkMode", lambda mode: mode == "awsvpc", "tasks share the network of their host")


@rule("ECS-02", types.TASK_DEFINITION)
def read_only_root(task: Resource, _settings: Settings) -> Iterator[Finding]:
    """No container can write to its own root file system."""

    def wrong(container: Mapping[str, Any]) -> Iterator[str]:
        if field(container, "readonlyRootFilesystem") is not True:
            yield "can write to its root file system"

    yield from in_each(task, wrong)


@rule("ECS-03", types.TASK_DEFINITION)
def not_privileged(task: Resource, _settings: Settings) -> Iterator[Finding]:
    """No container has the rights of root on its host; absent is AWS's default, which is none."""

    def wrong(container: Mapping[str, Any]) -> Iterator[str]:
        if field(container, "privileged") is True:
            yield "has the rights of root on its host"

    yield from in_each(task, wrong)


@rule("ECS-04", types.SERVICE)
def no_public_address(service: Resource, _settings: Settings) -> Iterator[Finding]:
    """Tasks get no public address; absent is the provider's default, which is none."""
    path = "networkConfiguration.assignPublicIp"
    if service.get(path) is UNKNOWN:
        yield Undecided(path=path)
    elif service.get(path) is True:
        yield Violation(message="every task of this service gets a public address", path=path)


@rule("ECS-05", types.ECS_CLUSTER)
def container_insights(cluster: Resource, _settings: Settings) -> Iterator[Finding]:
    """Metrics of tasks and containers are collected; absent is what the account's settings say, which is off."""
    unknown = False
    for _, setting in cluster.each("settings"):
        named, value = look(setting, "name"), look(setting, "value")
        if named == "containerInsights" and value in ("enabled", "enhanced"):
            return
        unknown = unknown or named is UNKNOWN or (named == "containerInsights" and value is UNKNOWN)
    if unknown:
        yield Undecided(path="settings")
    else:
        yield Violation(message="Container Insights is off", path="settings")


@rule("ECS-06", types.ECS_CLUSTER)
def sessions_logged(cluster: Resource, _settings: Settings) -> Iterator[Finding]:
    """Sessions inside containers are encrypted with an own key and kept in a log group or a bucket."""
    yield from cluster.expect(
        f"{EXEC}.logging", lambda mode: mode == "OVERRIDE", "sessions in containers are not logged where one chose"
    )
    yield from customer_key(cluster, f"{EXEC}.kmsKeyId", "sessions in containers are not encrypted with an own key")
    places = [cluster.get(f"{EXEC}.logConfiguration.{name}") for name in ("cloudWatchLogGroupName", "s3BucketName")]
    if all(place is ABSENT or place == "" for place in places):
        message = "neither a log group nor a bucket keeps sessions in containers"
        yield Violation(message=message, path=f"{EXEC}.logConfiguration")


@rule("ECS-07", types.TASK_DEFINITION)
def two_roles(task: Resource, _settings: Settings) -> Iterator[Finding]:
    """What starts a task and what runs in it have different roles. While ARNs are unknown the roles they come from
    tell, where the engine names them.
    """
    paths = ("executionRoleArn", "taskRoleArn")
    unset = [path for path in paths if task.get(path) in (ABSENT, "")]
    for path in unset:
        yield Violation(message="it is not set", path=path)
    if unset:
        return
    start, run = (task.get(path) for path in paths)
    known = start is not UNKNOWN and run is not UNKNOWN
    starting, running = (_roles(task, path) for path in paths)
    if (known and _same_role(str(start), str(run))) or (
        start is run is UNKNOWN and starting == running and len(running) == 1
    ):
        yield Violation(message="what runs in the task has the rights that start it", path="taskRoleArn")
    elif not known and not (starting and running and starting.isdisjoint(running)):
        yield Undecided(path="executionRoleArn" if start is UNKNOWN else "taskRoleArn")


def _roles(task: Resource, path: str) -> set[str]:
    urns = task.dependencies.get(path, ())
    return {urn for urn in urns if urn.split("::")[2].rpartition("$")[2] == types.ROLE}


def _same_role(one: str, other: str) -> bool:
    """ECS takes a role's ARN or its bare name."""
    if one.startswith("arn:") and other.startswith("arn:"):
        return one == other
    return one.rpartition("/")[2] == other.rpartition("/")[2]


@rule("ECS-08", types.SERVICE)
def latest_platform(service: Resource, _settings: Settings) -> Iterator[Finding]:
    """Tasks run on Fargate's latest platform; absent is AWS's default, which is the latest."""
    found = service.get("platformVersion")
    if found is UNKNOWN:
        yield Undecided(path="platformVersion")
    elif found is not ABSENT and found not in ("", "LATEST"):
        yield Violation(message=f"tasks stay on the platform version {found}", path="platformVersion")


@rule("ECR-01", types.REPOSITORY)
def guarded_images(repository: Resource, _settings: Settings) -> Iterator[Finding]:
    """Images are encrypted with an own key, keep their tags and are scanned; AWS's defaults are none of it."""
    message = "images are not encrypted with an own key"
    encryptions = list(repository.each("encryptionConfigurations"))
    if not encryptions:
        yield Violation(message=message, path="encryptionConfigurations")
    for path, encryption in encryptions:
        if encryption is UNKNOWN:
            yield Undecided(path=path)
        else:
            yield from repository.expect(f"{path}.encryptionType", lambda kind: kind == "KMS", message)
            yield from customer_key(repository, f"{path}.kmsKey", message)
    yield from repository.expect(
        "imageTagMutability", lambda value: value == "IMMUTABLE", "a tag can be moved to another image"
    )
    yield from repository.is_true("imageScanningConfiguration.scanOnPush", "images are not scanned when they arrive")


@rule(
    "OWN-04",
    types.TASK_DEFINITION,
    schema={
        "containers": {
            "type": "array",
            "items": {"type": "string"},
            "default": ["*"],
            "description": "Names, as patterns, of the containers whose lines must not be lost.",
        }
    },
)
def no_lost_lines(task: Resource, settings: Settings) -> Iterator[Finding]:
    """Containers wait for CloudWatch Logs rather than lose a line; since June 2025 absent is the opposite.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LogConfiguration.html
    """

    def wrong(container: Mapping[str, Any]) -> Iterator[str]:
        log = field(container, "logConfiguration")
        if not isinstance(log, Mapping) or field(log, "logDriver") != "awslogs":
            return
        name = str(field(container, "name"))
        options = field(log, "options")
        if any(fnmatchcase(name, each) for each in settings["containers"]) and look(options, "mode") != "blocking":
            yield "drops lines when CloudWatch Logs is slow"

    yield from in_each(task, wrong)


@rule(
    "OWN-05",
    types.TASK_DEFINITION,
    schema={
        "words": {
            "type": "array",
            "items": {"type": "string"},
            "default": ["PASSWORD", "SECRET", "TOKEN", "KEY"],
            "description": "Words that make a variable's name that of a secret, in any case.",
        },
        "allowed": {
            "type": "array",
            "items": {"type": "string"},
            "default": [],
            "description": "Names, as patterns, of variables that hold no secret in spite of such a word.",
        },
    },
)
def no_plain_secrets(task: Resource, settings: Settings) -> Iterator[Finding]:
    """No variable in plain text is named like a secret."""

    def wrong(container: Mapping[str, Any]) -> Iterator[str]:
        variables = field(container, "environment")
        for variable in variables if isinstance(variables, list) else ():
            name = str(field(variable, "name")) if isinstance(variable, Mapping) else ""
            secret = any(word.upper() in name.upper() for word in settings["words"])
            if secret and not any(fnmatchcase(name, each) for each in settings["allowed"]):
                yield f"has the variable {name} in plain text"

    yield from in_each(task, wrong)
