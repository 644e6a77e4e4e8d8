"""What an archive run copies, records, reports and refuses."""

from __future__ import annotations

import hashlib
import json
import subprocess
from dataclasses import replace

import pytest

from ops.study.archive.run import archive
from ops.study.manifest import lines as records
from ops.study.manifest import manifest
from ops.study.store.archive_store import ArchiveStore
from ops.study.store.clients import Clients
from ops.study.store.errors import ArchiveError
from ops.study.store.target import Target, camel_case
from ops.study.verify.objects import ReadOptions
from ops.study.verify.verification import verify
from tests.ops.conftest import ACCOUNT, ARCHIVE, CLUSTER, GROUPS, IMAGES, Store
from tests.ops.faults import Wire, count_lost

PREFIX = "studies/octank/prod"


def run_archive(store: Store, **options: object) -> Clients:
    archive(store.target, store.clients, store.with_options(**options))
    return store.clients


def read_content(store: Store) -> dict:
    return json.loads(store.clients.s3.get_object(Bucket=ARCHIVE, Key=f"{PREFIX}/manifest.json")["Body"].read())


def read_lines(store: Store, kind: str = "parts") -> list[records.Line]:
    return list(manifest.read_lines(ArchiveStore.for_target(store.target, store.clients.s3), read_content(store)[kind]))


def test_every_object_is_copied_with_its_checksum(store: Store):
    run_archive(store)
    found = {line.key: line for line in read_lines(store)}
    assert {key for key, line in found.items() if line.kind != "deleted"} == set(store.bodies)
    for key, body in store.bodies.items():
        assert found[key].sha256 == hashlib.sha256(body).hexdigest()
        assert found[key].bytes == len(body)
    assert count_lost(store) == 0


def test_copies_are_stored_as_required(store: Store):
    run_archive(store)
    for line in read_lines(store):
        if line.kind != "deleted":
            head = store.clients.s3.head_object(
                Bucket=ARCHIVE, Key=line.archive_key or "", VersionId=line.version or ""
            )
            assert (head["StorageClass"], head["SSEKMSKeyId"]) == ("DEEP_ARCHIVE", store.target.archive_key_arn)
            assert head["ObjectLockMode"] == "GOVERNANCE"


def test_the_manifest_counts_everything(store: Store):
    report = archive(store.target, store.clients, store.with_options(commit="abc"))
    content = read_content(store)
    assert content["objects"] == {
        "count": 5, "bytes": sum(map(len, store.bodies.values())), "orphans": 1, "onlyDeleted": 1, "noncurrent": 2,
        "markers": 1, "studies": 2, "series": 2, "instances": 3,
    }  # fmt: skip
    assert (content["account"], content["source"]["bucket"], content["commit"]) == (ACCOUNT, IMAGES, "abc")
    assert (content["database"]["cluster"], [log["group"] for log in content["logs"]]) == (CLUSTER, list(GROUPS))
    assert {line.kind for line in read_lines(store, "files")} == {"database", "index", "log"}
    assert (report.objects, report.orphans, report.noncurrent, report.markers) == (5, 1, 2, 1)


def test_the_inventory_lists_every_study(store: Store):
    run_archive(store)
    name = read_content(store)["studies"]["name"]
    rows = json.loads(store.clients.s3.get_object(Bucket=ARCHIVE, Key=f"{PREFIX}/{name}")["Body"].read())
    assert [(row["study"], row["series"], row["instances"], row["objects"]) for row in rows] == [
        ("1.2.3", 1, 2, 3), ("1.2.4", 1, 1, 1),
    ]  # fmt: skip


def test_an_object_that_is_not_in_the_index_is_archived_as_an_orphan(store: Store):
    run_archive(store)
    [orphan] = [line for line in read_lines(store) if line.kind == "orphan"]
    assert store.bodies[orphan.key] == b"nobody knows me"


def test_standard_tools_verify_the_manifest(store: Store, tmp_path):
    run_archive(store)
    run = read_content(store)["run"]
    for key in (
        "manifest.json",
        *(f"runs/{run}/signed/{name}" for name in ("checksum", "signature", "public-key.pem")),
    ):
        store.clients.s3.download_file(ARCHIVE, f"{PREFIX}/{key}", str(tmp_path / key.rsplit("/", 1)[-1]))
    subprocess.run(["sha256sum", "-c", "checksum"], cwd=tmp_path, check=True, capture_output=True)
    proved = ["openssl", "dgst", "-sha384", "-verify", "public-key.pem", "-signature", "signature", "checksum"]
    subprocess.run(proved, cwd=tmp_path, check=True, capture_output=True)


def test_running_it_again_does_nothing(store: Store):
    run_archive(store)
    before = store.versions(IMAGES)
    wire = Wire(store)
    with wire.tap():
        assert archive(store.target, store.clients, store.options).before
    assert not {"CopyObject", "StartExportTask", "CreateExportTask", "Invoke"} & set(wire.calls)
    assert store.versions(IMAGES) == before


def test_a_new_run_copies_only_new_objects(store: Store):
    run_archive(store)
    added = store.add(b"late", study="1.2.9")
    wire = Wire(store)
    with wire.tap():
        run_archive(store, again=True)
    assert wire.calls.count("CopyObject") == 1
    assert added in {line.key for line in read_lines(store)}


@pytest.mark.parametrize("size", [1, 2, 5, 100])
def test_parts_of_any_size_have_the_same_lines(store: Store, size: int):
    run_archive(store, part_objects=size, workers=4)
    assert [line.key for line in read_lines(store)] == sorted(
        [*store.bodies, *(x.key for x in read_lines(store) if x.kind == "deleted")]
    )
    assert count_lost(store) == 0


def test_a_large_object_is_copied_in_pieces(store: Store):
    body = bytes(range(256)) * 45_000  # 11 MiB: S3 takes pieces of 5 MiB and more
    key = store.add(body)
    run_archive(store, multipart_bytes=6 * 2**20, piece_bytes=5 * 2**20)
    [line] = [line for line in read_lines(store) if line.key == key]
    assert line.sha256 == hashlib.sha256(body).hexdigest()
    assert line.composite is not None
    assert line.composite.endswith("-3")
    wire = Wire(store)
    with wire.tap():
        run_archive(store, again=True, multipart_bytes=6 * 2**20, piece_bytes=5 * 2**20)
    assert "UploadPartCopy" not in wire.calls
    assert verify(store.target, store.clients, store.options, ReadOptions(sample=None))["ok"]


def test_a_missing_object_fails_the_run_and_the_rest_is_archived(store: Store):
    key = next(iter(store.bodies))
    for version in [version for name, version in store.versions(IMAGES) if name == key]:
        store.clients.s3.delete_object(Bucket=IMAGES, Key=key, VersionId=version)
    with pytest.raises(ArchiveError, match=f"{key}: the index lists it, but the bucket does not have it"):
        run_archive(store)
    assert not [name for name, _ in store.versions(ARCHIVE) if name.endswith("manifest.json")]
    body = store.bodies.pop(key)
    assert count_lost(store) == 0
    store.clients.s3.put_object(Bucket=IMAGES, Key=key, Body=body)
    store.bodies[key] = body
    run_archive(store)
    assert count_lost(store) == 0


def test_a_delete_marker_on_an_indexed_object_fails_the_run(store: Store):
    key = next(iter(store.bodies))
    marker = store.clients.s3.delete_object(Bucket=IMAGES, Key=key)["VersionId"]
    with pytest.raises(ArchiveError, match="a delete marker hides it: remove the marker"):
        run_archive(store)
    store.clients.s3.delete_object(Bucket=IMAGES, Key=key, VersionId=marker)
    run_archive(store)


def test_a_truncated_object_fails_the_run(store: Store):
    key = next(iter(store.bodies))
    store.clients.s3.put_object(Bucket=IMAGES, Key=key, Body=b"short")
    with pytest.raises(ArchiveError, match="the index says 250 bytes, the bucket has 5"):
        run_archive(store)


def test_an_index_that_lists_an_object_twice_fails_the_run(store: Store):
    store.index.append(store.index[0])
    with pytest.raises(ArchiveError, match="the index lists it twice"):
        run_archive(store)


@pytest.mark.parametrize("phase", ["active", "archived"])
def test_only_a_closing_store_is_archived(store: Store, phase: str):
    with pytest.raises(ArchiveError, match="run `python -m ops close --stack prod` first"):
        archive(replace(store.target, phase=phase), store.clients, store.options)


def test_a_store_without_its_archive_resources_is_not_archived(store: Store):
    target = replace(store.target, index_function=None, signing_key_arn=None)
    with pytest.raises(ArchiveError, match="has no signingKeyArn, indexFunction: run `python -m ops close"):
        archive(target, store.clients, store.options)


def test_an_archive_bucket_without_object_lock_is_refused(store: Store):
    store.clients.s3.create_bucket(Bucket="bare")
    with pytest.raises(ArchiveError, match="bare has no Object Lock"):
        archive(replace(store.target, archive_bucket="bare"), store.clients, store.options)


def test_an_image_bucket_without_versioning_is_refused(store: Store):
    store.clients.s3.put_bucket_versioning(Bucket=IMAGES, VersioningConfiguration={"Status": "Suspended"})
    with pytest.raises(ArchiveError, match="has no versioning"):
        run_archive(store)


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("account", "999999999999", "you are signed in to the account"),
        ("region", "eu-west-1", "the store is in eu-west-1"),
    ],
)
def test_the_wrong_account_or_region_is_refused(store: Store, field: str, value: str, why: str):
    wire = Wire(store)
    with wire.tap(), pytest.raises(ArchiveError, match=why):
        archive(replace(store.target, **{field: value}), store.clients, store.options)
    assert set(wire.calls) == {"GetCallerIdentity"}


def test_a_target_is_read_from_the_stacks_outputs(store: Store):
    outputs = {"studyOutputs": {camel_case(name): value for name, value in vars(store.target).items()}}
    assert Target.from_exports(outputs) == store.target
    del outputs["studyOutputs"]["trailBucket"]
    with pytest.raises(ArchiveError, match="lacks trailBucket"):
        Target.from_exports(outputs)
    with pytest.raises(ArchiveError, match="exports no `studyOutputs`"):
        Target.from_exports({})
