"""What every component shares: its type token, its scope, and options that keep children under it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import pulumi

from layout.naming import Names
from settings import Settings


@dataclass(frozen=True, kw_only=True)
class Lifecycle:
    """What may be deleted in the present phase, in Pulumi and in AWS alike.

    `protected`: stateful resources refuse deletion and replacement. `emptied`: buckets are deleted with their
    content, which only a verified archive justifies. `writable`: images are accepted. `archiving`: the roles, the
    function and the signing key of the archive exist.
    """

    protected: bool
    emptied: bool
    writable: bool
    archiving: bool

    @classmethod
    def of(cls, phase: str) -> Lifecycle:
        """The decisions that hold in `phase`; KeyError for one that does not exist."""
        return PHASES[phase]


PHASES: dict[str, Lifecycle] = {
    "active": Lifecycle(protected=True, emptied=False, writable=True, archiving=False),
    "closing": Lifecycle(protected=False, emptied=False, writable=False, archiving=True),
    "archived": Lifecycle(protected=False, emptied=True, writable=False, archiving=True),
}
"""The phases of a study in their order."""


@dataclass(frozen=True, kw_only=True)
class Retention:
    """How long logs are kept, in days: `audit` for what tells who did what, `operational` for everything else."""

    audit: int
    operational: int


@dataclass(frozen=True, kw_only=True)
class Scope:
    """What a component knows of its stack besides its own settings: names, lifecycle and how long logs are kept; never
    which stack it is.
    """

    names: Names
    lifecycle: Lifecycle
    retention: Retention

    @classmethod
    def of(cls, settings: Settings) -> Scope:
        """The scope that `settings` describe."""
        study = settings.study
        names = Names(
            study=study.id,
            environment=settings.environment,
            account=settings.account.id,
            region=settings.account.region,
            data=study.data,
            cost_center=study.cost_center,
            contact=study.contact,
            expiry=study.end,
        )
        retention = Retention(audit=settings.logging.audit_retention_days, operational=settings.logging.retention_days)
        return cls(names=names, lifecycle=Lifecycle.of(settings.phase), retention=retention)


class Component(pulumi.ComponentResource):
    """A component of the store.

    Each class states its type token in `TYPE`: the token is part of the URN of the component and of all its children,
    so a class or module can be renamed without replacing a resource.
    """

    TYPE: ClassVar[str]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "TYPE" not in vars(cls):
            raise TypeError(f"{cls.__qualname__} has no type token: set TYPE, such as 'imgstore:keys:Keys'.")

    def __init__(self, name: str, scope: Scope, opts: pulumi.ResourceOptions | None) -> None:
        super().__init__(self.TYPE, name, None, opts)
        self.component = name
        self.scope = scope
        self.names = scope.names
        self.lifecycle = scope.lifecycle

    def child(self, suffix: str) -> str:
        """Pulumi name of a child: `<component>-<suffix>`, keyed by meaning, never by position."""
        return f"{self.component}-{suffix}"

    def options(self, **options: Any) -> pulumi.ResourceOptions:
        """Options of a child: this component as its parent, and whatever is passed."""
        return pulumi.ResourceOptions(parent=self, **options)

    def stateful(self, **options: Any) -> pulumi.ResourceOptions:
        """Options of a child that holds data: protected until the phase says otherwise."""
        return self.options(protect=self.lifecycle.protected, **options)
