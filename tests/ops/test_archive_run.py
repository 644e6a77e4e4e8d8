"""What an archive run copies, records, reports and refuses."""

from __future__ import annotations

import hashlib
import json
import subprocess
from dataclasses import replace

import pytest

from ops.study import archive
from ops.study.archive import manifest, records
from ops.study.archive.place import Place
from ops.study.archive.target import camel
from tests.ops.conftest import ACCOUNT, ARCHIVE, CLUSTER, GROUPS, IMAGES, Store
from tests.ops.faults import Wire, lost

PREFIX = "studies/octank/prod"


def archived(store: Store, **options: object) -> archive.Clients:
    archive.archive(store.target, store.clients, store.having(**options))
    return store.clients


def content(store: Store) -> dict:
    return json.loads(store.clients.s3.get_object(Bucket=ARCHIVE, Key=f"{PREFIX}/manifest.json")["Body"].read())


def lines(store: Store, kind: str = "parts") -> list[records.Line]:
    return list(manifest.lines(Place.of(store.target, store.clients.s3), content(store)[kind]))


def test_every_object_is_copied_with_its_checksum(store: Store):
    archived(store)
    found = {line.key: line for line in lines(store)}
    assert {key for key, line in found.items() if line.kind != "deleted"} == set(store.bodies)
    for key, body in store.bodies.items():
        assert found[key].sha256 == hashlib.sha256(body).hexdigest()
        assert found[key].bytes == len(body)
    assert lost(store) == 0


def test_copies_are_kept_as_they_must_be(store: Store):
    archived(store)
    for line in lines(store):
        if line.kind != "deleted":
            head = store.clients.s3.head_object(Bucket=ARCHIVE, Key=line.archive_key, VersionId=line.version)
            assert (head["StorageClass"], head["SSEKMSKeyId"]) == ("DEEP_ARCHIVE", store.target.archive_key_arn)
            assert head["ObjectLockMode"] == "GOVERNANCE"


def test_the_manifest_says_what_there_is(store: Store):
    report = archive.archive(store.target, store.clients, store.having(commit="abc"))
    said = content(store)
    assert said["objects"] == {
        "count": 5, "bytes": sum(map(len, store.bodies.values())), "orphans": 1, "onlyDeleted": 1, "noncurrent": 2,
        "markers": 1, "studies": 2, "series": 2, "instances": 3,
    }  # fmt: skip
    assert (said["account"], said["source"]["bucket"], said["commit"]) == (ACCOUNT, IMAGES, "abc")
    assert (said["database"]["cluster"], [log["group"] for log in said["logs"]]) == (CLUSTER, list(GROUPS))
    assert {line.kind for line in lines(store, "files")} == {"database", "index", "log"}
    assert (report.objects, report.orphans, report.noncurrent, report.markers) == (5, 1, 2, 1)


def test_the_inventory_names_every_study(store: Store):
    archived(store)
    name = content(store)["studies"]["name"]
    rows = json.loads(store.clients.s3.get_object(Bucket=ARCHIVE, Key=f"{PREFIX}/{name}")["Body"].read())
    assert [(row["study"], row["series"], row["instances"], row["objects"]) for row in rows] == [
        ("1.2.3", 1, 2, 3), ("1.2.4", 1, 1, 1),
    ]  # fmt: skip


def test_an_object_that_the_index_does_not_know_is_archived_and_named(store: Store):
    archived(store)
    [orphan] = [line for line in lines(store) if line.kind == "orphan"]
    assert store.bodies[orphan.key] == b"nobody knows me"


def test_standard_tools_verify_the_manifest(store: Store, tmp_path):
    archived(store)
    run = content(store)["run"]
    for key in (
        "manifest.json",
        *(f"runs/{run}/signed/{name}" for name in ("checksum", "signature", "public-key.pem")),
    ):
        store.clients.s3.download_file(ARCHIVE, f"{PREFIX}/{key}", str(tmp_path / key.rsplit("/", 1)[-1]))
    subprocess.run(["sha256sum", "-c", "checksum"], cwd=tmp_path, check=True, capture_output=True)
    proved = ["openssl", "dgst", "-sha384", "-verify", "public-key.pem", "-signature", "signature", "checksum"]
    subprocess.run(proved, cwd=tmp_path, check=True, capture_output=True)


def test_running_it_again_does_nothing(store: Store):
    archived(store)
    before = store.versions(IMAGES)
    wire = Wire(store)
    with wire.tapped():
        assert archive.archive(store.target, store.clients, store.options).before
    assert not {"CopyObject", "StartExportTask", "CreateExportTask", "Invoke"} & set(wire.calls)
    assert store.versions(IMAGES) == before


def test_a_new_run_copies_nothing_that_is_there(store: Store):
    archived(store)
    added = store.add(b"late", study="1.2.9")
    wire = Wire(store)
    with wire.tapped():
        archived(store, again=True)
    assert wire.calls.count("CopyObject") == 1
    assert added in {line.key for line in lines(store)}


@pytest.mark.parametrize("size", [1, 2, 5, 100])
def test_parts_of_any_size_hold_the_same(store: Store, size: int):
    archived(store, part_objects=size, workers=4)
    assert [line.key for line in lines(store)] == sorted(
        [*store.bodies, *(x.key for x in lines(store) if x.kind == "deleted")]
    )
    assert lost(store) == 0


def test_a_large_object_is_copied_in_pieces(store: Store):
    body = bytes(range(256)) * 45_000  # 11 MiB: S3 takes pieces of 5 MiB and more
    key = store.add(body)
    archived(store, multipart_bytes=6 * 2**20, piece_bytes=5 * 2**20)
    [line] = [line for line in lines(store) if line.key == key]
    assert line.sha256 == hashlib.sha256(body).hexdigest()
    assert line.composite is not None
    assert line.composite.endswith("-3")
    wire = Wire(store)
    with wire.tapped():
        archived(store, again=True, multipart_bytes=6 * 2**20, piece_bytes=5 * 2**20)
    assert "UploadPartCopy" not in wire.calls
    assert archive.verify(store.target, store.clients, store.options, archive.Reading(sample=None))["ok"]


def test_a_missing_object_stops_it_and_the_rest_is_archived(store: Store):
    key = next(iter(store.bodies))
    for version in [version for name, version in store.versions(IMAGES) if name == key]:
        store.clients.s3.delete_object(Bucket=IMAGES, Key=key, VersionId=version)
    with pytest.raises(archive.ArchiveError, match=f"{key}: the index knows it, and the bucket does not have it"):
        archived(store)
    assert not [name for name, _ in store.versions(ARCHIVE) if name.endswith("manifest.json")]
    body = store.bodies.pop(key)
    assert lost(store) == 0
    store.clients.s3.put_object(Bucket=IMAGES, Key=key, Body=body)
    store.bodies[key] = body
    archived(store)
    assert lost(store) == 0


def test_a_delete_marker_on_a_known_object_stops_it(store: Store):
    key = next(iter(store.bodies))
    marker = store.clients.s3.delete_object(Bucket=IMAGES, Key=key)["VersionId"]
    with pytest.raises(archive.ArchiveError, match="a delete marker hides it: remove the marker"):
        archived(store)
    store.clients.s3.delete_object(Bucket=IMAGES, Key=key, VersionId=marker)
    archived(store)


def test_a_truncated_object_stops_it(store: Store):
    key = next(iter(store.bodies))
    store.clients.s3.put_object(Bucket=IMAGES, Key=key, Body=b"short")
    with pytest.raises(archive.ArchiveError, match="the index says 250 bytes, the bucket has 5"):
        archived(store)


def test_an_index_that_names_an_object_twice_stops_it(store: Store):
    store.index.append(store.index[0])
    with pytest.raises(archive.ArchiveError, match="the index names it twice"):
        archived(store)


@pytest.mark.parametrize("phase", ["active", "archived"])
def test_only_a_closing_store_is_archived(store: Store, phase: str):
    with pytest.raises(archive.ArchiveError, match="run `python -m ops close --stack prod` first"):
        archive.archive(replace(store.target, phase=phase), store.clients, store.options)


def test_a_store_without_its_archive_role_is_not_archived(store: Store):
    target = replace(store.target, index_function=None, signing_key_arn=None)
    with pytest.raises(archive.ArchiveError, match="has no signingKeyArn, indexFunction: run `python -m ops close"):
        archive.archive(target, store.clients, store.options)


def test_an_archive_without_a_lock_is_none(store: Store):
    store.clients.s3.create_bucket(Bucket="bare")
    with pytest.raises(archive.ArchiveError, match="bare has no Object Lock"):
        archive.archive(replace(store.target, archive_bucket="bare"), store.clients, store.options)


def test_images_without_versions_are_not_archived(store: Store):
    store.clients.s3.put_bucket_versioning(Bucket=IMAGES, VersioningConfiguration={"Status": "Suspended"})
    with pytest.raises(archive.ArchiveError, match="keeps no versions"):
        archived(store)


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("account", "999999999999", "you are signed in to the account"),
        ("region", "eu-west-1", "the store is in eu-west-1"),
    ],
)
def test_the_wrong_account_or_region_is_refused(store: Store, field: str, value: str, why: str):
    wire = Wire(store)
    with wire.tapped(), pytest.raises(archive.ArchiveError, match=why):
        archive.archive(replace(store.target, **{field: value}), store.clients, store.options)
    assert set(wire.calls) == {"GetCallerIdentity"}


def test_a_target_is_read_from_the_stacks_outputs(store: Store):
    outputs = {"ending": {camel(name): value for name, value in vars(store.target).items()}}
    assert archive.Target.of(outputs) == store.target
    del outputs["ending"]["trailBucket"]
    with pytest.raises(archive.ArchiveError, match="lacks trailBucket"):
        archive.Target.of(outputs)
    with pytest.raises(archive.ArchiveError, match="exports no `ending`"):
        archive.Target.of({})
