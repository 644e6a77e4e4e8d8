"""Files of a run besides the images: those that AWS services export, and the inventory of DICOM studies."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from ops.study.archive.journal import Journal
from ops.study.archive.listing import ListedKey, list_keys
from ops.study.manifest.lines import Line, pack
from ops.study.manifest.summary import Summary
from ops.study.store.archive_store import ArchiveStore
from ops.study.store.checksums import object_sha256, sha256_hex
from ops.study.store.clients import Clients
from ops.study.store.errors import explain_failure
from ops.study.store.options import Options
from ops.study.store.progress import Progress
from ops.study.store.target import Target
from ops.study.store.workers import Workers

FOLDERS = ("index", "database", "logs")


def files_folder(run: str) -> str:
    """Folder of the manifest's parts that list these files."""
    return f"runs/{run}/files/"


def write_file_lines(target: Target, clients: Clients, options: Options, journal: Journal, progress: Progress) -> None:
    """Reads each exported file for its SHA-256 and writes a line for it."""
    store = journal.store

    def hash_file(item: tuple[str, ListedKey]) -> Line:
        folder, stored = item
        return Line(
            kind=folder.removesuffix("s"),
            key=stored.key,
            archive_key=stored.key,
            version=stored.version,
            bytes=stored.size,
            sha256=object_sha256(clients.s3, target.archive_bucket, stored.key, stored.version),
        )

    def list_files() -> Iterator[tuple[str, ListedKey]]:
        for folder in sorted(FOLDERS):
            for stored in list_keys(clients.s3, target.archive_bucket, store.key(f"{folder}/{journal.run}/")):
                if not stored.deleted:
                    yield folder, stored

    progress.start("files")
    files = list_files()
    number = 0
    with Workers(options.workers, options.rate, options.pause) as workers, explain_failure("reading exported files"):
        while batch := list(islice(files, options.part_objects)):
            number += 1
            lines = []
            for line in workers.map(hash_file, batch):
                lines.append(line)
                progress.advance(size=line.bytes)
            journal.lock.check()
            store.put(f"{files_folder(journal.run)}{number:06d}.jsonl.gz", pack(lines))


def write_inventory(store: ArchiveStore, run: str, objects: Summary) -> dict[str, Any]:
    """Writes the inventory of DICOM studies; its name, checksum and length."""
    rows = [
        {"study": uid, "series": len(study.series), **{k: v for k, v in vars(study).items() if k != "series"}}
        for uid, study in sorted(objects.studies.items())
    ]
    name = f"runs/{run}/studies.json"
    body = store.put_json(name, rows)
    return {"name": name, "sha256": sha256_hex(body), "count": len(rows)}
