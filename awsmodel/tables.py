"""The types of each package, as derived from the SDK and the CloudFormation schemas, and the reviewed data files."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import yaml

from awsmodel.paths import HERE, TABLES


@cache
def data(name: str) -> dict[str, Any]:
    """A reviewed data file of this package: `types`, `forms` or `cloudformation`."""
    return yaml.safe_load((HERE / f"{name}.yaml").read_text(encoding="utf-8"))


@cache
def table(package: str) -> dict[str, Any]:
    """Types of a package: `{"types": {token: {inputs, required, outputs, constraints, replaces}}, "objects": …}`."""
    path = TABLES / f"{package}.json"
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing. Run `make setup`.")
    return json.loads(path.read_text())


def name_property(token: str) -> str | None:
    """The property that names a resource of this type to AWS."""
    return data("types")["names"].get(token)


def replaces(token: str, changed: list[str]) -> list[str]:
    """Those of the changed properties of an AWS type that force a replacement; none for an unknown type."""
    listed = set(data("types")["replaces"].get(token, []))
    if "*" in listed:
        return [name for name in changed if f"-{name}" not in listed]
    immutable = listed | set(table("aws")["types"].get(token, {}).get("replaces", []))
    return [name for name in changed if name in immutable]
