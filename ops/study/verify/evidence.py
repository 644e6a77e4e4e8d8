"""What `close --archived` and `teardown` require of the archive: complete, of this store, verified after the freeze."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from ops.study.errors import Refused, StudyError
from ops.study.outputs import Exports, StudyOutputs
from ops.study.records import Record

MAX_AGE_DAYS = 30


class Verification(Protocol):
    """A verification that passed: number and bytes of objects, time, and store."""

    @property
    def study(self) -> str:
        """Id of the study."""
        ...

    @property
    def image_bucket(self) -> str:
        """Bucket that was archived."""
        ...

    @property
    def objects(self) -> int:
        """Number of archived images."""
        ...

    @property
    def bytes(self) -> int:
        """Their size."""
        ...

    @property
    def verified_at(self) -> datetime:
        """Time of the verification, in UTC."""
        ...


@dataclass(frozen=True, kw_only=True)
class PassedVerification:
    """A verification that passed."""

    study: str
    image_bucket: str
    objects: int
    bytes: int
    verified_at: datetime


class Archive(Protocol):
    """Source of the proof. Raises an error with the next step if there is none."""

    def verification(self, exports: Exports) -> Verification:
        """The newest verification that passed, of the store with these exports."""
        ...


class PublishedArchive:
    """The archive that `python -m ops archive` and `verify` have written."""

    def verification(self, exports: Exports) -> Verification:
        """The result of `check_archive(target, clients)`; StudyError if there are blockers or it cannot be checked."""
        try:
            check = importlib.import_module("ops.study.verify.verdict").check_archive
            target = importlib.import_module("ops.study.store.target").Target.from_exports(exports)
            clients = importlib.import_module("ops.study.store.clients").Clients.for_region(target.region)
        except (ImportError, AttributeError) as error:
            raise StudyError(
                f"this version of the project cannot verify an archive ({error}), so nothing is torn down. "
                "Use a version that has `python -m ops verify`"
            ) from error
        result = check(target, clients)
        if isinstance(result, list):
            raise Refused("the archive is not verified", result)
        return PassedVerification(
            study=target.study,  # check_archive has compared it with the manifest
            image_bucket=target.image_bucket,
            objects=result.objects,
            bytes=result.bytes,
            verified_at=result.time,
        )


def require_evidence(archive: Archive, exports: Exports, freeze: Record, *, now: datetime) -> Verification:
    """The verification, if it matches the freeze; Refused with all reasons if it does not."""
    outputs = StudyOutputs.from_exports(exports)
    verify = f"run `python -m ops verify --stack {outputs.stack}`"
    try:
        verification = archive.verification(exports)
    except StudyError:
        raise
    except RuntimeError as error:
        raise StudyError(f"the archive is not verified: {error}") from error
    problems = []
    if (verification.study, verification.image_bucket) != (outputs.study, outputs.image_bucket):
        problems.append(
            f"the manifest is of {verification.study} in {verification.image_bucket}, not of {outputs.study} in "
            f"{outputs.image_bucket}: archive this store with `python -m ops archive --stack {outputs.stack}`"
        )
    if (verification.objects, verification.bytes) != (freeze["objects"], freeze["bytes"]):
        problems.append(
            f"{verification.objects} objects ({verification.bytes} bytes) are archived, and {freeze['objects']} "
            f"({freeze['bytes']} bytes) were frozen: archive again with `python -m ops archive --stack {outputs.stack}`"
        )
    if verification.verified_at < datetime.fromisoformat(freeze["frozen_at"]):
        problems.append(f"the archive was verified before the freeze: {verify}")
    if verification.verified_at < now - timedelta(days=MAX_AGE_DAYS):
        problems.append(f"the archive was verified more than {MAX_AGE_DAYS} days ago: {verify}")
    if problems:
        raise Refused("the archive does not match what would be deleted", problems)
    return verification
