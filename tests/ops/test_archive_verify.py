"""Whatever changed between archive and verification is found, the report is signed, and a teardown is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from moto.s3.models import s3_backends

from ops.study import archive
from ops.study.archive import report
from tests.ops.conftest import ACCOUNT, ARCHIVE, CLUSTER, IMAGES, Store
from tests.ops.faults import DELETES, Wire
from tests.ops.proofs import PREFIX, forget, verdict, verified


def first(store: Store) -> str:
    return next(iter(store.bodies))


def stored(store: Store, key: str) -> Any:
    """moto's own object: what lies on S3's disks."""
    return s3_backends[ACCOUNT]["aws"].get_object(ARCHIVE, key)


def copy_of(key: str) -> str:
    return f"{PREFIX}/objects/{key.removeprefix('images/')}"


def test_an_archive_that_is_right_is_verified(archived: Store):
    said = verified(archived)
    assert (said["ok"], said["objects"], said["files"], said["index"], said["imageBucket"]) == (
        True, 5, 5, "compared", "compared",
    )  # fmt: skip
    proof = verdict(archived)
    assert isinstance(proof, archive.Verified)
    assert (proof.objects, proof.manifest_sha256) == (5, said["manifestSha256"])


def truncate(store: Store) -> None:
    stored(store, copy_of(first(store))).value = b"DICM0"


def delete_copy(store: Store) -> None:
    del s3_backends[ACCOUNT]["aws"].get_bucket(ARCHIVE).keys[copy_of(first(store))]


def cover_copy(store: Store) -> None:
    store.clients.s3.put_object(Bucket=ARCHIVE, Key=copy_of(first(store)), Body=b"other", ChecksumAlgorithm="SHA256")


def hide_copy(store: Store) -> None:
    store.clients.s3.delete_object(Bucket=ARCHIVE, Key=copy_of(first(store)))


def other_class(store: Store) -> None:
    stored(store, copy_of(first(store))).set_storage_class("GLACIER")


def other_key(store: Store) -> None:
    stored(store, copy_of(first(store))).kms_key_id = "arn:aws:kms:us-east-1:123456789012:key/other"


def other_checksum(store: Store) -> None:
    stored(store, copy_of(first(store))).checksum_value = "A" * 43 + "="


def shorter_lock(store: Store) -> None:
    stored(store, copy_of(first(store))).lock_until = "2026-12-01T00:00:00Z"


def no_lock(store: Store) -> None:
    stored(store, copy_of(first(store))).lock_until = None


def change_image(store: Store) -> None:
    store.clients.s3.put_object(Bucket=IMAGES, Key=first(store), Body=store.bodies[first(store)])


def delete_image(store: Store) -> None:
    store.clients.s3.delete_object(Bucket=IMAGES, Key=first(store))


def add_image(store: Store) -> None:
    store.add(b"late", known=False)


def add_to_index(store: Store) -> None:
    store.index.append({**store.index[0], "uuid": "ffffffff-0000-0000-0000-000000000000"})


def other_md5(store: Store) -> None:
    store.index[0]["md5"] = "0" * 32


def change_export(store: Store) -> None:
    [key] = [key for key, _ in store.versions(ARCHIVE) if key.endswith(".parquet")]
    found = stored(store, key)
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
        (cover_copy, "another version lies over the archived one"),
        (hide_copy, "a delete marker hides it in the archive"),
        (other_class, "its storage class is GLACIER"),
        (other_key, "not with the archive's key"),
        (other_checksum, "S3's SHA-256 of the archived object"),
        (shorter_lock, "Object Lock holds it until 2026-12-01"),
        (no_lock, "Object Lock holds it until never"),
        (change_image, "it was changed in the image bucket after the archive"),
        (delete_image, "is hidden by a delete marker in the image bucket"),
        (add_image, "it was added to the image bucket after the archive"),
        (add_to_index, "the index knows it, the image bucket and the manifest do not"),
        (forget, "the index does not know it any more"),
        (other_md5, "the index says something else of it"),
        (change_export, "not the manifest's"),
        (change_studies, "it was changed after the archive"),
        (delete_snapshot, "the snapshot is gone"),
    ],
)
def test_a_change_is_found(archived: Store, change: Callable[[Store], None], why: str):
    change(archived)
    said = verified(archived)
    assert not said["ok"]
    assert any(why in problem for problem in said["problems"]), said["problems"]
    refusals = verdict(archived)
    assert isinstance(refusals, list)
    assert "the newest verification found" in refusals[0]


def test_a_lie_of_the_checksum_is_found_by_reading(archived: Store):
    """Bytes that changed under an unchanged checksum: only reading them tells."""
    key = first(archived)
    image: Any = s3_backends[ACCOUNT]["aws"].get_object(IMAGES, key)
    image.value = b"X" * len(archived.bodies[key])
    assert not verified(archived, sample=None)["ok"]


def test_bytes_that_orthanc_never_had_are_found_by_its_md5(store: Store):
    """The image was changed before the archive, in place and with the same size: the copy is faithful, and wrong."""
    key = first(store)
    image: Any = s3_backends[ACCOUNT]["aws"].get_object(IMAGES, key)
    image.value, image.checksum_algorithm, image.checksum_value = b"X" * image.size, None, None
    archive.archive(store.target, store.clients, store.options)
    assert any("MD5" in problem for problem in verified(store, sample=None)["problems"])


def test_an_object_that_only_the_archive_has_is_named_and_no_failure(archived: Store):
    archived.clients.s3.put_object(
        Bucket=ARCHIVE, Key=f"{PREFIX}/objects/more.dcm", Body=b"x", ChecksumAlgorithm="SHA256"
    )
    said = verified(archived)
    assert (said["ok"], said["onlyInArchive"]) == (True, 1)


def test_after_the_system_the_archive_is_read_itself(archived: Store):
    archived.remove_images()
    archived.target = replace(archived.target, phase="archived", index_function=None)
    with pytest.raises(archive.ArchiveError, match="add `--from archive`"):
        verified(archived)
    with pytest.raises(archive.StillRestoring, match="5 objects are on their way back from the archive"):
        verified(archived, source="archive", sample=None)
    said = verified(archived, source="archive", sample=None)
    assert (said["ok"], said["imageBucket"], said["index"]) == (True, "gone", "gone")


def test_a_sample_is_the_same_until_it_is_awake(archived: Store):
    wire = Wire(archived)
    with wire.tapped():
        with pytest.raises(archive.StillRestoring, match="in about 48 h"):
            verified(archived, source="archive", sample=2)
        said = verified(archived, source="archive", sample=2)
    assert wire.calls.count("RestoreObject") == 2
    assert said["read"] == {"objects": 2, "from": "archive", "tier": "Bulk"}
    assert said["confidence"].startswith("2 of 5 objects, chosen at random, were read")


def test_a_tier_that_the_class_lacks_is_refused(archived: Store):
    with pytest.raises(
        archive.ArchiveError, match="DEEP_ARCHIVE offers no restore of the tier Expedited: use Bulk, St"
    ):
        verified(archived, source="archive", tier="Expedited")


def test_verifying_deletes_and_changes_nothing(archived: Store):
    before = {bucket: archived.versions(bucket) for bucket in (IMAGES, ARCHIVE)}
    wire = Wire(archived)
    with wire.tapped():
        verified(archived, sample=None)
    assert not [call for call in wire.calls if call.startswith(DELETES)]
    assert archived.versions(IMAGES) == before[IMAGES]
    assert before[ARCHIVE] <= archived.versions(ARCHIVE)


def test_confidence_is_what_the_numbers_give():
    assert "fewer than 0.99% of the others" in report.confidence(300, 1_000_000)
    assert report.confidence(5, 5) == "all 5 objects were read"
