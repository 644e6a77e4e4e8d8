"""A teardown is refused if manifest, parts, signature or report were edited, are old, or are of another store."""

from __future__ import annotations

import gzip
import json
import time
from dataclasses import replace
from datetime import timedelta

import pytest

from ops.study.archive.run import archive
from ops.study.store.archive_store import ArchiveStore
from ops.study.store.errors import ArchiveError
from ops.study.verify import report
from ops.study.verify.objects import ReadOptions
from ops.study.verify.verdict import VerifiedArchive, check_archive
from ops.study.verify.verification import verify
from tests.ops.conftest import ARCHIVE, Store
from tests.ops.proofs import MANIFEST, PREFIX, drop_index_entry, read_verdict, run_verify


def put_object(store: Store, key: str, body: bytes) -> None:
    store.clients.s3.put_object(Bucket=ARCHIVE, Key=key, Body=body, ChecksumAlgorithm="SHA256")


def test_an_edited_manifest_is_refused(archived_store: Store):
    body = archived_store.clients.s3.get_object(Bucket=ARCHIVE, Key=MANIFEST)["Body"].read()
    put_object(archived_store, MANIFEST, body.replace(b'"count": 5', b'"count": 4'))
    with pytest.raises(ArchiveError, match="was changed after it was signed"):
        run_verify(archived_store)
    assert isinstance(read_verdict(archived_store), list)


def test_a_damaged_manifest_is_refused(archived_store: Store):
    put_object(archived_store, MANIFEST, b"{")
    with pytest.raises(ArchiveError, match="was damaged"):
        run_verify(archived_store)


def test_an_edited_part_is_refused(archived_store: Store):
    [key] = [key for key, _ in archived_store.versions(ARCHIVE) if "/parts/" in key]
    body = archived_store.clients.s3.get_object(Bucket=ARCHIVE, Key=key)["Body"].read()
    put_object(archived_store, key, gzip.compress(gzip.decompress(body)[:-10]))
    with pytest.raises(ArchiveError, match="is not the part that the manifest names"):
        run_verify(archived_store)


def test_another_signing_key_is_refused(archived_store: Store):
    other = archived_store.clients.kms.create_key(KeySpec="ECC_NIST_P384", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
    target = replace(archived_store.target, signing_key_arn=other)
    with pytest.raises(ArchiveError, match="signed with another key than the study's"):
        verify(target, archived_store.clients, archived_store.options, ReadOptions())
    assert "another key" in str(check_archive(target, archived_store.clients))


def test_a_signature_of_another_document_is_refused(archived_store: Store):
    [key] = [key for key, _ in archived_store.versions(ARCHIVE) if key.endswith("/signed/signature")]
    arn = archived_store.target.signing_key_arn or ""
    other = archived_store.clients.kms.sign(
        KeyId=arn, Message=b"x", MessageType="RAW", SigningAlgorithm="ECDSA_SHA_384"
    )
    put_object(archived_store, key, other["Signature"])
    with pytest.raises(ArchiveError, match="the signature does not match the public key stored with it"):
        run_verify(archived_store)


def test_an_archive_without_a_manifest_is_refused(store: Store):
    with pytest.raises(ArchiveError, match="the archive is not complete"):
        run_verify(store)
    assert "the archive is not complete" in str(read_verdict(store))


def test_an_archive_that_was_never_verified_is_refused(archived_store: Store):
    assert read_verdict(archived_store) == ["the archive was never verified: run `python -m ops verify`"]


def test_the_age_of_a_report_is_taken_by_the_clock_of_s3(archived_store: Store):
    run_verify(archived_store)
    archived_store.ahead = 8 * 24 * 3600
    assert "8 days old, more than 7" in str(read_verdict(archived_store))
    assert isinstance(read_verdict(archived_store, max_age=timedelta(days=30)), VerifiedArchive)


def test_an_operators_wrong_clock_has_no_effect(archived_store: Store, monkeypatch: pytest.MonkeyPatch):
    run_verify(archived_store)
    archived_store.ahead = time.time() - 1.0
    monkeypatch.setattr("time.time", lambda: 1.0)
    assert isinstance(read_verdict(archived_store), VerifiedArchive)


def test_a_report_from_the_future_is_refused(archived_store: Store):
    archived_store.ahead = 3600
    run_verify(archived_store)
    archived_store.ahead = 0
    assert "from the future" in str(read_verdict(archived_store))


def test_a_report_of_an_earlier_manifest_is_refused(archived_store: Store):
    run_verify(archived_store)
    archive(archived_store.target, archived_store.clients, archived_store.with_options(again=True))
    assert "of another manifest" in str(read_verdict(archived_store))


def test_an_edited_report_is_refused(archived_store: Store):
    drop_index_entry(archived_store)
    run_verify(archived_store)
    found = report.read_newest(ArchiveStore.for_target(archived_store.target, archived_store.clients.s3), None)
    assert found is not None
    put_object(archived_store, f"{PREFIX}/{found.name}", json.dumps({**found.content, "ok": True}).encode())
    assert "was changed after it was signed" in str(read_verdict(archived_store))


@pytest.mark.parametrize("field", ["study", "environment", "image_bucket", "database_cluster"])
def test_the_proof_of_another_store_is_refused(archived_store: Store, field: str):
    run_verify(archived_store)
    blockers = check_archive(replace(archived_store.target, **{field: "other"}), archived_store.clients)
    assert "and this store's is other" in str(blockers)


def test_a_held_lock_blocks_the_teardown(archived_store: Store):
    run_verify(archived_store)
    holder = {"state": "held", "who": "eve", "doing": "archive", "since": "today"}
    put_object(archived_store, f"{PREFIX}/lock.json", json.dumps(holder).encode())
    assert "eve has run `ops archive` since today" in str(read_verdict(archived_store))
