"""Verifies an archive: every object by what S3 has on record of it, and a sample, or all, by reading its bytes.

Why that is enough is written down in docs/decisions/0010-an-archive-that-proves-itself.md.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from botocore.exceptions import ClientError

from ops.study.archive import comparison, engine, index, manifest, report
from ops.study.archive.clients import Clients, Options
from ops.study.archive.comparison import Checked, Sample, Witnesses
from ops.study.archive.errors import ArchiveError, StillRestoring, code, explained
from ops.study.archive.listing import joined, listed
from ops.study.archive.lock import Lock
from ops.study.archive.manifest import Manifest
from ops.study.archive.objects import FOLDER
from ops.study.archive.pace import Progress, Silent, Workers
from ops.study.archive.place import ABSENT, Place
from ops.study.archive.reading import Reading, Waking, Wanted, hours, on_record, read_back
from ops.study.archive.records import Line
from ops.study.archive.report import State
from ops.study.archive.target import Target

PENDING = "verify/pending.json"
Row = tuple[str, list[list[Any]]]
Rows = Iterator[Row]


class Verifier:
    """One verification of one manifest."""

    def __init__(
        self, target: Target, clients: Clients, options: Options, reading: Reading, progress: Progress
    ) -> None:
        self.target, self.clients, self.options = target, clients, options
        self.reading, self.progress, self.state = reading, progress, State()
        self.place = Place.of(target, clients.s3)
        self.waking = Waking(clients.s3, target.archive_bucket, reading.tier, reading.days)

    def run(self, found: Manifest, lock: Lock, who: str) -> dict[str, Any]:
        """Checks everything, and stores the report; what it says. StillRestoring while the sample is asleep."""
        with explained("looking at what can be asked"):
            now = self.place.now()
            witnesses = Witnesses(images=self._images_exist(), index=self._index_exists())
            seed = self._seed(found)
        if self.reading.source == "images" and not witnesses.images:
            raise ArchiveError(
                f"the image bucket {self.target.image_bucket} is gone: add `--from archive`, which reads the archive "
                "after a restore"
            )
        exported = None
        if witnesses.index:
            self.progress.start("index")
            exported = index.export(self.clients, self.target, self.place, f"index/verify-{now:%Y%m%dt%H%M%Sz}/")
        with explained("comparing"), Workers(self.options.workers, self.options.rate, self.options.pause) as workers:
            sample = Sample(self.reading.sample or 0, seed)
            self._objects(found, witnesses, self._rows(found, witnesses, exported), workers, sample)
            self._files(found, workers)
            self._documents(found)
        self._database(found)
        lock.check()
        if self.state.pending:
            with explained("noting what is asked for"):
                self.place.put_json(PENDING, {"manifest": found.sha256, "seed": seed})
            raise StillRestoring(
                f"{self.state.pending} objects are on their way back from the archive, {self.state.read} were read; "
                f"run the same command again in about {hours(self._class(found), self.reading.tier)} h "
                f"(and within {self.reading.days} days after that)"
            )
        return self._reported(found, now, who, witnesses)

    def _images_exist(self) -> bool:
        try:
            self.clients.s3.head_bucket(Bucket=self.target.image_bucket)
        except ClientError as error:
            if code(error) in ABSENT | {"NoSuchBucket"}:
                return False
            raise
        return True

    def _index_exists(self) -> bool:
        return bool(self.target.index_function) and self.target.phase == "closing"

    def _seed(self, found: Manifest) -> str:
        stored = self.place.get(PENDING)
        pending = stored.json() if stored else {}
        return pending["seed"] if pending.get("manifest") == found.sha256 else secrets.token_hex(16)

    def _class(self, found: Manifest) -> str:
        return found.content["archive"]["storageClass"]

    def _wanted(self, found: Manifest) -> Wanted:
        days = engine.lock_days(self.target, self.clients)
        return Wanted(
            storage_class=self._class(found), key_arn=found.content["archive"]["key"], lock=timedelta(days=days)
        )

    def _objects(self, found: Manifest, witnesses: Witnesses, rows: Rows, workers: Workers, sample: Sample) -> None:
        """Every name that anyone knows, in order, a batch at a time."""
        self.progress.start("comparing", found.content["objects"]["count"])
        wanted = self._wanted(found)

        def check(row: Row) -> Checked:
            return self._checked(row, witnesses, wanted)

        while batch := list(islice(rows, self.options.part_objects)):
            for checked in workers.each(check, batch):
                self._count(checked, sample)
        chosen = list(sample.chosen())
        self.progress.start("reading", len(chosen))
        for checked, problems in zip(chosen, workers.each(self._read, chosen), strict=True):
            self.state.findings.add(checked.name, problems)
            self.progress.advance(size=checked.line.bytes if checked.line else 0)

    def _rows(self, found: Manifest, witnesses: Witnesses, exported: index.Exported | None) -> Rows:
        s3, images, copies = self.clients.s3, self.target.images, self.place.key(FOLDER)
        stored = listed(s3, self.target.image_bucket, images) if witnesses.images else ()
        return joined(
            ((line.key.removeprefix(images), line) for line in found.lines(self.place)),
            ((item.key.removeprefix(copies), item) for item in listed(s3, self.target.archive_bucket, copies)),
            ((item.key.removeprefix(images), item) for item in stored),
            index.entries(self.place, exported) if exported else (),
        )

    def _checked(self, item: Row, witnesses: Witnesses, wanted: Wanted) -> Checked:
        name, sides = item
        line, archived, stored, known = comparison.row(sides)
        if line is None:
            problems = comparison.unarchived(stored, known)
            return Checked(name=name, problems=tuple(problems), extra=archived is not None and not problems)
        problems = comparison.against_images(line, stored) if witnesses.images else []
        problems += comparison.against_index(line, known) if witnesses.index else []
        if line.kind == "deleted":
            return Checked(name=name, problems=tuple(problems))
        problems += comparison.against_archive(line, archived)
        record = on_record(self.clients.s3, self.target.archive_bucket, line, wanted)
        checked = Checked(name=name, problems=(*problems, *record.problems), line=line, record=record)
        if self.reading.sample is None:
            return replace(checked, problems=(*checked.problems, *self._read(checked)))
        return checked

    def _count(self, checked: Checked, sample: Sample) -> None:
        self.state.findings.add(checked.name, checked.problems)
        self.state.extras += checked.extra
        if checked.line is not None and checked.record is not None:
            self.state.objects += 1
            self.state.bytes += checked.line.bytes
            self.state.until = comparison.earliest(self.state.until, checked.record.until)
            sample.offer(checked)
            self.progress.advance(size=checked.line.bytes)

    def _read(self, checked: Checked) -> list[str]:
        """Reads the bytes, where they can be read; what is wrong with them."""
        line, record = checked.line, checked.record
        if line is None or record is None or record.gone:
            return []
        s3, findings = self.clients.s3, self.state.findings
        if self.reading.source == "archive":
            if not self.waking.awake(line, record):
                with findings.mutex:
                    self.state.pending += 1
                return []
            problems = read_back(s3, self.target.archive_bucket, line.archive_key or "", line.version, line)
        else:
            problems = read_back(s3, self.target.image_bucket, line.key, line.source_version, line)
        with findings.mutex:
            self.state.read += 1
        return problems

    def _files(self, found: Manifest, workers: Workers) -> None:
        """Index, database and logs are read whole: they are few, and no copy made S3 compute a checksum."""
        wanted = self._wanted(found)

        def check(line: Line) -> tuple[Line, list[str]]:
            record = on_record(self.clients.s3, self.target.archive_bucket, line, wanted, copied=False)
            if record.problems:
                return line, list(record.problems)
            return line, read_back(
                self.clients.s3, self.target.archive_bucket, line.archive_key or "", line.version, line
            )

        lines = manifest.lines(self.place, found.content["files"])
        self.progress.start("files", sum(part["lines"] for part in found.content["files"]))
        while batch := list(islice(lines, self.options.part_objects)):
            for line, problems in workers.each(check, batch):
                self.state.findings.add(line.key, problems)
                self.state.files += 1
                self.progress.advance(size=line.bytes)

    def _documents(self, found: Manifest) -> None:
        studies = found.content["studies"]
        if report.sha256(self.place.need(studies["name"])) != studies["sha256"]:
            self.state.findings.add(studies["name"], ["it was changed after the archive: take its earlier version"])
        expected, counted = found.content["objects"], self.state
        if (counted.objects, counted.bytes) != (expected["count"], expected["bytes"]):
            why = f"{counted.objects} objects of {counted.bytes} bytes were met, and it names {expected['count']}"
            self.state.findings.add(manifest.NAME, [f"{why} of {expected['bytes']}: {comparison.AGAIN}"])

    def _database(self, found: Manifest) -> None:
        arn, key = found.content["database"]["snapshot"], found.content["database"]["key"]
        with explained("looking at the snapshot"):
            try:
                name = arn.rsplit(":", 1)[1]
                answer = self.clients.rds.describe_db_cluster_snapshots(DBClusterSnapshotIdentifier=name)
                snapshots = answer["DBClusterSnapshots"]
            except ClientError as error:
                if code(error) != "DBClusterSnapshotNotFoundFault":
                    raise
                snapshots = []
        if not snapshots or snapshots[0]["Status"] != "available" or snapshots[0].get("KmsKeyId") != key:
            status = snapshots[0]["Status"] if snapshots else "gone"
            self.state.findings.add(arn, [f"the snapshot is {status}, or not under the key {key}: {comparison.AGAIN}"])

    def _reported(self, found: Manifest, now: datetime, who: str, witnesses: Witnesses) -> dict[str, Any]:
        content = report.content(self.state, self.reading, found, now) | {
            "by": who,
            "study": self.target.study,
            "environment": self.target.environment,
            "imageBucket": "compared" if witnesses.images else "gone",
            "index": "compared" if witnesses.index else "gone",
        }
        name = report.write(self.clients.kms, self.target.signing_key_arn or "", self.place, now, content)
        with explained("closing the sample"):
            self.place.put_json(PENDING, {})
        return content | {"report": f"s3://{self.place.bucket}/{self.place.key(name)}"}


def verify(
    target: Target, clients: Clients, options: Options, reading: Reading, progress: Progress | None = None
) -> dict[str, Any]:
    """Verifies the archive of `target`; what the report says. Changes nothing but asks for restores."""
    who = clients.check(target)
    target.needs("signing_key_arn")
    place = Place.of(target, clients.s3)
    with explained("verifying"), Lock(place, who, "verify").held(take_over=options.take_over) as lock:
        found = manifest.read(place, engine.signing_key(clients, target))
        hours(found.content["archive"]["storageClass"], reading.tier)
        return Verifier(target, clients, options, reading, progress or Silent()).run(found, lock, who)
