"""Archives a study: index, objects, database, logs, and then, when nothing is missing, the manifest."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

from botocore.exceptions import ClientError

from ops.study.archive import index, manifest, records, signing
from ops.study.archive import journal as journals
from ops.study.archive.clients import Clients, Options
from ops.study.archive.copying import CHUNK
from ops.study.archive.errors import ArchiveError, code, explained
from ops.study.archive.exports import Exports
from ops.study.archive.index import Exported
from ops.study.archive.journal import Journal
from ops.study.archive.listing import listed
from ops.study.archive.lock import Lock
from ops.study.archive.manifest import Summary
from ops.study.archive.objects import Archiver, parts_folder
from ops.study.archive.pace import Progress, Silent, Workers
from ops.study.archive.place import Place
from ops.study.archive.records import Line
from ops.study.archive.target import Target

NAMED = 20
"""Problems that a message names."""
FILES = ("index", "database", "logs")
"""Folders of what services wrote; each file is read to know its SHA-256."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """How an archive run ended. `before`: it was complete already, and nothing was done."""

    run: str
    objects: int
    bytes: int
    orphans: int
    studies: int
    files: int
    noncurrent: int
    markers: int
    manifest_sha256: str
    fingerprint: str
    before: bool = False

    def to_json(self) -> dict[str, Any]:
        """As data."""
        return asdict(self)


def archive(target: Target, clients: Clients, options: Options, progress: Progress | None = None) -> Report:
    """Archives all of `target`, or goes on where an earlier call was cut off. ArchiveError says what to put right."""
    progress = progress or Silent()
    who = clients.check(target)
    _ready(target, clients)
    place = Place.of(target, clients.s3)
    with explained("archiving"), Lock(place, who, "archive").held(take_over=options.take_over) as lock:
        with explained("reading the journal"):
            complete = None if options.again else _complete(place, clients, target)
        if complete is not None:
            return _report(complete, before=True)
        with explained("opening the journal"):
            journal = Journal.open(place, lock, again=options.again)
        content = _content(target, clients, options, journal, progress) | {"by": who, "commit": options.commit}
        lock.check()
        manifest.write(clients.kms, target.signing_key_arn or "", place, content)
        with explained("closing the journal"):
            journal.end("complete")
        return _report(manifest.read(place, signing_key(clients, target)), before=False)


def signing_key(clients: Clients, target: Target) -> bytes | None:
    """The public key that must have signed."""
    return signing.expected(clients.kms, target.signing_key_arn)


def _ready(target: Target, clients: Clients) -> None:
    """ArchiveError unless the stack is closing, and the archive bucket keeps what it is given."""
    target.needs("signing_key_arn", "index_function", "export_role_arn")
    if target.phase != "closing":
        raise ArchiveError(
            f"the stack {target.stack} is in the phase {target.phase}: images may still be written or are gone; "
            f"run `python -m ops close --stack {target.stack}` first"
        )
    lock_days(target, clients)
    with explained("looking at the image bucket"):
        versioning = clients.s3.get_bucket_versioning(Bucket=target.image_bucket).get("Status")
    if versioning != "Enabled":
        raise ArchiveError(
            f"the bucket {target.image_bucket} keeps no versions: an object could change unseen; run `pulumi up`"
        )


def lock_days(target: Target, clients: Clients) -> int:
    """Days that the archive bucket's Object Lock holds an object; ArchiveError without a lock."""
    bare = ArchiveError(
        f"the bucket {target.archive_bucket} has no Object Lock with a default retention: an archive there "
        "could be deleted by mistake; run `pulumi up`, then the same command again"
    )
    with explained("looking at the archive bucket"):
        try:
            answer = clients.s3.get_object_lock_configuration(Bucket=target.archive_bucket)
        except ClientError as error:
            if code(error) == "ObjectLockConfigurationNotFoundError":
                raise bare from None
            raise
    rule = answer["ObjectLockConfiguration"].get("Rule", {}).get("DefaultRetention", {})
    if "Days" not in rule and "Years" not in rule:
        raise bare
    return int(rule["Days"]) if "Days" in rule else int(rule["Years"]) * 365


def _complete(place: Place, clients: Clients, target: Target) -> manifest.Manifest | None:
    """The manifest, if it is the one of the journal's run."""
    journal, stored = place.get(journals.NAME), place.get(manifest.NAME)
    if journal is None or stored is None or journal.json()["run"] != stored.json()["run"]:
        return None
    return manifest.read(place, signing_key(clients, target))


def _report(found: manifest.Manifest, *, before: bool) -> Report:
    objects = found.content["objects"]
    return Report(
        run=found.content["run"],
        objects=objects["count"],
        bytes=objects["bytes"],
        orphans=objects["orphans"],
        noncurrent=objects["noncurrent"],
        markers=objects["markers"],
        studies=objects["studies"],
        files=sum(part["lines"] for part in found.content["files"]),
        manifest_sha256=found.sha256,
        fingerprint=found.fingerprint,
        before=before,
    )


def _content(
    target: Target, clients: Clients, options: Options, journal: Journal, progress: Progress
) -> dict[str, Any]:
    """Does the work, step by step, and says what the manifest is to say."""
    place, run = journal.place, journal.run
    exported = _index(target, clients, journal, progress)
    Archiver(target, clients, options, run).work(exported, journal.lock, progress)
    with explained("reading the parts"):
        progress.start("counting")
        objects = manifest.summary(place, parts_folder(run))
    _whole(objects, exported, journal)
    exports = Exports(target, clients, options, journal, progress)
    database, logs = exports.database(), exports.logs()
    _files(target, clients, options, journal, progress)
    with explained("reading the parts"):
        files = manifest.summary(place, f"runs/{run}/files/")
        studies = _studies(place, run, objects)
        now = place.now()
    return {
        "format": 1,
        "run": run,
        "created": now.isoformat(),
        "started": journal.content["started"],
        "study": target.study,
        "environment": target.environment,
        "stack": target.stack,
        "account": target.account,
        "region": target.region,
        "source": {"bucket": target.image_bucket, "prefix": target.images},
        "archive": {
            "bucket": target.archive_bucket,
            "prefix": place.prefix,
            "storageClass": options.storage_class,
            "key": target.archive_key_arn,
        },
        "signingKey": target.signing_key_arn,
        "objects": {
            "count": objects.objects,
            "bytes": objects.bytes,
            "orphans": objects.kinds["orphan"],
            "onlyDeleted": objects.kinds["deleted"],
            "noncurrent": objects.noncurrent,
            "markers": objects.markers,
            "studies": len(objects.studies),
            "series": sum(len(study.series) for study in objects.studies.values()),
            "instances": sum(study.instances for study in objects.studies.values()),
        },
        "parts": objects.parts,
        "files": files.parts,
        "studies": studies,
        "index": {"objects": exported.objects, "parts": list(exported.parts)},
        "database": database,
        "logs": logs,
        "trail": {"bucket": target.trail_bucket, "note": "kept by itself, and not part of this archive"},
    }


def _index(target: Target, clients: Clients, journal: Journal, progress: Progress) -> Exported:
    kept = journal.section("index")
    if "parts" not in kept:
        progress.start("index")
        exported = index.export(clients, target, journal.place, f"index/{journal.run}/")
        kept |= {"objects": exported.objects, "parts": list(exported.parts)}
        with explained("writing the journal"):
            journal.save()
    return Exported(objects=kept["objects"], parts=tuple(kept["parts"]))


def _whole(objects: Summary, exported: Exported, journal: Journal) -> None:
    """ArchiveError, and an ended run, unless the bucket has all that the index knows."""
    known = objects.kinds["object"] + objects.broken
    if not objects.broken and known == exported.objects:
        return
    with explained("writing the journal"):
        journal.end("failed")
    named = "\n  ".join(objects.problems[:NAMED]) or f"the index knows {exported.objects} objects, {known} were met"
    rest = f"\n  … and {objects.broken - NAMED} more" if objects.broken > NAMED else ""
    raise ArchiveError(
        f"{objects.broken} objects keep the archive from being complete; everything else is in it:\n  {named}{rest}\n"
        f"All of them: the lines with a `problem` in s3://{journal.place.bucket}/"
        f"{journal.place.key(parts_folder(journal.run))}. Put them right, then run `ops archive` again; "
        "what is in the archive is not copied twice."
    )


def _files(target: Target, clients: Clients, options: Options, journal: Journal, progress: Progress) -> None:
    """Reads what services wrote into the archive, and writes a line for each file."""
    place = journal.place

    def hashed(item: tuple[str, Any]) -> Line:
        folder, stored = item
        return Line(
            kind=folder.removesuffix("s"),
            key=stored.key,
            archive_key=stored.key,
            version=stored.version,
            bytes=stored.size,
            sha256=sha256_of(clients.s3, target.archive_bucket, stored.key, stored.version),
        )

    def written() -> Iterator[tuple[str, Any]]:
        for folder in sorted(FILES):
            for stored in listed(clients.s3, target.archive_bucket, place.key(f"{folder}/{journal.run}/")):
                if not stored.deleted:
                    yield folder, stored

    progress.start("files")
    found = written()
    number = 0
    with Workers(options.workers, options.rate, options.pause) as workers, explained("reading the exported files"):
        while batch := list(islice(found, options.part_objects)):
            number += 1
            lines = []
            for line in workers.each(hashed, batch):
                lines.append(line)
                progress.advance(size=line.bytes)
            journal.lock.check()
            place.put(f"runs/{journal.run}/files/{number:06d}.jsonl.gz", records.pack(lines))


def sha256_of(s3: Any, bucket: str, key: str, version: str) -> str:
    """SHA-256 of an object's bytes, read now."""
    digest = hashlib.sha256()
    for chunk in s3.get_object(Bucket=bucket, Key=key, VersionId=version)["Body"].iter_chunks(CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


def _studies(place: Place, run: str, objects: Summary) -> dict[str, Any]:
    """Writes the inventory of DICOM studies; its name and checksum."""
    rows = [
        {"study": uid, "series": len(study.series), **{k: v for k, v in vars(study).items() if k != "series"}}
        for uid, study in sorted(objects.studies.items())
    ]
    name = f"runs/{run}/studies.json"
    body = place.put_json(name, rows)
    return {"name": name, "sha256": hashlib.sha256(body).hexdigest(), "count": len(rows)}
