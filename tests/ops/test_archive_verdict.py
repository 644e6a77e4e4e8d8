"""An edited manifest, part, signature or report, an old one or another store's: a teardown is refused."""

from __future__ import annotations

import gzip
import json
import time
from dataclasses import replace
from datetime import timedelta

import pytest

from ops.study import archive
from ops.study.archive import report
from ops.study.archive.place import Place
from tests.ops.conftest import ARCHIVE, Store
from tests.ops.proofs import MANIFEST, PREFIX, forget, verdict, verified


def put(store: Store, key: str, body: bytes) -> None:
    store.clients.s3.put_object(Bucket=ARCHIVE, Key=key, Body=body, ChecksumAlgorithm="SHA256")


def test_an_edited_manifest_is_refused(archived: Store):
    body = archived.clients.s3.get_object(Bucket=ARCHIVE, Key=MANIFEST)["Body"].read()
    put(archived, MANIFEST, body.replace(b'"count": 5', b'"count": 4'))
    with pytest.raises(archive.ArchiveError, match="was changed after it was signed"):
        verified(archived)
    assert isinstance(verdict(archived), list)


def test_a_damaged_manifest_is_refused(archived: Store):
    put(archived, MANIFEST, b"{")
    with pytest.raises(archive.ArchiveError, match="was damaged"):
        verified(archived)


def test_an_edited_part_is_refused(archived: Store):
    [key] = [key for key, _ in archived.versions(ARCHIVE) if "/parts/" in key]
    body = archived.clients.s3.get_object(Bucket=ARCHIVE, Key=key)["Body"].read()
    put(archived, key, gzip.compress(gzip.decompress(body)[:-10]))
    with pytest.raises(archive.ArchiveError, match="is not the part that the manifest names"):
        verified(archived)


def test_another_signing_key_is_refused(archived: Store):
    other = archived.clients.kms.create_key(KeySpec="ECC_NIST_P384", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
    target = replace(archived.target, signing_key_arn=other)
    with pytest.raises(archive.ArchiveError, match="signed with another key than the study's"):
        archive.verify(target, archived.clients, archived.options, archive.Reading())
    assert "another key" in str(archive.verified(target, archived.clients))


def test_a_signature_of_another_document_is_refused(archived: Store):
    [key] = [key for key, _ in archived.versions(ARCHIVE) if key.endswith("/signed/signature")]
    arn = archived.target.signing_key_arn
    other = archived.clients.kms.sign(KeyId=arn, Message=b"x", MessageType="RAW", SigningAlgorithm="ECDSA_SHA_384")
    put(archived, key, other["Signature"])
    with pytest.raises(archive.ArchiveError, match="the signature is not of the key beside it"):
        verified(archived)


def test_nothing_is_verified_without_a_manifest(store: Store):
    with pytest.raises(archive.ArchiveError, match="the archive is not complete"):
        verified(store)
    assert "the archive is not complete" in str(verdict(store))


def test_an_archive_that_was_never_verified_is_refused(archived: Store):
    assert verdict(archived) == ["the archive was never verified: run `python -m ops verify`"]


def test_a_report_grows_old_by_the_clock_of_s3(archived: Store):
    verified(archived)
    archived.ahead = 8 * 24 * 3600
    assert "8 days old, more than 7" in str(verdict(archived))
    assert isinstance(verdict(archived, max_age=timedelta(days=30)), archive.Verified)


def test_an_operators_wrong_clock_changes_nothing(archived: Store, monkeypatch: pytest.MonkeyPatch):
    verified(archived)
    archived.ahead = time.time() - 1.0
    monkeypatch.setattr("time.time", lambda: 1.0)
    assert isinstance(verdict(archived), archive.Verified)


def test_a_report_from_the_future_is_refused(archived: Store):
    archived.ahead = 3600
    verified(archived)
    archived.ahead = 0
    assert "from the future" in str(verdict(archived))


def test_a_report_of_an_earlier_manifest_is_refused(archived: Store):
    verified(archived)
    archive.archive(archived.target, archived.clients, archived.having(again=True))
    assert "of another manifest" in str(verdict(archived))


def test_an_edited_report_is_refused(archived: Store):
    forget(archived)
    verified(archived)
    found = report.newest(Place.of(archived.target, archived.clients.s3), None)
    assert found is not None
    put(archived, f"{PREFIX}/{found.name}", json.dumps({**found.content, "ok": True}).encode())
    assert "was changed after it was signed" in str(verdict(archived))


@pytest.mark.parametrize("field", ["study", "environment", "image_bucket", "database_cluster"])
def test_the_proof_of_another_store_is_refused(archived: Store, field: str):
    verified(archived)
    said = archive.verified(replace(archived.target, **{field: "other"}), archived.clients)
    assert "and this store's is other" in str(said)


def test_while_somebody_works_nothing_may_go(archived: Store):
    verified(archived)
    held = {"state": "held", "who": "eve", "doing": "archive", "since": "today"}
    put(archived, f"{PREFIX}/lock.json", json.dumps(held).encode())
    assert "eve runs `ops archive` since today" in str(verdict(archived))
