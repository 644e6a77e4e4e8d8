"""The archive as the end of a study needs it: proof that it is complete, of this store, and newer than the freeze."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from ops.study.errors import Refused, StudyError
from ops.study.facts import Facts

FRESH_DAYS = 30


class Verified(Protocol):
    """What a verification found: so many objects and bytes, when, and of which store."""

    @property
    def study(self) -> str:
        """Id of the study."""
        ...

    @property
    def image_bucket(self) -> str:
        """Where the images lay."""
        ...

    @property
    def objects(self) -> int:
        """Images archived."""
        ...

    @property
    def bytes(self) -> int:
        """Their size."""
        ...

    @property
    def verified_at(self) -> datetime:
        """When all of it was found to be right, in UTC."""
        ...


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A verification that passed."""

    study: str
    image_bucket: str
    objects: int
    bytes: int
    verified_at: datetime


class Archive(Protocol):
    """Where the proof comes from. Raises, with what to do, if there is none."""

    def verified(self, outputs: Mapping[str, Any]) -> Verified:
        """The newest verification that passed, of the store with these exports."""
        ...


class Published:
    """The archive that `python -m ops archive` and `verify` have written."""

    def verified(self, outputs: Mapping[str, Any]) -> Verified:
        """What `ops.study.archive.verified(target, clients)` says; StudyError if it says no, or cannot be asked."""
        try:
            check = importlib.import_module("ops.study.archive").verified
            target = importlib.import_module("ops.study.archive.target").Target.of(outputs)
            clients = importlib.import_module("ops.study.archive.clients").Clients.of(target.region)
        except (ImportError, AttributeError) as error:
            raise StudyError(
                f"this version of the project cannot verify an archive ({error}): nothing is torn down without that. "
                "Take a version that has `python -m ops verify`"
            ) from error
        found = check(target, clients)
        if isinstance(found, list):
            raise Refused("the archive is not verified", found)
        return Checked(
            study=target.study,  # it was checked against this very store
            image_bucket=target.image_bucket,
            objects=found.objects,
            bytes=found.bytes,
            verified_at=found.time,
        )


def evidence(archive: Archive, outputs: Mapping[str, Any], frozen: Mapping[str, Any], *, now: datetime) -> Verified:
    """The proof, once it fits the freeze; Refused with every reason why it does not."""
    facts = Facts.of(outputs)
    verify = f"run `python -m ops verify --stack {facts.stack}`"
    try:
        found = archive.verified(outputs)
    except StudyError:
        raise
    except RuntimeError as error:
        raise StudyError(f"the archive is not verified: {error}") from error
    problems = []
    if (found.study, found.image_bucket) != (facts.study, facts.image_bucket):
        problems.append(
            f"the manifest is of {found.study} in {found.image_bucket}, not of {facts.study} in {facts.image_bucket}: "
            f"archive this store with `python -m ops archive --stack {facts.stack}`"
        )
    if (found.objects, found.bytes) != (frozen["objects"], frozen["bytes"]):
        problems.append(
            f"{found.objects} objects ({found.bytes} bytes) are archived, and {frozen['objects']} "
            f"({frozen['bytes']} bytes) were frozen: archive again with `python -m ops archive --stack {facts.stack}`"
        )
    if found.verified_at < datetime.fromisoformat(frozen["frozen_at"]):
        problems.append(f"the archive was verified before the freeze: {verify}")
    if found.verified_at < now - timedelta(days=FRESH_DAYS):
        problems.append(f"the archive was verified more than {FRESH_DAYS} days ago: {verify}")
    if problems:
        raise Refused("the archive does not stand for what would be deleted", problems)
    return found
