"""A verification finds every change since the archive, and a teardown is then refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from moto.s3.models import s3_backends

from ops.study.archive.run import archive
from ops.study.store.errors import ArchiveError, StillRestoring
from ops.study.verify import report
from ops.study.verify.verdict import VerifiedArchive
from tests.ops.conftest import ACCOUNT, ARCHIVE, CLUSTER, IMAGES, Store
from tests.ops.faults import DELETES, Wire
from tests.ops.proofs import PREFIX, drop_index_entry, read_verdict, run_verify


def first_key(store: Store) -> str:
    return next(iter(store.bodies))


def stored_object(key: str) -> Any:
    """moto's own object, to change it behind S3's API."""
    return s3_backends[ACCOUNT]["aws"].get_object(ARCHIVE, key)


def copy_key(key: str) -> str:
    return f"{PREFIX}/objects/{key.removeprefix('images/')}"


def test_an_unchanged_archive_is_verified(archived_store: Store):
    result = run_verify(archived_store)
    assert (result["ok"], result["objects"], result["files"], result["index"], result["imageBucket"]) == (
        True, 5, 5, "compared", "compared",
    )  # fmt: skip
    proof = read_verdict(archived_store)
    assert isinstance(proof, VerifiedArchive)
    assert (proof.objects, proof.manifest_sha256) == (5, result["manifestSha256"])


def truncate(store: Store) -> None:
    stored_object(copy_key(first_key(store))).value = b"DICM0"


def delete_copy(store: Store) -> None:
    del s3_backends[ACCOUNT]["aws"].get_bucket(ARCHIVE).keys[copy_key(first_key(store))]


def overwrite_copy(store: Store) -> None:
    store.clients.s3.put_object(
        Bucket=ARCHIVE, Key=copy_key(first_key(store)), Body=b"other", ChecksumAlgorithm="SHA256"
    )


def hide_copy(store: Store) -> None:
    store.clients.s3.delete_object(Bucket=ARCHIVE, Key=copy_key(first_key(store)))


def change_class(store: Store) -> None:
    stored_object(copy_key(first_key(store))).set_storage_class("GLACIER")


def change_key(store: Store) -> None:
    stored_object(copy_key(first_key(store))).kms_key_id = "arn:aws:kms:us-east-1:123456789012:key/other"


def change_checksum(store: Store) -> None:
    stored_object(copy_key(first_key(store))).checksum_value = "A" * 43 + "="


def shorten_lock(store: Store) -> None:
    stored_object(copy_key(first_key(store))).lock_until = "2026-12-01T00:00:00Z"


def remove_lock(store: Store) -> None:
    stored_object(copy_key(first_key(store))).lock_until = None


def change_image(store: Store) -> None:
    store.clients.s3.put_object(Bucket=IMAGES, Key=first_key(store), Body=store.bodies[first_key(store)])


def delete_image(store: Store) -> None:
    store.clients.s3.delete_object(Bucket=IMAGES, Key=first_key(store))


def add_image(store: Store) -> None:
    store.add(b"late", known=False)


def add_to_index(store: Store) -> None:
    store.index.append({**store.index[0], "uuid": "ffffffff-0000-0000-0000-000000000000"})


def change_md5(store: Store) -> None:
    store.index[0]["md5"] = "0" * 32


def change_export(store: Store) -> None:
    [key] = [key for key, _ in store.versions(ARCHIVE) if key.endswith(".parquet")]
    found = stored_object(key)
    found.value = b"X" * found.size


def change_studies(store: Store) -> None:
    [key] = [key for key, _ in store.versions(ARCHIVE) if key.endswith("studies.json")]
    store.clients.s3.put_object(Bucket=ARCHIVE, Key=key, Body=b"[]", ChecksumAlgorithm="SHA256")


def delete_snapshot(store: Store) -> None:
    rds = store.clients.rds
    answer = rds.describe_db_cluster_snapshots(DBClusterIdentifier=CLUSTER, SnapshotType="manual")
    [found] = answer["DBClusterSnapshots"]
    rds.delete_db_cluster_snapshot(DBClusterSnapshotIdentifier=found["DBClusterSnapshotIdentifier"])


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (truncate, "the archive has 5 bytes, the manifest says 250"),
        (delete_copy, "it is not in the archive"),
        (overwrite_copy, "the archive has a newer version than the archived one"),
        (hide_copy, "a delete marker hides it in the archive"),
        (change_class, "its storage class is GLACIER"),
        (change_key, "not with the archive's key"),
        (change_checksum, "S3's SHA-256 of the archived object"),
        (shorten_lock, "Object Lock protects it until 2026-12-01"),
        (remove_lock, "Object Lock protects it until never"),
        (change_image, "it was changed in the image bucket after the archive"),
        (delete_image, "is hidden by a delete marker in the image bucket"),
        (add_image, "it was added to the image bucket after the archive"),
        (add_to_index, "the index lists it, the image bucket and the manifest do not"),
        (drop_index_entry, "the index no longer lists it"),
        (change_md5, "its index entry has changed"),
        (change_export, "not the manifest's"),
        (change_studies, "it was changed after the archive"),
        (delete_snapshot, "the snapshot is gone"),
    ],
)
def test_a_change_is_found(archived_store: Store, change: Callable[[Store], None], why: str):
    change(archived_store)
    result = run_verify(archived_store)
    assert not result["ok"]
    assert any(why in problem for problem in result["problems"]), result["problems"]
    blockers = read_verdict(archived_store)
    assert isinstance(blockers, list)
    assert "the newest verification found" in blockers[0]


def test_reading_finds_bytes_that_do_not_match_their_checksum(archived_store: Store):
    """The bytes change but S3's checksum does not, so only reading finds it."""
    key = first_key(archived_store)
    image: Any = s3_backends[ACCOUNT]["aws"].get_object(IMAGES, key)
    image.value = b"X" * len(archived_store.bodies[key])
    assert not run_verify(archived_store, sample=None)["ok"]


def test_the_md5_in_the_index_finds_an_image_changed_before_the_archive(store: Store):
    """The image changes before the archive, with the same size, so that the copy matches it."""
    key = first_key(store)
    image: Any = s3_backends[ACCOUNT]["aws"].get_object(IMAGES, key)
    image.value, image.checksum_algorithm, image.checksum_value = b"X" * image.size, None, None
    archive(store.target, store.clients, store.options)
    assert any("MD5" in problem for problem in run_verify(store, sample=None)["problems"])


def test_an_object_that_only_the_archive_has_is_counted_and_no_failure(archived_store: Store):
    archived_store.clients.s3.put_object(
        Bucket=ARCHIVE, Key=f"{PREFIX}/objects/more.dcm", Body=b"x", ChecksumAlgorithm="SHA256"
    )
    result = run_verify(archived_store)
    assert (result["ok"], result["onlyInArchive"]) == (True, 1)


def test_the_archive_itself_is_read_after_the_teardown(archived_store: Store):
    archived_store.remove_images()
    archived_store.target = replace(archived_store.target, phase="archived", index_function=None)
    with pytest.raises(ArchiveError, match="add `--from archive`"):
        run_verify(archived_store)
    with pytest.raises(StillRestoring, match="S3 is restoring 5 objects from the archive"):
        run_verify(archived_store, source="archive", sample=None)
    result = run_verify(archived_store, source="archive", sample=None)
    assert (result["ok"], result["imageBucket"], result["index"]) == (True, "gone", "gone")


def test_the_sample_is_the_same_until_it_is_restored(archived_store: Store):
    wire = Wire(archived_store)
    with wire.tap():
        with pytest.raises(StillRestoring, match="in about 48 h"):
            run_verify(archived_store, source="archive", sample=2)
        result = run_verify(archived_store, source="archive", sample=2)
    assert wire.calls.count("RestoreObject") == 2
    assert result["read"] == {"objects": 2, "from": "archive", "tier": "Bulk"}
    assert result["confidence"].startswith("2 of 5 objects, chosen at random, were read")


def test_a_tier_that_the_class_does_not_offer_is_refused(archived_store: Store):
    with pytest.raises(ArchiveError, match="DEEP_ARCHIVE does not offer the retrieval tier Expedited: use Bulk, St"):
        run_verify(archived_store, source="archive", tier="Expedited")


def test_verifying_deletes_and_changes_nothing(archived_store: Store):
    before = {bucket: archived_store.versions(bucket) for bucket in (IMAGES, ARCHIVE)}
    wire = Wire(archived_store)
    with wire.tap():
        run_verify(archived_store, sample=None)
    assert not [call for call in wire.calls if call.startswith(DELETES)]
    assert archived_store.versions(IMAGES) == before[IMAGES]
    assert before[ARCHIVE] <= archived_store.versions(ARCHIVE)


def test_confidence_follows_from_the_sample_size():
    assert "fewer than 0.99% of the others" in report.confidence(300, 1_000_000)
    assert report.confidence(5, 5) == "all 5 objects were read"
