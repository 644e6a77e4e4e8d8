"""A study comes back as files, from the archive bucket alone."""

from __future__ import annotations

import hashlib
import stat
from pathlib import Path
from typing import Any

import pytest
from moto.moto_api import state_manager
from moto.s3.models import s3_backends

from ops.study import archive
from ops.study.archive.place import Place
from ops.study.archive.restoring import only
from tests.ops.conftest import ACCOUNT, ARCHIVE, Store
from tests.ops.faults import DELETES, Wire

PREFIX = "studies/octank/prod"


@pytest.fixture
def archived(store: Store) -> Store:
    archive.archive(store.target, store.clients, store.options)
    return store


def restored(store: Store, to: Path, study: str = "1.2.3", **options: Any):
    place = Place(store.clients.s3, ARCHIVE, only(store.clients.s3, ARCHIVE))
    return archive.restore(place, study, to, store.options, **options)


def finally_restored(store: Store, to: Path, **options: Any):
    for _ in range(5):
        try:
            return restored(store, to, **options)
        except archive.StillRestoring:
            pass
    pytest.fail("it never came")


def test_a_study_comes_back_file_by_file(archived: Store, tmp_path: Path):
    done = finally_restored(archived, tmp_path)
    files = {path.relative_to(tmp_path).as_posix(): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert files == {
        "1.2.3/1.2.3.1/1.2.3.1.1.dcm": b"DICM0" * 50,
        "1.2.3/1.2.3.1/1.2.3.1.2.dcm": b"DICM1" * 50,
    }
    assert (done.files, done.bytes) == (2, 500)


def test_it_comes_back_without_the_system(archived: Store, tmp_path: Path):
    archived.remove_images()
    wire = Wire(archived)
    with wire.tapped():
        finally_restored(archived, tmp_path)
    assert not {"Invoke", "GetPublicKey", "DescribeDBClusterSnapshots", "GetCallerIdentity"} & set(wire.calls)


def test_until_it_is_there_it_says_when_to_come_back(archived: Store, tmp_path: Path):
    state_manager.set_transition("s3::keyrestore", {"progression": "manual", "times": 3})
    wire = Wire(archived)
    try:
        with wire.tapped():
            for _ in range(2):
                with pytest.raises(
                    archive.StillRestoring, match=r"2 are on their way back: run the same .* about 48 h"
                ):
                    restored(archived, tmp_path, tier="Bulk")
        assert wire.calls.count("RestoreObject") == 2, "it is asked for once"
    finally:
        state_manager.unset_transition("s3::keyrestore")
    assert finally_restored(archived, tmp_path, tier="Bulk").files == 2


def test_files_that_are_there_are_not_fetched_again(archived: Store, tmp_path: Path):
    finally_restored(archived, tmp_path)
    broken = tmp_path / "1.2.3/1.2.3.1/1.2.3.1.1.dcm"
    broken.write_bytes(b"half")
    done = finally_restored(archived, tmp_path)
    assert done.before == 1
    assert hashlib.sha256(broken.read_bytes()).digest() == hashlib.sha256(b"DICM0" * 50).digest()


def test_files_are_for_their_owner_only(archived: Store, tmp_path: Path):
    finally_restored(archived, tmp_path)
    [file, _] = sorted(tmp_path.rglob("*.dcm"))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_damaged_object_never_becomes_a_file(archived: Store, tmp_path: Path):
    key = next(iter(archived.bodies)).removeprefix("images/")
    copy: Any = s3_backends[ACCOUNT]["aws"].get_object(ARCHIVE, f"{PREFIX}/objects/{key}")
    copy.value = b"X" * 250
    with pytest.raises(archive.ArchiveError, match="is not what the manifest says"):
        finally_restored(archived, tmp_path)
    assert "1.2.3.1.1.dcm" not in {path.name for path in tmp_path.rglob("*.dcm")}


def test_an_unknown_study_is_said(archived: Store, tmp_path: Path):
    with pytest.raises(archive.ArchiveError, match=r"has no study 9\.9: .*studies\.json lists"):
        restored(archived, tmp_path, "9.9")


def test_a_manifest_by_another_key_is_not_trusted(archived: Store, tmp_path: Path):
    with pytest.raises(archive.ArchiveError, match="do not trust it"):
        restored(archived, tmp_path, fingerprint="0" * 64)


def test_a_uid_cannot_leave_the_directory(store: Store, tmp_path: Path):
    store.index[0] |= {"instance": "../../escaped"}
    archive.archive(store.target, store.clients, store.options)
    with pytest.raises(archive.ArchiveError, match="are no DICOM UIDs"):
        finally_restored(store, tmp_path)


def test_the_same_uids_under_two_patients_are_two_files(store: Store, tmp_path: Path):
    store.index[1] |= {"instance": store.index[0]["instance"]}
    archive.archive(store.target, store.clients, store.options)
    finally_restored(store, tmp_path)
    assert len(list(tmp_path.rglob("*.dcm"))) == 2


def test_a_bucket_without_an_archive_is_said(store: Store):
    with pytest.raises(archive.ArchiveError, match="has no complete archive"):
        only(store.clients.s3, ARCHIVE)


def test_several_archives_are_named(archived: Store):
    s3 = archived.clients.s3
    s3.put_object(Bucket=ARCHIVE, Key="studies/other/dev/manifest.json", Body=b"{}", ChecksumAlgorithm="SHA256")
    with pytest.raises(archive.ArchiveError, match="add --prefix with one of studies/octank/prod, studies/other/dev"):
        only(s3, ARCHIVE)


def test_restoring_deletes_nothing(archived: Store, tmp_path: Path):
    before = archived.versions(ARCHIVE)
    wire = Wire(archived)
    with wire.tapped():
        finally_restored(archived, tmp_path)
    assert not [call for call in wire.calls if call.startswith((*DELETES, "Put"))]
    assert archived.versions(ARCHIVE) == before
