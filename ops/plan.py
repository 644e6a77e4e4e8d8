"""What a stack declares, without any cloud: the program run on mocks, every registration kept.

Cost, controls, reviews and tests all read a plan, so there is one way to know what a stack is made of.
"""

from __future__ import annotations

import asyncio
import contextvars
import json
import os
import runpy
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import pulumi
import yaml
from pulumi.runtime import mocks, settings, stack

from ops.recorder import Recorder, Registration

PROJECT = Path(__file__).parent.parent
PROGRAM = PROJECT / "__main__.py"


class PlanError(RuntimeError):
    """The stack could not be planned."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything one stack declares. `outputs`: what each component registered; `exports`: what the stack does."""

    stack: str
    resources: tuple[Registration, ...]
    outputs: Mapping[str, Mapping[str, Any]]
    exports: Mapping[str, Any]

    def of_type(self, kind: str | type[pulumi.Resource]) -> list[Registration]:
        """Resources of a type token or SDK class."""
        token = kind if isinstance(kind, str) else kind.pulumi_type  # ty: ignore[unresolved-attribute]
        return [resource for resource in self.resources if resource.type == token]

    def named(self, name: str) -> Registration:
        """The one resource called `name`."""
        found = [resource for resource in self.resources if resource.name == name]
        if len(found) != 1:
            raise PlanError(f"{len(found)} resources of stack {self.stack} are called {name}")
        return found[0]

    def children(self, urn: str) -> Iterator[Registration]:
        """Resources directly below `urn`."""
        return (resource for resource in self.resources if resource.parent == urn)

    def component(self, resource: Registration) -> str:
        """Name of the top-level component that `resource` belongs to."""
        by_urn = {known.urn: known for known in self.resources}
        while resource.parent in by_urn:
            resource = by_urn[resource.parent]
        return resource.name

    def to_json(self) -> dict[str, Any]:
        """The plan as plain data, in the engine's spelling."""
        return {
            "stack": self.stack,
            "resources": [
                {
                    "urn": resource.urn,
                    "type": resource.type,
                    "name": resource.name,
                    "parent": resource.parent,
                    "provider": resource.provider,
                    "protect": resource.protect,
                    "retainOnDelete": resource.retain_on_delete,
                    "inputs": resource.inputs,
                }
                for resource in self.resources
            ],
        }


def configuration(name: str) -> dict[str, Any]:
    """The stack's configuration as the CLI merges it: its own file over the defaults of `Pulumi.yaml`."""
    path = PROJECT / f"Pulumi.{name}.yaml"
    if not path.exists():
        known = sorted(file.name.split(".")[1] for file in PROJECT.glob("Pulumi.*.yaml"))
        raise PlanError(f"There is no stack {name}: {path.name} is missing. Known stacks: {', '.join(known)}.")
    project = yaml.safe_load((PROJECT / "Pulumi.yaml").read_text(encoding="utf-8"))
    merged = {
        key if ":" in key else f"{project['name']}:{key}": _default(value)
        for key, value in project.get("config", {}).items()
    }
    return merged | yaml.safe_load(path.read_text(encoding="utf-8")).get("config", {})


def _default(value: Any) -> Any:
    return value.get("value", value.get("default")) if isinstance(value, dict) else value


def plan(name: str, *, preview: bool = False, overrides: Mapping[str, Any] | None = None) -> Plan:
    """Plans stack `name`. `overrides` replace whole settings groups; `preview` leaves outputs unknown, as the engine
    does before the first update. Raises what the program raises.
    """
    values = configuration(name) | {f"image-store:{group}": value for group, value in (overrides or {}).items()}
    project = yaml.safe_load((PROJECT / "Pulumi.yaml").read_text(encoding="utf-8"))["name"]

    def program() -> None:
        runpy.run_path(str(PROGRAM), run_name="__main__")

    return record(program, values=values, project=project, name=name, preview=preview)


def record(
    program: Any, *, values: Mapping[str, Any], project: str = "image-store", name: str = "test", preview: bool = False
) -> Plan:
    """Runs `program` to its end under a recorder, in a context of its own, and returns what it registered."""
    recorder = Recorder(preview=preview)
    flat = {key: value if isinstance(value, str) else json.dumps(value, default=str) for key, value in values.items()}

    def run() -> None:
        settings.ROOT.set(None)
        asyncio.set_event_loop(asyncio.new_event_loop())
        mocks.configure(
            mocks.MockSettings(
                monitor=recorder,
                monitor_features=set(recorder.GetDeploymentInfo(None).supportedFeatures),
                engine=mocks.MockEngine(None),
                project=project,
                stack=name,
                dry_run=preview,
                organization=None,
            )
        )
        pulumi.runtime.set_all_config(flat)
        asyncio.get_event_loop().run_until_complete(stack.run_in_stack(program))

    hermetic = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "PULUMI_"))}
    hermetic["PULUMI_ERROR_OUTPUT_STRING"] = "true"
    sys.path.insert(0, str(PROJECT)) if str(PROJECT) not in sys.path else None
    with mock.patch.dict(os.environ, hermetic, clear=True), ThreadPoolExecutor(1) as thread:
        thread.submit(contextvars.Context().run, run).result()
    exports = next((out for urn, out in recorder.outputs.items() if "pulumi:pulumi:Stack" in urn.split("::")[2]), {})
    return Plan(
        stack=name, resources=tuple(recorder.registrations.values()), outputs=recorder.outputs, exports=exports
    )
