"""Derives the tables from the SDK's argument classes and from AWS's CloudFormation schemas.

It imports the whole SDK and takes seconds, so the result is kept in JSON files, which `tables` reads.
"""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
import typing
from collections.abc import Iterator
from importlib.metadata import version
from types import ModuleType
from typing import Any

from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER
from pulumi import _types

from awsmodel.paths import TABLES
from awsmodel.tables import data

SERVICES = {
    "aws": """
        accessanalyzer acm alb appautoscaling backup budgets cfg cloudtrail cloudwatch cognito ec2 ec2clientvpn
        ec2transitgateway ecr ecs efs guardduty iam kinesis kms lambda_ lb rds route53 s3 scheduler secretsmanager
        servicediscovery sfn sns sqs vpc wafv2
    """.split(),  # noqa: SIM905
    "awsx": ["ecr"],
    "docker-build": [""],
    "random": [""],
    "tls": [""],
}
CONSTRAINTS = ("pattern", "minLength", "maxLength", "minimum", "maximum", "enum")


def build() -> None:
    """Derive the tables of every package and write them."""
    TABLES.mkdir(parents=True, exist_ok=True)
    for package in SERVICES:
        derived = _package(package)
        if package == "aws":
            _add_schemas(derived["types"])
        (TABLES / f"{package}.json").write_text(json.dumps(derived, sort_keys=True))


def _package(package: str) -> dict[str, Any]:
    objects: dict[str, Any] = {}
    types: dict[str, Any] = {}
    for service in SERVICES[package]:
        for module in _modules(".".join(part for part in (f"pulumi_{package.replace('-', '_')}", service) if part)):
            for name, cls in vars(module).items():
                token = getattr(cls, "pulumi_type", None)
                arguments = getattr(module, f"{name}InitArgs", None) or getattr(module, f"{name}Args", None)
                if isinstance(token, str) and arguments is not None:
                    types[token] = _type(cls, arguments, objects)
    return {"version": version(f"pulumi-{package}"), "types": types, "objects": objects}


def _modules(package: str) -> Iterator[ModuleType]:
    """Every module of a package: each class has its own, which the package itself loads only when asked."""
    parent = importlib.import_module(package)
    for entry in pkgutil.iter_modules(parent.__path__):
        if not entry.ispkg and not entry.name.startswith("_"):
            yield importlib.import_module(f"{package}.{entry.name}")


def _type(cls: Any, arguments: Any, objects: dict[str, Any]) -> dict[str, Any]:
    outputs = {name: _reference(kind, objects) for name, kind in _types.resource_types(cls).items()}
    return {**_object(arguments, objects), "outputs": outputs, "constraints": {}, "replaces": []}


def _object(cls: Any, objects: dict[str, Any]) -> dict[str, Any]:
    names = _types.input_type_py_to_pulumi_names(cls)
    parameters = list(inspect.signature(cls.__init__).parameters.values())[1:]
    return {
        "inputs": {name: _reference(kind, objects) for name, kind in _types.input_type_types(cls).items()},
        "required": [names[one.name] for one in parameters if one.default is inspect.Parameter.empty],
    }


def _reference(kind: Any, objects: dict[str, Any]) -> Any:
    kind = _strip(kind)
    origin = typing.get_origin(kind)
    if inspect.isclass(origin) and issubclass(origin, typing.Mapping):
        return {"map": _reference(typing.get_args(kind)[1], objects)}
    if inspect.isclass(origin) and issubclass(origin, typing.Sequence):
        return {"list": _reference(typing.get_args(kind)[0], objects)}
    if inspect.isclass(kind) and _types.is_input_type(kind):
        key = f"{kind.__module__}.{kind.__qualname__}"
        if key not in objects:
            objects[key] = {}  # a type may contain itself
            objects[key] = _object(kind, objects)
        return {"object": key}
    return {str: "string", int: "integer", float: "number", bool: "boolean"}.get(kind, "any")


def _strip(kind: Any) -> Any:
    """The plain type inside Optional and Input."""
    kind = _types.unwrap_type(kind) if typing.get_origin(kind) is not typing.Union else kind
    if typing.get_origin(kind) is not typing.Union:
        return kind
    plain = [one for one in typing.get_args(kind) if _is_plain(one)]
    strings = [one for one in plain if one is str]
    return _strip(strings[0] if strings else plain[0]) if plain else Any


def _is_plain(kind: Any) -> bool:
    name = getattr(typing.get_origin(kind) or kind, "__name__", str(kind))
    return kind is not type(None) and name not in {"Awaitable", "Output"} and not isinstance(kind, typing.ForwardRef)


def _add_schemas(types: dict[str, Any]) -> None:
    for token, entry in data("cloudformation").items():
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", entry["type"]).schema
        ours = types[token]
        by_name = {name.lower(): name for name in schema["properties"]}
        renamed = entry.get("names", {})
        create_only = {path.removeprefix("/properties/") for path in schema.get("createOnlyProperties", [])}
        for name, kind in ours["inputs"].items():
            theirs = renamed.get(name) or by_name.get(name.lower())
            if theirs is None:
                continue
            if theirs in create_only:
                ours["replaces"].append(name)
            rules = {key: value for key, value in schema["properties"][theirs].items() if key in CONSTRAINTS}
            if rules and name not in entry.get("ignore", []) and kind in ("string", "integer", "number"):
                ours["constraints"][name] = rules
