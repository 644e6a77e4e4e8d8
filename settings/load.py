"""Reads the settings of a stack and reports everything that is wrong with them at once."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from inspect import signature
from typing import Any, ClassVar, Literal

import pulumi
from pulumi.runtime import config as pulumi_config
from pydantic import TypeAdapter, ValidationError

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
from settings.report import NAMESPACE, format_problems, mask, unknown_key, validation_problem
from settings.rules import RULES, Problem
from settings.values import AeTitle, Slug, Switch

FOREIGN_NAMESPACES = frozenset({"pulumi", "aws", "awsx", "random", "tls", "docker-build"})


class SettingsError(pulumi.RunError):
    """Settings that break rules; the engine prints the message without a traceback."""


class Settings(Model):
    """Everything a stack may decide."""

    NAMESPACE: ClassVar[str] = NAMESPACE

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
    waf: Switch = True
    viewer: Switch = False
    images: ImageSettings = ImageSettings()
    usage: Usage = Usage()
    aet: AeTitle = "MASTERBUILDER"

    @classmethod
    def load(cls) -> Settings:
        """The settings of the running stack. Raises SettingsError before any resource is declared."""
        known = {**pulumi_config.get_config_env(), **pulumi_config.CONFIG.get()}
        return cls.parse(_own_values(known), stack=pulumi.get_stack(), secrets=_secret_keys(), keys=known)

    @classmethod
    def parse(
        cls, values: Mapping[str, Any], *, stack: str, secrets: Iterable[str] = (), keys: Iterable[str] = ()
    ) -> Settings:
        """Settings from plain values by group. Raises SettingsError that lists every problem found.

        `keys` are all keys of the stack's configuration: a group under a misspelt namespace is a problem, because it
        would have no effect.
        """
        hidden = frozenset(secrets)
        groups, problems = _validate(values)
        problems += _misplaced_groups(keys)
        for rule in RULES:
            needed = signature(rule).parameters
            if needed.keys() <= groups.keys():
                found = rule(**{name: groups[name] for name in needed})
                # The text of a rule may contain the value of any group it reads.
                problems += (mask(problem) if hidden & needed.keys() else problem for problem in found)
        if problems:
            raise SettingsError(format_problems(problems, stack, hidden))
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
    """Name of the running stack, for readers of its outputs; nothing may depend on it."""
    return pulumi.get_stack()


def _own_values(known: Mapping[str, Any]) -> dict[str, Any]:
    prefix = f"{NAMESPACE}:"
    return {key.removeprefix(prefix): _plain(value) for key, value in known.items() if key.startswith(prefix)}


def _misplaced_groups(keys: Iterable[str]) -> list[Problem]:
    """Groups of ours under another namespace. Namespaces of Pulumi and its providers have keys of their own."""
    found = []
    for key in keys:
        namespace, _, group = key.partition(":")
        if namespace != NAMESPACE and group in Settings.model_fields and namespace not in FOREIGN_NAMESPACES:
            found.append(
                Problem(
                    key=key,
                    value=f"namespace {namespace}",
                    rule=f"a setting of this program has the namespace {NAMESPACE}; under another it has no effect",
                    remedy=f"Write {NAMESPACE}:{group}",
                )
            )
    return found


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
            problems.append(unknown_key(name, value, list(Settings.model_fields)))
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
            problems += [validation_problem(name, field.annotation, details) for details in error.errors()]
    return groups, problems
