"""Memory and speed of `ops archive` and `ops verify` at 1,000, 10,000 and 100,000 objects: `make bench-archive`.

S3 is simulated in the process without delay: it generates listing, index and checksums on request, and stores only what
a run writes. So the figures are those of our code alone. On AWS, 32 parallel requests of about 50 ms each give some 600
objects a second. boto3's own cost (signing, parsing), about 1 ms of a core per request, is not included either.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import multiprocessing
import resource
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError

from ops.study.archive.index import IndexExport
from ops.study.archive.objects import ObjectCopier, parts_folder
from ops.study.manifest.manifest import Manifest
from ops.study.manifest.summary import summarize
from ops.study.store.archive_store import ArchiveStore
from ops.study.store.clients import Clients
from ops.study.store.lock import Lock
from ops.study.store.options import Options
from ops.study.store.progress import NoProgress
from ops.study.store.target import Target
from ops.study.store.workers import Workers
from ops.study.verify.comparison import Sample, Sources
from ops.study.verify.objects import ReadOptions
from ops.study.verify.verification import Verifier

BODY = b"x" * 500_000
SHA256 = base64.b64encode(hashlib.sha256(BODY).digest()).decode()
MD5 = hashlib.md5(BODY, usedforsecurity=False).hexdigest()
INDEX_PART, STUDY = 50_000, 300
PAGE = 1000


def uuid(number: int) -> str:
    """A UUID that sorts like its number."""
    return f"{number:08x}-0000-4000-8000-000000000000"


class S3:
    """S3 with a number of images of one size, all in the index and, once `copied`, all in the archive."""

    meta = SimpleNamespace(region_name="us-east-1")

    def __init__(self, objects: int) -> None:
        self.objects, self.copied = objects, False
        self.written: dict[str, bytes] = {}

    def get_paginator(self, operation: str) -> Any:
        """Pages of versions or of names."""
        pages = self._versions if operation == "list_object_versions" else self._names
        return SimpleNamespace(paginate=pages)

    def _versions(self, *, Bucket: str, Prefix: str, **_: Any) -> Iterator[dict[str, Any]]:
        count = self.objects if Bucket == "images" or self.copied else 0
        for start in range(0, count, PAGE):
            yield {
                "Versions": [
                    {"Key": f"{Prefix}{uuid(n)}.dcm", "VersionId": f"v{n}", "Size": len(BODY), "IsLatest": True}
                    for n in range(start, min(start + PAGE, count))
                ]
            }

    def _names(self, *, Prefix: str, **_: Any) -> Iterator[dict[str, Any]]:
        yield {"Contents": [{"Key": key} for key in sorted(self.written) if key.startswith(Prefix)]}

    def copy_object(self, **_: Any) -> dict[str, Any]:
        """The checksum of every copy."""
        return {"VersionId": "v", "CopyObjectResult": {"ChecksumSHA256": SHA256}}

    def head_object(self, **_: Any) -> dict[str, Any]:
        """An archived, locked object."""
        return {
            "ContentLength": len(BODY), "ChecksumSHA256": SHA256, "StorageClass": "DEEP_ARCHIVE", "SSEKMSKeyId": "key",
            "LastModified": datetime.now(UTC), "ObjectLockRetainUntilDate": datetime.now(UTC) + timedelta(days=400),
        }  # fmt: skip

    def head_bucket(self, **_: Any) -> dict[str, Any]:
        """The current time."""
        return {"ResponseMetadata": {"HTTPHeaders": {"date": formatdate(usegmt=True)}}}

    def get_object_lock_configuration(self, **_: Any) -> dict[str, Any]:
        """A lock of a year."""
        return {"ObjectLockConfiguration": {"Rule": {"DefaultRetention": {"Days": 365}}}}

    def put_object(self, *, Key: str, Body: bytes, **_: Any) -> dict[str, Any]:
        """Stores an object that a run writes."""
        self.written[Key] = Body
        return {"ETag": "e"}

    def get_object(self, *, Key: str, **_: Any) -> dict[str, Any]:
        """A part of the index, or an object that a run wrote."""
        if Key.startswith("index/"):
            return {"Body": io.BytesIO(self._index(int(Key.split("/")[1]))), "ETag": "e"}
        if Key not in self.written:
            raise ClientError({"Error": {"Code": "NoSuchKey"}}, "GetObject")
        return {"Body": io.BytesIO(self.written[Key]), "ETag": "e"}

    def _index(self, start: int) -> bytes:
        """A part in reverse order, so that sorting is measured."""
        numbers = range(min(start + INDEX_PART, self.objects) - 1, start - 1, -1)
        rows = (
            {"uuid": uuid(n), "type": 1, "bytes": len(BODY), "md5": MD5, "instance": f"1.2.{n}",
             "series": f"1.3.{n // 100}", "study": f"1.4.{n // STUDY}"}
            for n in numbers
        )  # fmt: skip
        return gzip.compress("".join(json.dumps(row) + "\n" for row in rows).encode(), 1)

    def export_of(self) -> IndexExport:
        """The result of the index export."""
        starts = range(0, self.objects, INDEX_PART)
        return IndexExport(objects=self.objects, parts=tuple(f"index/{start}" for start in starts))


def measure(objects: int, results: Any) -> None:
    """Measures one size in a process of its own, and puts seconds of each phase and peak memory into `results`."""
    s3: Any = S3(objects)
    unused: Any = None
    clients = Clients(s3=s3, kms=unused, rds=unused, logs=unused, functions=unused, sts=unused)
    target = Target(
        stack="b", study="b", environment="b", account="1", region="us-east-1", phase="closing", image_bucket="images",
        image_prefix="images", archive_bucket="archive", archive_prefix="a", archive_key_arn="key", signing_key_arn="k",
        database_cluster="c", index_function="f", export_role_arn="r", database_key_arn="k", log_groups=(),
        trail_bucket="t",
    )  # fmt: skip
    store = ArchiveStore.for_target(target, s3)
    lock, options = Lock(store, "bench", "archive"), Options(workers=8)
    before, started = peak_memory(), time.perf_counter()
    ObjectCopier(target, clients, options, "run").copy_all(s3.exported(), lock, NoProgress())
    found = summarize(store, parts_folder("run"))
    archived = time.perf_counter()
    s3.copied = True
    content = {
        "objects": {"count": objects, "bytes": found.bytes}, "parts": found.parts,
        "archive": {"storageClass": "DEEP_ARCHIVE", "key": "key"},
    }  # fmt: skip
    verifier = Verifier(target, clients, options, ReadOptions(sample=0), NoProgress())
    manifest = Manifest(content=content, sha256="", fingerprint="")
    sources = Sources(images=True, index=True)
    with Workers(options.workers, None, time.sleep) as workers:
        rows = verifier._rows(manifest, sources, s3.exported())
        verifier._check_objects(manifest, sources, rows, workers, Sample(0, ""))
    verified = time.perf_counter()
    stored = sum(map(len, s3.written.values()))
    right = found.objects == objects and verifier.counts.objects == objects
    results.put((archived - started, verified - archived, before, peak_memory(), stored, right))


def peak_memory() -> float:
    """Peak memory of this process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(sizes: list[int]) -> int:
    """Prints a table; 1 if a run lost an object."""
    context = multiprocessing.get_context("spawn")
    sys.stdout.write(
        "| objects | archive, objects/s | verify, objects/s | RSS before, MB | peak RSS, MB | simulated S3, MB |\n"
    )
    sys.stdout.write("|--|--|--|--|--|--|\n")
    for size in sizes:
        results = context.Queue()
        process = context.Process(target=measure, args=(size, results))
        process.start()
        archived, verified, before, most, stored, right = results.get()
        process.join()
        row = (f"{size:,}", f"{size / archived:,.0f}", f"{size / verified:,.0f}", f"{before:.0f}", f"{most:.0f}")
        sys.stdout.write(f"| {' | '.join(row)} | {stored / 1e6:.1f} |\n")
        if not right:
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main([int(size) for size in sys.argv[1:]] or [1_000, 10_000, 100_000]))
