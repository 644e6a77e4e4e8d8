"""Reads the settings of a stack and reports everything that is wrong with them at once."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from difflib import get_close_matches
from inspect import signature
from pathlib import Path
from typing import Any, ClassVar, Literal

import pulumi
import yaml
from pulumi.runtime import config as pulumi_config
from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from layout.lifecycle import Lifecycle, Retention
from layout.naming import Names
from settings.models import (
    Access,
    Account,
    Archive,
    Audit,
    Backup,
    Budget,
    Center,
    ClientVpn,
    DatabaseSettings,
    Dns,
    Exposure,
    Identity,
    ImageSettings,
    Logging,
    Model,
    Network,
    Schedule,
    Storage,
    Study,
    TierSettings,
    Usage,
)
from settings.rules import RULES, Problem
from settings.values import AeTitle, RefusedError, Slug

PROJECT = Path(__file__).parent.parent
HIDDEN = "[secret]"


class SettingsError(pulumi.RunError):
    """Settings that break rules; the engine prints the message without a traceback."""


class Settings(Model):
    """Everything a stack may decide."""

    NAMESPACE: ClassVar[str] = "image-store"

    environment: Slug
    account: Account
    study: Study
    phase: Literal["active", "closing", "archived"] = "active"
    network: Network
    exposure: Exposure = Exposure()
    dns: Dns
    centers: tuple[Center, ...] = ()
    client_vpn: ClientVpn | None = None
    identity: Identity | None = None
    web: TierSettings
    app: TierSettings
    schedule: Schedule
    database: DatabaseSettings
    storage: Storage = Storage()
    logging: Logging = Logging()
    audit: Audit = Audit()
    backup: Backup = Backup()
    archive: Archive = Archive()
    budget: Budget
    waf: bool = True
    viewer: bool = False
    images: ImageSettings = ImageSettings()
    usage: Usage = Usage()
    aet: AeTitle = "MASTERBUILDER"

    @classmethod
    def load(cls) -> Settings:
        """The settings of the running stack. Raises SettingsError before any resource is declared."""
        return cls.parse(_configured(), stack=pulumi.get_stack(), secrets=_secret_keys())

    @classmethod
    def parse(cls, values: Mapping[str, Any], *, stack: str, secrets: Iterable[str] = ()) -> Settings:
        """Settings from plain values by group. Raises SettingsError that lists every problem found."""
        hidden = frozenset(secrets)
        groups, problems = _validate(values)
        for rule in RULES:
            needed = signature(rule).parameters
            if needed.keys() <= groups.keys():
                found = rule(**{name: groups[name] for name in needed})
                # A rule's words may carry the value of any group it reads.
                problems += (_masked(problem) if hidden & needed.keys() else problem for problem in found)
        if problems:
            raise SettingsError(_report(problems, stack, _default_groups() - _stack_groups(stack), hidden))
        return cls(**groups)

    @property
    def names(self) -> Names:
        """Names, ARNs and tags of the stack."""
        study = self.study
        return Names(
            study=study.id,
            environment=self.environment,
            account=self.account.id,
            region=self.account.region,
            data=study.data,
            cost_center=study.cost_center,
            contact=study.contact,
            expiry=study.end,
        )

    @property
    def lifecycle(self) -> Lifecycle:
        """What the present phase allows."""
        return Lifecycle.of(self.phase)

    @property
    def retention(self) -> Retention:
        """How long logs are kept."""
        return Retention(audit=self.logging.audit_retention_days, operational=self.logging.retention_days)

    @property
    def access(self) -> Access:
        """Who may open a connection to the store, and what people find there."""
        return Access.of(self.exposure, self.centers, sign_in=self.identity is not None, viewer=self.viewer)

    @property
    def dicom_centers(self) -> tuple[str, ...]:
        """Centers that send with C-STORE: those with an AE title, where a VPN leads to the DICOM listener."""
        return () if self.access.public else tuple(center.name for center in self.centers if center.ae_titles)

    @property
    def architectures(self) -> dict[str, str]:
        """CPU architecture of the tier that runs each container image."""
        return {"nginx": self.web.architecture, "orthanc": self.app.architecture}


def stack_name() -> str:
    """Name of the running stack, for whoever reads its outputs; nothing may depend on it."""
    return pulumi.get_stack()


def _configured() -> dict[str, Any]:
    prefix = f"{Settings.NAMESPACE}:"
    known = {**pulumi_config.get_config_env(), **pulumi_config.CONFIG.get()}
    return {key.removeprefix(prefix): _plain(value) for key, value in known.items() if key.startswith(prefix)}


def _plain(value: Any) -> Any:
    # The engine hands structured values over as JSON, and scalars as text.
    if not isinstance(value, str) or not value.startswith(("{", "[")):
        return value
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return value


def _secret_keys() -> list[str]:
    known = [*pulumi_config.get_config_secret_keys_env(), *pulumi_config._SECRET_KEYS.get()]
    return [key.partition(":")[2] for key in known]


def _validate(values: Mapping[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
    """Each group by itself, so that one broken group does not hide what is wrong with the others."""
    groups: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, value in values.items():
        if name not in Settings.model_fields:
            problems.append(_unknown(name, value, list(Settings.model_fields)))
    for name, field in Settings.model_fields.items():
        if name not in values:
            if field.is_required():
                problems.append(Problem(key=name, value="(absent)", rule="it is required", remedy="Add it"))
            else:
                groups[name] = field.default
            continue
        try:
            annotation = field.rebuild_annotation()
            groups[name] = TypeAdapter(annotation).validate_python(values[name])
        except ValidationError as error:
            problems += [_problem(name, details) for details in error.errors()]
    return groups, problems


def _unknown(key: str, value: Any, known: list[str]) -> Problem:
    close = get_close_matches(key.rpartition(".")[2], known, n=1)
    remedy = f"Did you mean {close[0]}?" if close else f"Remove it; known are {', '.join(sorted(known))}"
    return Problem(key=key, value=value, rule="there is no such key", remedy=remedy)


REMEDIES = {
    "missing": ("it is required", "Add it"),
    "literal_error": ("it is none of {expected}", "Choose one of them"),
    "date_from_datetime_parsing": ("it is not a date", 'Write it as "2027-01-31"'),
    "date_from_datetime_inexact": ("it is not a date", 'Write it as "2027-01-31"'),
    "date_type": ("it is not a date", 'Write it as "2027-01-31"'),
    "date_parsing": ("it is not a date", 'Write it as "2027-01-31"'),
    "int_parsing": ("it is not a whole number", "Write digits only"),
    "int_type": ("it is not a whole number", "Write digits only"),
    "int_from_float": ("it is not a whole number", "Round it"),
    "float_parsing": ("it is not a number", "Write it as 0.5, for example"),
    "float_type": ("it is not a number", "Write it as 0.5, for example"),
    "bool_parsing": ("it is neither true nor false", "Write true or false"),
    "bool_type": ("it is neither true nor false", "Write true or false"),
    "ip_v4_address": ("it is not an IPv4 address", "Write it as 198.51.100.10, for example"),
    "tuple_type": ("it is not a list", "Write its entries in brackets, or below it after dashes"),
    "dict_type": ("it is not a group of keys", "Write its keys below it, indented"),
    "model_type": ("it is not a group of keys", "Write its keys below it, indented"),
    "string_type": ("it is not text", "Quote it"),
}


def _problem(group: str, details: ErrorDetails) -> Problem:
    path = [str(part) for part in details["loc"]]
    key = ".".join([group, *path])
    context = details.get("ctx", {})
    refused = context.get("error")
    if isinstance(refused, RefusedError):
        return Problem(key=key, value=details["input"], rule=refused.rule, remedy=refused.remedy)
    if details["type"] == "extra_forbidden":
        return _unknown(key, details["input"], _siblings(Settings.model_fields[group].annotation, path))
    rule, remedy = REMEDIES.get(details["type"], (details["msg"], "Correct it"))
    value = "(absent)" if details["type"] == "missing" else details["input"]
    return Problem(key=key, value=value, rule=rule.format(**context), remedy=remedy)


def _siblings(annotation: Any, path: list[str]) -> list[str]:
    """Keys that are known where the last part of `path` stands."""
    schema = TypeAdapter(annotation).json_schema()
    definitions = schema.get("$defs", {})

    def resolve(node: dict[str, Any]) -> dict[str, Any]:
        for alternative in (*node.get("anyOf", ()), *node.get("allOf", ())):
            if alternative.get("type") != "null":
                return resolve(alternative)
        if "$ref" in node:
            return resolve(definitions[node["$ref"].rpartition("/")[2]])
        return node

    node = resolve(schema)
    for part in path[:-1]:
        node = resolve(node["items"] if part.isdigit() else node["properties"][part])
    return list(node.get("properties", {}))


def _stack_groups(stack: str) -> set[str]:
    return _groups(PROJECT / f"Pulumi.{stack}.yaml")


def _default_groups() -> set[str]:
    return _groups(PROJECT / "Pulumi.yaml")


def _groups(path: Path) -> set[str]:
    if not path.exists():
        return set()
    content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    return {key.rpartition(":")[2] for key in content.get("config") or ()}


def _masked(problem: Problem) -> Problem:
    return replace(
        problem, value=HIDDEN, rule="it breaks a rule that reads a secret setting", remedy="Decrypt it to check"
    )


def _report(problems: list[Problem], stack: str, defaults: set[str], secrets: frozenset[str]) -> str:
    """One line a problem: file, key, value, rule, remedy. A secret's value is not shown."""
    lines = []
    for problem in problems:
        group = problem.key.partition(".")[0]
        file = "Pulumi.yaml" if group in defaults else f"Pulumi.{stack}.yaml"
        value = HIDDEN if group in secrets else _shown(problem.value)
        remedy = problem.remedy if problem.remedy.endswith("?") else f"{problem.remedy}."
        lines.append(f"  {file}: {Settings.NAMESPACE}:{problem.key} = {value}: {problem.rule}. {remedy}")
    noun = "problem" if len(lines) == 1 else "problems"
    return "\n".join([f"The settings of stack {stack} have {len(lines)} {noun}; nothing was declared.", *lines])


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False).strip('"')
    text = " ".join(text.split())
    return text if len(text) <= 80 else f"{text[:77]}…"  # noqa: PLR2004
