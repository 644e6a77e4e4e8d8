"""Task definitions: the sizes that Fargate offers, and container definitions as ECS reads them."""

from __future__ import annotations

import json
from typing import Any

from awsmodel.properties import UNKNOWN
from rehearsal.cloud.validation import Failure, Failures

TASK = "aws:ecs/taskDefinition:TaskDefinition"
MAX_BYTES = 65536  # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html
MAX_STOP_SECONDS = 120
# A copy of its own: a check must not share its table with the code that it checks.
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html
MEMORY = {
    256: {512, 1024, 2048},
    512: set(range(1024, 4097, 1024)),
    1024: set(range(2048, 8193, 1024)),
    2048: set(range(4096, 16385, 1024)),
    4096: set(range(8192, 30721, 1024)),
    8192: set(range(16384, 61441, 4096)),
    16384: set(range(32768, 122881, 8192)),
}
# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
KEYS = set(
    """
    command cpu credentialSpecs dependsOn disableNetworking dnsSearchDomains dnsServers dockerLabels
    dockerSecurityOptions entryPoint environment environmentFiles essential extraHosts firelensConfiguration
    healthCheck hostname image interactive links linuxParameters logConfiguration memory memoryReservation
    mountPoints name portMappings privileged pseudoTerminal readonlyRootFilesystem repositoryCredentials
    resourceRequirements restartPolicy secrets startTimeout stopTimeout systemControls ulimits user
    versionConsistency volumesFrom workingDirectory
    """.split()  # noqa: SIM905  shorter than a list of forty strings
)
LOG_OPTIONS = {"awslogs-group", "awslogs-region", "awslogs-stream-prefix"}


def check_task_definition(token: str, inputs: dict[str, Any]) -> Failures:
    """A task definition that Fargate or ECS would not register."""
    if token != TASK:
        return
    if "FARGATE" in inputs.get("requiresCompatibilities", []):
        cpu, memory = str(inputs.get("cpu", "")), str(inputs.get("memory", ""))
        if not cpu.isdigit() or not memory.isdigit() or int(memory) not in MEMORY.get(int(cpu), set()):
            yield Failure("cpu", f"ClientException: Fargate does not offer {cpu or 'no'} CPU with {memory or 'no'} MiB")
        if inputs.get("networkMode") != "awsvpc":
            yield Failure("networkMode", "ClientException: Fargate tasks need awsvpc")
    text = inputs.get("containerDefinitions")
    if text is None or text is UNKNOWN:
        return
    if len(text.encode()) > MAX_BYTES:
        yield Failure("containerDefinitions", f"ClientException: {len(text.encode())} bytes, ECS allows {MAX_BYTES}")
    try:
        found = json.loads(text)
    except ValueError as error:
        yield Failure("containerDefinitions", f"ClientException: it is not JSON ({error})")
        return
    for position, container in enumerate(found):
        yield from _check_container(f"containerDefinitions[{position}]", container)


def _check_container(path: str, container: dict[str, Any]) -> Failures:
    for key in container.keys() - KEYS:
        yield Failure(f"{path}.{key}", "ClientException: there is no such key in a container definition")
    for key in ("name", "image"):
        if not container.get(key):
            yield Failure(f"{path}.{key}", "ClientException: it is required")
    for position, variable in enumerate(container.get("environment", [])):
        if not isinstance(variable.get("value"), str):
            yield Failure(f"{path}.environment[{position}].value", "ClientException: the value must be a string")
    if container.get("stopTimeout", 0) > MAX_STOP_SECONDS:
        yield Failure(f"{path}.stopTimeout", f"ClientException: Fargate allows at most {MAX_STOP_SECONDS} s")
    log = container.get("logConfiguration", {})
    missing = LOG_OPTIONS - log.get("options", {}).keys() if log.get("logDriver") == "awslogs" else set()
    for option in sorted(missing):
        yield Failure(f"{path}.logConfiguration.options.{option}", "ClientException: awslogs on Fargate requires it")
