"""Application Auto Scaling: the scaled service exists, and one scalable target is written once at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any

from rehearsal.cloud.errors import AwsError
from rehearsal.cloud.resources import Cloud

SCALING = "aws:appautoscaling/"
WRITE_SECONDS = 0.3
"""Duration of a write: long enough that writes which do not wait for one another overlap."""


def check_scaling_target(cloud: Cloud, token: str, inputs: dict[str, Any]) -> None:
    """The service `service/<cluster>/<service>` exists."""
    if not token.startswith(SCALING):
        return
    _, cluster, service = inputs["resourceId"].split("/")
    found = [one for one in cloud.of_type("aws:ecs/service:Service") if one.outputs.get("name") == service]
    if not any(one.inputs.get("cluster", "").endswith(f"/{cluster}") for one in found):
        raise AwsError("ValidationException", "resourceId", f"ECS service doesn't exist: {inputs['resourceId']}")


class ScalableTargets:
    """Targets that are being written. AWS refuses a second write at the same time, and the provider does not try again.

    https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PutScheduledAction.html
    https://github.com/hashicorp/terraform-provider-aws/issues/17915
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._written: set[tuple[Any, ...]] = set()

    @contextmanager
    def write(self, token: str, inputs: Mapping[str, Any], *, region: str) -> Generator[None]:
        """Reserve the target of a scaling resource for one write; other resources do not wait."""
        if not token.startswith(SCALING):
            yield
            return
        names = ("serviceNamespace", "resourceId", "scalableDimension")
        target = (inputs.get("region", region), *(inputs.get(name) for name in names))
        with self._lock:
            if target in self._written:
                message = f"You already have a pending update to an Auto Scaling resource ({inputs.get('resourceId')})"
                raise AwsError("ConcurrentUpdateException", "resourceId", message)
            self._written.add(target)
        try:
            time.sleep(WRITE_SECONDS)
            yield
        finally:
            with self._lock:
                self._written.discard(target)
