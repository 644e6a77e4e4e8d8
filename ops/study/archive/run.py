"""An archive run: index, objects, database, logs and, when nothing is missing, the manifest."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from ops.study.archive import journal as journals
from ops.study.archive.exports import Exports
from ops.study.archive.files import files_folder, write_file_lines, write_inventory
from ops.study.archive.index import IndexExport, export_index
from ops.study.archive.journal import Journal
from ops.study.archive.objects import ObjectCopier, parts_folder
from ops.study.archive.preconditions import check_ready
from ops.study.manifest import manifest
from ops.study.manifest.signing import read_expected_key
from ops.study.manifest.summary import Summary, summarize
from ops.study.store.archive_store import ArchiveStore
from ops.study.store.clients import Clients
from ops.study.store.errors import ArchiveError, explain_failure
from ops.study.store.lock import Lock
from ops.study.store.options import Options
from ops.study.store.progress import NoProgress, Progress
from ops.study.store.target import Target

MAX_PROBLEMS = 20
"""Problems that a message lists."""


@dataclass(frozen=True, kw_only=True)
class RunReport:
    """Result of an archive run. `before`: the archive was complete already, and nothing was done."""

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
        """The fields as JSON values."""
        return asdict(self)


def archive(target: Target, clients: Clients, options: Options, progress: Progress | None = None) -> RunReport:
    """Archives `target`, or continues a run that was interrupted. ArchiveError says what to fix."""
    progress = progress or NoProgress()
    who = clients.check_account(target)
    check_ready(target, clients)
    store = ArchiveStore.for_target(target, clients.s3)
    with explain_failure("archiving"), Lock(store, who, "archive").hold(take_over=options.take_over) as lock:
        with explain_failure("reading the journal"):
            complete = None if options.again else _read_complete(store, clients, target)
        if complete is not None:
            return _report(complete, before=True)
        with explain_failure("opening the journal"):
            journal = Journal.open(store, lock, again=options.again)
        content = _archive_content(target, clients, options, journal, progress)
        content |= {"by": who, "commit": options.commit}
        lock.check()
        manifest.write(clients.kms, target.signing_key_arn or "", store, content)
        with explain_failure("closing the journal"):
            journal.end("complete")
        return _report(manifest.read(store, read_expected_key(clients.kms, target.signing_key_arn)), before=False)


def _read_complete(store: ArchiveStore, clients: Clients, target: Target) -> manifest.Manifest | None:
    """The manifest, if it is the one of the journal's run."""
    journal, stored = store.get(journals.NAME), store.get(manifest.NAME)
    if journal is None or stored is None or journal.json()["run"] != stored.json()["run"]:
        return None
    return manifest.read(store, read_expected_key(clients.kms, target.signing_key_arn))


def _report(archived: manifest.Manifest, *, before: bool) -> RunReport:
    objects = archived.content["objects"]
    return RunReport(
        run=archived.content["run"],
        objects=objects["count"],
        bytes=objects["bytes"],
        orphans=objects["orphans"],
        noncurrent=objects["noncurrent"],
        markers=objects["markers"],
        studies=objects["studies"],
        files=sum(part["lines"] for part in archived.content["files"]),
        manifest_sha256=archived.sha256,
        fingerprint=archived.fingerprint,
        before=before,
    )


def _archive_content(
    target: Target, clients: Clients, options: Options, journal: Journal, progress: Progress
) -> dict[str, Any]:
    """Archives everything, step by step; the manifest's content."""
    store, run = journal.store, journal.run
    index = _export_index(target, clients, journal, progress)
    ObjectCopier(target, clients, options, run).copy_all(index, journal.lock, progress)
    with explain_failure("reading the parts"):
        progress.start("counting")
        objects = summarize(store, parts_folder(run))
    _check_complete(objects, index, journal)
    exports = Exports(target, clients, options, journal, progress)
    database, logs = exports.export_database(), exports.export_logs()
    write_file_lines(target, clients, options, journal, progress)
    with explain_failure("reading the parts"):
        files = summarize(store, files_folder(run))
        studies = write_inventory(store, run, objects)
        now = store.now()
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
            "prefix": store.prefix,
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
        "index": {"objects": index.objects, "parts": list(index.parts)},
        "database": database,
        "logs": logs,
        "trail": {"bucket": target.trail_bucket, "note": "kept separately, not part of this archive"},
    }


def _export_index(target: Target, clients: Clients, journal: Journal, progress: Progress) -> IndexExport:
    section = journal.section("index")
    if "parts" not in section:
        progress.start("index")
        export = export_index(clients, target, journal.store, f"index/{journal.run}/")
        section |= {"objects": export.objects, "parts": list(export.parts)}
        with explain_failure("writing the journal"):
            journal.save()
    return IndexExport(objects=section["objects"], parts=tuple(section["parts"]))


def _check_complete(objects: Summary, index: IndexExport, journal: Journal) -> None:
    """Ends the run with ArchiveError unless the bucket has every object of the index."""
    known = objects.kinds["object"] + objects.broken
    if not objects.broken and known == index.objects:
        return
    with explain_failure("writing the journal"):
        journal.end("failed")
    listed = "\n  ".join(objects.problems[:MAX_PROBLEMS])
    listed = listed or f"the index has {index.objects} objects, {known} were found"
    rest = f"\n  … and {objects.broken - MAX_PROBLEMS} more" if objects.broken > MAX_PROBLEMS else ""
    raise ArchiveError(
        f"{objects.broken} objects keep the archive from being complete; all others are in it:\n  {listed}{rest}\n"
        f"The full list: lines with a `problem` in s3://{journal.store.bucket}/"
        f"{journal.store.key(parts_folder(journal.run))}. Fix them, then run `ops archive` again; "
        "objects in the archive are not copied again."
    )
