"""The cloud as a folder: one JSON file per resource, so that it outlives a run and can be inspected."""

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

from awsmodel.properties import strings


@dataclass(frozen=True, kw_only=True)
class Resource:
    """A resource of the cloud. `key` differs between two generations of one URN while one replaces the other."""

    key: str
    urn: str
    type: str
    id: str
    inputs: dict[str, Any]
    outputs: dict[str, Any]
    known_to_engine: bool = True

    @cached_property
    def mentions(self) -> frozenset[str]:
        """Every string in the inputs: each may refer to another resource."""
        return frozenset(text for _, text in strings(self.inputs))

    @property
    def name(self) -> str:
        """Its name in Pulumi."""
        return self.urn.rpartition("::")[2]

    def identifiers(self) -> set[str]:
        """The texts by which other resources may refer to it: its id, its ARN, or its name."""
        own = {self.id, self.outputs.get("arn"), self.outputs.get("arnSuffix")}
        own |= {self.outputs.get(name) for name in ("name", "bucket", "clusterIdentifier", "keyId", "identifier")}
        return {name for name in own if isinstance(name, str) and name}


class Cloud:
    """Resources by key, in memory and written through to the folder. Thread-safe within one process."""

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
        """The resource that has this identifier."""
        return next((one for one in self if (token is None or one.type == token) and name in one.identifiers()), None)

    def get(self, urn: str, identity: str) -> Resource | None:
        """The generation of `urn` with this id."""
        return next((one for one in self if one.urn == urn and one.id == identity), None)

    def find_unclaimed(self, urn: str) -> Resource | None:
        """The resource of an interrupted create: it exists, but the engine does not know it."""
        return next((one for one in self if one.urn == urn and not one.known_to_engine), None)

    def put(self, resource: Resource) -> Resource:
        """Write `resource`. The file is replaced atomically: a killed process leaves the old one or the new one."""
        path = self.folder / f"{resource.key}.json"
        draft = path.with_suffix(".draft")
        draft.write_text(json.dumps(asdict(resource), indent=1, sort_keys=True))
        os.replace(draft, path)  # noqa: PTH105
        with self.lock:
            self._resources[resource.key] = resource
        return resource

    def remove(self, resource: Resource) -> None:
        """Remove `resource` from the cloud."""
        with self.lock:
            self._resources.pop(resource.key, None)
        (self.folder / f"{resource.key}.json").unlink(missing_ok=True)

    def reserve(self, name: str, until: str) -> None:
        """Reserve a secret's name for as long as the secret can be recovered."""
        with self.lock:
            self._reserved.write_text(json.dumps(self.reserved_names() | {name: until}))

    def reserved_names(self) -> dict[str, str]:
        """Reserved names, and until when."""
        return json.loads(self._reserved.read_text()) if self._reserved.exists() else {}


def key_of(urn: str, identity: str) -> str:
    """File name of a resource."""
    return sha256(f"{urn}|{identity}".encode()).hexdigest()[:24]
