"""Verifies an archive: what S3 says about every object, and the bytes of a sample or of all of them.

docs/decisions/0010-an-archive-that-proves-itself.md explains why that is enough.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from botocore.exceptions import ClientError

from ops.study.archive import index
from ops.study.archive.listing import list_keys, merge_by_name
from ops.study.archive.objects import FOLDER, Row
from ops.study.archive.preconditions import read_lock_days
from ops.study.manifest import manifest
from ops.study.manifest.lines import Line
from ops.study.manifest.manifest import Manifest
from ops.study.manifest.signing import read_expected_key
from ops.study.restore.requests import RestoreRequests, retrieval_hours
from ops.study.store.archive_store import NOT_FOUND, ArchiveStore
from ops.study.store.checksums import sha256_hex
from ops.study.store.clients import Clients
from ops.study.store.errors import ArchiveError, StillRestoring, code, explain_failure
from ops.study.store.lock import Lock
from ops.study.store.options import Options
from ops.study.store.progress import NoProgress, Progress
from ops.study.store.target import Target
from ops.study.store.workers import Workers
from ops.study.verify import comparison, report
from ops.study.verify.comparison import CheckedName, Sample, Sources
from ops.study.verify.objects import ReadOptions, StorageRequirements, check_bytes, check_record
from ops.study.verify.report import Counts
from ops.study.verify.snapshot import snapshot_problems

PENDING = "verify/pending.json"
Rows = Iterator[Row]


class Verifier:
    """One verification of one manifest."""

    def __init__(
        self, target: Target, clients: Clients, options: Options, reading: ReadOptions, progress: Progress
    ) -> None:
        self.target, self.clients, self.options = target, clients, options
        self.reading, self.progress, self.counts = reading, progress, Counts()
        self.store = ArchiveStore.for_target(target, clients.s3)
        self.requests = RestoreRequests(clients.s3, target.archive_bucket, reading.tier, reading.days)

    def run(self, archived: Manifest, lock: Lock, who: str) -> dict[str, Any]:
        """Checks everything and stores the report, which it returns. StillRestoring until the sample is restored."""
        with explain_failure("looking for image bucket and index"):
            now = self.store.now()
            sources = Sources(images=self._images_exist(), index=self._index_exists())
            seed = self._read_seed(archived)
        if self.reading.source == "images" and not sources.images:
            raise ArchiveError(
                f"the image bucket {self.target.image_bucket} is gone: add `--from archive`, which reads the archive "
                "after a restore"
            )
        export = None
        if sources.index:
            self.progress.start("index")
            export = index.export_index(self.clients, self.target, self.store, f"index/verify-{now:%Y%m%dt%H%M%Sz}/")
        with (
            explain_failure("comparing"),
            Workers(self.options.workers, self.options.rate, self.options.pause) as workers,
        ):
            sample = Sample(self.reading.sample or 0, seed)
            self._check_objects(archived, sources, self._rows(archived, sources, export), workers, sample)
            self._check_files(archived, workers)
            self._check_totals(archived)
        self._check_snapshot(archived)
        lock.check()
        if self.counts.pending:
            with explain_failure("noting the restore requests"):
                self.store.put_json(PENDING, {"manifest": archived.sha256, "seed": seed})
            hours = retrieval_hours(_storage_class(archived), self.reading.tier)
            raise StillRestoring(
                f"S3 is restoring {self.counts.pending} objects from the archive, {self.counts.read} were read; "
                f"run the same command again in about {hours} h (and within {self.reading.days} days after that)"
            )
        return self._write_report(archived, now, who, sources)

    def _images_exist(self) -> bool:
        try:
            self.clients.s3.head_bucket(Bucket=self.target.image_bucket)
        except ClientError as error:
            if code(error) in NOT_FOUND | {"NoSuchBucket"}:
                return False
            raise
        return True

    def _index_exists(self) -> bool:
        return bool(self.target.index_function) and self.target.phase == "closing"

    def _read_seed(self, archived: Manifest) -> str:
        """The seed of the sample whose restore was requested, or a new one."""
        stored = self.store.get(PENDING)
        pending = stored.json() if stored else {}
        return pending["seed"] if pending.get("manifest") == archived.sha256 else secrets.token_hex(16)

    def _requirements(self, archived: Manifest) -> StorageRequirements:
        lock = timedelta(days=read_lock_days(self.target, self.clients))
        key_arn = archived.content["archive"]["key"]
        return StorageRequirements(storage_class=_storage_class(archived), key_arn=key_arn, lock=lock)

    def _check_objects(
        self, archived: Manifest, sources: Sources, rows: Rows, workers: Workers, sample: Sample
    ) -> None:
        """Checks every name of every source, in order, one batch at a time; then reads the sample."""
        self.progress.start("comparing", archived.content["objects"]["count"])
        required = self._requirements(archived)

        def check(row: Row) -> CheckedName:
            return self._check_row(row, sources, required)

        while batch := list(islice(rows, self.options.part_objects)):
            for checked in workers.map(check, batch):
                self._count(checked, sample)
        lines = list(sample.lines())
        self.progress.start("reading", len(lines))
        for checked, problems in zip(lines, workers.map(self._read, lines), strict=True):
            self.counts.findings.add(checked.name, problems)
            self.progress.advance(size=checked.line.bytes if checked.line else 0)

    def _rows(self, archived: Manifest, sources: Sources, export: index.IndexExport | None) -> Rows:
        s3, images, copies = self.clients.s3, self.target.images, self.store.key(FOLDER)
        stored = list_keys(s3, self.target.image_bucket, images) if sources.images else ()
        return merge_by_name(
            ((line.key.removeprefix(images), line) for line in archived.lines(self.store)),
            ((item.key.removeprefix(copies), item) for item in list_keys(s3, self.target.archive_bucket, copies)),
            ((item.key.removeprefix(images), item) for item in stored),
            index.entries(self.store, export) if export else (),
        )

    def _check_row(self, row: Row, sources: Sources, required: StorageRequirements) -> CheckedName:
        name, sides = row
        line, archived, stored, known = comparison.unpack_row(sides)
        if line is None:
            problems = comparison.unlisted_problems(stored, known)
            return CheckedName(name=name, problems=tuple(problems), extra=archived is not None and not problems)
        problems = comparison.image_problems(line, stored) if sources.images else []
        problems += comparison.index_problems(line, known) if sources.index else []
        if line.kind == "deleted":
            return CheckedName(name=name, problems=tuple(problems))
        problems += comparison.archive_problems(line, archived)
        record = check_record(self.clients.s3, self.target.archive_bucket, line, required)
        checked = CheckedName(name=name, problems=(*problems, *record.problems), line=line, record=record)
        if self.reading.sample is None:
            return replace(checked, problems=(*checked.problems, *self._read(checked)))
        return checked

    def _count(self, checked: CheckedName, sample: Sample) -> None:
        self.counts.findings.add(checked.name, checked.problems)
        self.counts.extras += checked.extra
        if checked.line is not None and checked.record is not None:
            self.counts.objects += 1
            self.counts.bytes += checked.line.bytes
            self.counts.until = comparison.earliest(self.counts.until, checked.record.until)
            sample.offer(checked)
            self.progress.advance(size=checked.line.bytes)

    def _read(self, checked: CheckedName) -> list[str]:
        """Reads the object's bytes if S3 can return them; the problems."""
        line, record = checked.line, checked.record
        if line is None or record is None or record.gone:
            return []
        s3, findings = self.clients.s3, self.counts.findings
        if self.reading.source == "archive":
            if not self.requests.is_restored(line, record):
                with findings.mutex:
                    self.counts.pending += 1
                return []
            problems = check_bytes(s3, self.target.archive_bucket, line.archive_key or "", line.version, line)
        else:
            problems = check_bytes(s3, self.target.image_bucket, line.key, line.source_version, line)
        with findings.mutex:
            self.counts.read += 1
        return problems

    def _check_files(self, archived: Manifest, workers: Workers) -> None:
        """Reads all files of index, database and logs: they are few, and S3 computed no checksum of them."""
        required = self._requirements(archived)
        s3, bucket = self.clients.s3, self.target.archive_bucket

        def check(line: Line) -> tuple[Line, list[str]]:
            record = check_record(s3, bucket, line, required, copied=False)
            if record.problems:
                return line, list(record.problems)
            return line, check_bytes(s3, bucket, line.archive_key or "", line.version, line)

        lines = manifest.read_lines(self.store, archived.content["files"])
        self.progress.start("files", sum(part["lines"] for part in archived.content["files"]))
        while batch := list(islice(lines, self.options.part_objects)):
            for line, problems in workers.map(check, batch):
                self.counts.findings.add(line.key, problems)
                self.counts.files += 1
                self.progress.advance(size=line.bytes)

    def _check_totals(self, archived: Manifest) -> None:
        studies = archived.content["studies"]
        if sha256_hex(self.store.require(studies["name"])) != studies["sha256"]:
            self.counts.findings.add(studies["name"], ["it was changed after the archive: restore its earlier version"])
        expected, counts = archived.content["objects"], self.counts
        if (counts.objects, counts.bytes) != (expected["count"], expected["bytes"]):
            why = f"{counts.objects} objects of {counts.bytes} bytes were found, and it lists {expected['count']}"
            self.counts.findings.add(manifest.NAME, [f"{why} of {expected['bytes']}: {comparison.ARCHIVE_AGAIN}"])

    def _check_snapshot(self, archived: Manifest) -> None:
        database = archived.content["database"]
        problems = snapshot_problems(self.clients.rds, database["snapshot"], database["key"])
        self.counts.findings.add(database["snapshot"], problems)

    def _write_report(self, archived: Manifest, now: datetime, who: str, sources: Sources) -> dict[str, Any]:
        content = report.report_content(self.counts, self.reading, archived, now) | {
            "by": who,
            "study": self.target.study,
            "environment": self.target.environment,
            "imageBucket": "compared" if sources.images else "gone",
            "index": "compared" if sources.index else "gone",
        }
        name = report.write(self.clients.kms, self.target.signing_key_arn or "", self.store, now, content)
        with explain_failure("clearing the restore requests"):
            self.store.put_json(PENDING, {})
        return content | {"report": f"s3://{self.store.bucket}/{self.store.key(name)}"}


def _storage_class(archived: Manifest) -> str:
    return archived.content["archive"]["storageClass"]


def verify(
    target: Target, clients: Clients, options: Options, reading: ReadOptions, progress: Progress | None = None
) -> dict[str, Any]:
    """Verifies the archive of `target`; the report. Changes nothing, but requests restores."""
    who = clients.check_account(target)
    target.require("signing_key_arn")
    store = ArchiveStore.for_target(target, clients.s3)
    with explain_failure("verifying"), Lock(store, who, "verify").hold(take_over=options.take_over) as lock:
        archived = manifest.read(store, read_expected_key(clients.kms, target.signing_key_arn))
        retrieval_hours(archived.content["archive"]["storageClass"], reading.tier)
        return Verifier(target, clients, options, reading, progress or NoProgress()).run(archived, lock, who)
