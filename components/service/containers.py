"""What runs in a task, as data, and the container definition ECS is given for it.

Values may be unknown until an update (a secret's ARN, an image's digest): nothing here reads them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from layout.documents import Statement

MOUNT_OPTIONS = ("rw", "nosuid", "nodev", "mode=1777")
MAX_STOP_SECONDS = 120
"""https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html"""


@dataclass(frozen=True, kw_only=True)
class HealthCheck:
    """Command run inside the container; ECS replaces the task after `retries` failures in a row. Times in seconds."""

    command: tuple[str, ...]
    interval: int = 10
    timeout: int = 5
    retries: int = 3
    start_period: int = 60


@dataclass(frozen=True, kw_only=True)
class Workload:
    """One container and everything it needs from the tier that runs it.

    `ports`: container ports by purpose. `environment` is plain, `secrets` maps a variable to the ARN (or ARN with
    `:key::`) of its value. `writable`: path of a memory file system to its size in MiB; everything else is read-only.
    `executable`: the writable paths from which code may be loaded.
    `versions`: version of a secret's value by variable. Tasks read secrets at their start: a new version deploys new
    tasks. `log_mode`: `blocking` where no line may be lost, which makes the container wait for CloudWatch Logs.
    `statements`: IAM statements of the running code. `readable`: ARN patterns of the secrets it starts with.
    `repository_arn`: the repository of the image.
    """

    name: str
    image: Any
    repository_arn: str
    user: str
    ports: Mapping[str, int]
    environment: Mapping[str, Any]
    secrets: Mapping[str, Any]
    writable: Mapping[str, int]
    health: HealthCheck
    log_mode: Literal["blocking", "non-blocking"]
    log_type: str
    readable: tuple[str, ...]
    executable: tuple[str, ...] = ()
    versions: Mapping[str, Any] = field(default_factory=dict)
    statements: tuple[Statement, ...] = field(default=())


def _mount_options(*, executable: bool) -> list[str]:
    """Mount options of a memory file system. Docker adds noexec unless `exec` is among them.

    https://github.com/moby/moby/blob/master/daemon/oci_linux.go
    """
    return [*MOUNT_OPTIONS, "exec" if executable else "noexec"]


def _log_options(workload: Workload, *, group: str, region: str) -> dict[str, str]:
    options = {
        "awslogs-group": group,
        "awslogs-region": region,
        "awslogs-stream-prefix": workload.name,
        "mode": workload.log_mode,
    }
    if workload.log_mode == "non-blocking":
        options["max-buffer-size"] = "25m"
    return options


def definition(workload: Workload, *, log_group: str, region: str) -> dict[str, Any]:
    """Container definition of `workload`: not root, read-only root file system, no capability, secrets by reference."""
    health = workload.health
    return {
        "name": workload.name,
        "image": workload.image,
        "essential": True,
        "user": workload.user,
        "readonlyRootFilesystem": True,
        "privileged": False,
        "portMappings": [
            {"name": purpose, "containerPort": port, "protocol": "tcp"} for purpose, port in workload.ports.items()
        ],
        "environment": [{"name": key, "value": value} for key, value in sorted(workload.environment.items())],
        "secrets": [{"name": key, "valueFrom": arn} for key, arn in sorted(workload.secrets.items())],
        "dockerLabels": {f"version.{key}": version for key, version in sorted(workload.versions.items())},
        "linuxParameters": {
            "initProcessEnabled": True,
            "capabilities": {"drop": ["ALL"]},
            "tmpfs": [
                {
                    "containerPath": path,
                    "size": size,
                    "mountOptions": _mount_options(executable=path in workload.executable),
                }
                for path, size in sorted(workload.writable.items())
            ],
        },
        "healthCheck": {
            "command": list(health.command),
            "interval": health.interval,
            "timeout": health.timeout,
            "retries": health.retries,
            "startPeriod": health.start_period,
        },
        "stopTimeout": MAX_STOP_SECONDS,
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": _log_options(workload, group=log_group, region=region),
        },
    }
