"""The cloud as a folder: one JSON file per resource, so that it outlives a run and can be looked at."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

from rehearsal.cloud.properties import strings


@dataclass(frozen=True, kw_only=True)
class Resource:
    """What exists in the cloud. `key` tells two generations of one URN apart while one replaces the other."""

    key: str
    urn: str
    type: str
    id: str
    inputs: dict[str, Any]
    outputs: dict[str, Any]
    known_to_engine: bool = True

    @cached_property
    def mentions(self) -> frozenset[str]:
        """Every text in the inputs: what may refer to another resource."""
        return frozenset(text for _, text in strings(self.inputs))

    @property
    def name(self) -> str:
        """Pulumi's name."""
        return self.urn.rpartition("::")[2]

    def answers_to(self) -> set[str]:
        """What other resources may call it: its id, its ARN, or what its type is known by."""
        own = {self.id, self.outputs.get("arn"), self.outputs.get("arnSuffix")}
        own |= {self.outputs.get(name) for name in ("name", "bucket", "clusterIdentifier", "keyId", "identifier")}
        return {name for name in own if isinstance(name, str) and name}


class Cloud:
    """Resources by key, held in memory and written through. Safe within one process, which is what the engine runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "resources"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.lock = threading.RLock()
        self._resources = {resource.key: resource for resource in self._read()}
        self._reserved = folder / "reserved.json"

    def _read(self) -> Iterator[Resource]:
        for path in sorted(self.folder.glob("*.json")):
            yield Resource(**json.loads(path.read_text()))

    def __iter__(self) -> Iterator[Resource]:
        with self.lock:
            return iter(list(self._resources.values()))

    def of_type(self, token: str) -> list[Resource]:
        """Resources of one type."""
        return [resource for resource in self if resource.type == token]

    def find(self, name: str, token: str | None = None) -> Resource | None:
        """The resource that answers to `name`."""
        return next((one for one in self if (token is None or one.type == token) and name in one.answers_to()), None)

    def get(self, urn: str, identity: str) -> Resource | None:
        """The generation of `urn` that has this id."""
        return next((one for one in self if one.urn == urn and one.id == identity), None)

    def unclaimed(self, urn: str) -> Resource | None:
        """What an interrupted create left behind: it exists, and the engine never learnt of it."""
        return next((one for one in self if one.urn == urn and not one.known_to_engine), None)

    def put(self, resource: Resource) -> Resource:
        """Writes `resource`; replacing a file is atomic, so a killed process leaves the old or the new one."""
        path = self.folder / f"{resource.key}.json"
        draft = path.with_suffix(".draft")
        draft.write_text(json.dumps(asdict(resource), indent=1, sort_keys=True))
        os.replace(draft, path)  # noqa: PTH105
        with self.lock:
            self._resources[resource.key] = resource
        return resource

    def remove(self, resource: Resource) -> None:
        """Takes `resource` out of the cloud."""
        with self.lock:
            self._resources.pop(resource.key, None)
        (self.folder / f"{resource.key}.json").unlink(missing_ok=True)

    def reserve(self, name: str, until: str) -> None:
        """Keeps a secret's name taken while it can still be recovered."""
        with self.lock:
            self._reserved.write_text(json.dumps(self.reserved() | {name: until}))

    def reserved(self) -> dict[str, str]:
        """Reserved names and why."""
        return json.loads(self._reserved.read_text()) if self._reserved.exists() else {}


def key_of(urn: str, identity: str) -> str:
    """File name of a resource."""
    return sha256(f"{urn}|{identity}".encode()).hexdigest()[:24]
