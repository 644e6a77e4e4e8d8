"""What each phase of a study allows, and how long logs are kept."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Lifecycle:
    """What may be deleted in a phase, in Pulumi and in AWS alike.

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
        """The lifecycle of `phase`; KeyError for a phase that does not exist."""
        return PHASES[phase]


PHASES: dict[str, Lifecycle] = {
    "active": Lifecycle(protected=True, emptied=False, writable=True, archiving=False),
    "closing": Lifecycle(protected=False, emptied=False, writable=False, archiving=True),
    "archived": Lifecycle(protected=False, emptied=True, writable=False, archiving=True),
}
"""The phases of a study, in order."""


@dataclass(frozen=True, kw_only=True)
class Retention:
    """Log retention in days: `audit` for records of who did what, `operational` for everything else."""

    audit: int
    operational: int
