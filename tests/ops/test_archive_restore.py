"""A study is restored as DICOM files, from the archive bucket alone."""

from __future__ import annotations

import hashlib
import stat
from pathlib import Path
from typing import Any

import pytest
from moto.moto_api import state_manager
from moto.s3.models import s3_backends

from ops.study.archive.run import archive
from ops.study.restore.restoration import only_archive_prefix, restore
from ops.study.store.archive_store import ArchiveStore
from ops.study.store.errors import ArchiveError, StillRestoring
from tests.ops.conftest import ACCOUNT, ARCHIVE, Store
from tests.ops.faults import DELETES, Wire

PREFIX = "studies/octank/prod"


def restore_study(store: Store, to: Path, study: str = "1.2.3", **options: Any):
    archive_store = ArchiveStore(store.clients.s3, ARCHIVE, only_archive_prefix(store.clients.s3, ARCHIVE))
    return restore(archive_store, study, to, store.options, **options)


def restore_until_done(store: Store, to: Path, **options: Any):
    for _ in range(5):
        try:
            return restore_study(store, to, **options)
        except StillRestoring:
            pass
    pytest.fail("the study is never restored")


def test_a_study_is_restored_file_by_file(archived_store: Store, tmp_path: Path):
    done = restore_until_done(archived_store, tmp_path)
    files = {path.relative_to(tmp_path).as_posix(): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert files == {
        "1.2.3/1.2.3.1/1.2.3.1.1.dcm": b"DICM0" * 50,
        "1.2.3/1.2.3.1/1.2.3.1.2.dcm": b"DICM1" * 50,
    }
    assert (done.files, done.bytes) == (2, 500)


def test_a_restore_needs_only_the_archive(archived_store: Store, tmp_path: Path):
    archived_store.remove_images()
    wire = Wire(archived_store)
    with wire.tap():
        restore_until_done(archived_store, tmp_path)
    assert not {"Invoke", "GetPublicKey", "DescribeDBClusterSnapshots", "GetCallerIdentity"} & set(wire.calls)


def test_a_restore_in_progress_says_when_to_run_again(archived_store: Store, tmp_path: Path):
    state_manager.set_transition("s3::keyrestore", {"progression": "manual", "times": 3})
    wire = Wire(archived_store)
    try:
        with wire.tap():
            for _ in range(2):
                with pytest.raises(StillRestoring, match=r"S3 is restoring 2: run the same .* about 48 h"):
                    restore_study(archived_store, tmp_path, tier="Bulk")
        assert wire.calls.count("RestoreObject") == 2, "each object is requested once"
    finally:
        state_manager.unset_transition("s3::keyrestore")
    assert restore_until_done(archived_store, tmp_path, tier="Bulk").files == 2


def test_intact_files_are_not_downloaded_again(archived_store: Store, tmp_path: Path):
    restore_until_done(archived_store, tmp_path)
    broken = tmp_path / "1.2.3/1.2.3.1/1.2.3.1.1.dcm"
    broken.write_bytes(b"half")
    done = restore_until_done(archived_store, tmp_path)
    assert done.before == 1
    assert hashlib.sha256(broken.read_bytes()).digest() == hashlib.sha256(b"DICM0" * 50).digest()


def test_only_the_owner_can_read_the_files(archived_store: Store, tmp_path: Path):
    restore_until_done(archived_store, tmp_path)
    [file, _] = sorted(tmp_path.rglob("*.dcm"))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_damaged_object_never_becomes_a_file(archived_store: Store, tmp_path: Path):
    key = next(iter(archived_store.bodies)).removeprefix("images/")
    copy: Any = s3_backends[ACCOUNT]["aws"].get_object(ARCHIVE, f"{PREFIX}/objects/{key}")
    copy.value = b"X" * 250
    with pytest.raises(ArchiveError, match="does not match the manifest"):
        restore_until_done(archived_store, tmp_path)
    assert "1.2.3.1.1.dcm" not in {path.name for path in tmp_path.rglob("*.dcm")}


def test_an_unknown_study_is_reported(archived_store: Store, tmp_path: Path):
    with pytest.raises(ArchiveError, match=r"has no study 9\.9: .*studies\.json lists"):
        restore_study(archived_store, tmp_path, "9.9")


def test_a_manifest_by_another_key_is_not_trusted(archived_store: Store, tmp_path: Path):
    with pytest.raises(ArchiveError, match="do not trust it"):
        restore_study(archived_store, tmp_path, fingerprint="0" * 64)


def test_a_uid_cannot_escape_the_directory(store: Store, tmp_path: Path):
    store.index[0] |= {"instance": "../../escaped"}
    archive(store.target, store.clients, store.options)
    with pytest.raises(ArchiveError, match="are no DICOM UIDs"):
        restore_until_done(store, tmp_path)


def test_the_same_uids_under_two_patients_are_two_files(store: Store, tmp_path: Path):
    store.index[1] |= {"instance": store.index[0]["instance"]}
    archive(store.target, store.clients, store.options)
    restore_until_done(store, tmp_path)
    assert len(list(tmp_path.rglob("*.dcm"))) == 2


def test_a_bucket_without_an_archive_is_reported(store: Store):
    with pytest.raises(ArchiveError, match="has no complete archive"):
        only_archive_prefix(store.clients.s3, ARCHIVE)


def test_several_archives_are_listed(archived_store: Store):
    s3 = archived_store.clients.s3
    s3.put_object(Bucket=ARCHIVE, Key="studies/other/dev/manifest.json", Body=b"{}", ChecksumAlgorithm="SHA256")
    with pytest.raises(ArchiveError, match="add --prefix with one of studies/octank/prod, studies/other/dev"):
        only_archive_prefix(s3, ARCHIVE)


def test_restoring_deletes_nothing(archived_store: Store, tmp_path: Path):
    before = archived_store.versions(ARCHIVE)
    wire = Wire(archived_store)
    with wire.tap():
        restore_until_done(archived_store, tmp_path)
    assert not [call for call in wire.calls if call.startswith((*DELETES, "Put"))]
    assert archived_store.versions(ARCHIVE) == before
