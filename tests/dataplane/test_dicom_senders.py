"""Modalities of the centers store over DICOM with TLS on both sides; nobody else does, and they do nothing else."""

from __future__ import annotations

import json
import ssl
from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from dataplane import studies
from dataplane.authority import Authority
from dataplane.senders import FIND, GET, MOVE, VERIFICATION, associated, context, titles
from dataplane.store import Store
from dataplane.studies import Instance

SUCCESS, NOT_AUTHORIZED = 0x0000, {0x0122, 0x0124, 0xA700, 0xA900, 0xC000}


@pytest.fixture
def sender(prod: Store, tmp_path: Path) -> tuple[ssl.SSLContext, str]:
    """TLS and title of the first sender of the first center."""
    center, [title, *_] = next(iter(titles(prod).items()))
    return context(tmp_path, prod.stack.senders[center]), title


def stored(prod: Store, sender: tuple[ssl.SSLContext, str], instance: Instance, replica: int = 0) -> int | None:
    """Status of a C-STORE; None without an association."""
    tls, title = sender
    dataset = instance.dataset
    with associated(prod, tls, calling=title, dataset=dataset, replica=replica) as association:
        return association.send_c_store(dataset).Status if association.is_established else None


def test_every_center_with_a_sender_has_a_certificate(prod: Store):
    assert titles(prod)
    assert titles(prod).keys() <= prod.stack.senders.keys()


def test_every_title_of_every_center_may_store(prod: Store, tmp_path: Path):
    for number, (center, known) in enumerate(titles(prod).items()):
        (folder := tmp_path / str(number)).mkdir()
        tls = context(folder, prod.stack.senders[center])
        for title in known:
            [instance] = studies.ct(1, size=64)
            assert stored(prod, (tls, title), instance, replica=number % 2) == SUCCESS
            equal(prod, instance)


@pytest.mark.parametrize("name", studies.COMPRESSED)
def test_a_compressed_instance_arrives_as_it_was_compressed(name: str, prod: Store, sender: tuple[ssl.SSLContext, str]):
    instance = studies.compressed(name)
    assert stored(prod, sender, instance) == SUCCESS
    equal(prod, instance)


def equal(prod: Store, instance: Instance) -> None:
    """Read through DICOMweb: the data set, its pixels and its transfer syntax; the file's header is Orthanc's."""
    [found] = prod.client().search(StudyInstanceUID=instance.study)
    assert found["00080018"]["Value"] == [instance.uid]
    for client in (prod.client(), *(replica.client() for replica in prod.replicas)):
        [data] = client.retrieve(instance.path)
        received, sent = Instance.read(data).dataset, instance.dataset
        if sent.file_meta.TransferSyntaxUID.is_compressed:
            sent["PixelData"].VR = "OB"  # as DICOM has it; two of the files say OW
        assert received == sent
        assert received.PixelData == sent.PixelData
        assert received.file_meta.TransferSyntaxUID == sent.file_meta.TransferSyntaxUID


def test_a_second_sending_is_taken_and_changes_nothing(prod: Store, sender: tuple[ssl.SSLContext, str]):
    [instance] = studies.ct(1, size=64)
    assert [stored(prod, sender, instance, replica) for replica in (0, 1, 0)] == [SUCCESS] * 3
    equal(prod, instance)


def test_a_known_sender_may_ask_whether_the_store_is_there(prod: Store, sender: tuple[ssl.SSLContext, str]):
    with associated(prod, sender[0], calling=sender[1]) as association:
        assert association.is_established
        assert association.send_c_echo().Status == SUCCESS


@pytest.mark.parametrize(("calling", "called"), [("", "SOMEBODY"), ("", "ORTHANC"), ("NOBODY", ""), ("octankct1x", "")])
def test_unknown_titles_are_refused(calling: str, called: str, prod: Store, sender: tuple[ssl.SSLContext, str]):
    tls, title = sender
    with associated(prod, tls, calling=calling or title, called=called or "MASTERBUILDER") as association:
        if association.is_established:  # Orthanc may refuse an unknown sender's every request instead
            assert called == "", "another store was meant"
            assert association.accepted_contexts
            assert association.send_c_echo().get("Status") != SUCCESS
            [instance] = studies.ct(1, size=64)
            assert association.send_c_store(instance.dataset).get("Status") != SUCCESS
    assert all(replica.healthy() for replica in prod.replicas)


def test_a_sender_can_not_search_or_fetch(prod: Store, sender: tuple[ssl.SSLContext, str]):
    [instance] = studies.ct(1, size=64)
    assert stored(prod, sender, instance) == SUCCESS
    query = Dataset()
    query.QueryRetrieveLevel, query.PatientName, query.StudyInstanceUID = "STUDY", "*", instance.study
    with associated(prod, sender[0], calling=sender[1], contexts=(VERIFICATION, FIND, GET, MOVE)) as association:
        accepted = {one.abstract_syntax for one in association.accepted_contexts}
        for kind, ask in ((FIND, association.send_c_find), (GET, association.send_c_get)):
            if kind in accepted and association.is_established:
                for status, answer in ask(query, kind):
                    assert status.get("Status") not in {SUCCESS, 0xFF00, 0xFF01}
                    assert answer is None or "PatientName" not in answer
        if MOVE in accepted and association.is_established:
            for status, _ in association.send_c_move(query, sender[1], MOVE):
                assert status.get("Status") not in {SUCCESS, 0xFF00}


@pytest.mark.parametrize("shown", ["nothing", "another authority", "plain"])
def test_who_shows_no_certificate_of_the_store_does_not_come_in(shown: str, prod: Store, tmp_path: Path):
    center, [title, *_] = next(iter(titles(prod).items()))
    bundle = prod.stack.senders[center]
    tls: ssl.SSLContext | None = context(tmp_path, bundle, present=False)
    if shown == "another authority":
        certificate, key = Authority.create(tmp_path, "foreign").issue("sender", folder=tmp_path)
        assert tls is not None
        tls.load_cert_chain(certificate, key)
    with associated(prod, None if shown == "plain" else tls, calling=title) as association:
        if association.is_established:
            assert association.send_c_echo().get("Status") is None
        assert not association.is_established


def test_an_unknown_kind_of_object_is_not_taken(prod: Store, sender: tuple[ssl.SSLContext, str]):
    with associated(prod, sender[0], calling=sender[1], contexts=("1.2.826.0.1.3680043.8.498.1",)) as association:
        assert not association.accepted_contexts


def test_the_title_is_that_of_the_contract(prod: Store):
    app = prod.stack.tasks["app"]
    assert (app.environment["DICOM_AET"], app.environment["DICOM_PORT"]) == ("MASTERBUILDER", "104")
    made = json.loads((prod.replicas[0].folder / "tmp" / "orthanc.json").read_text())
    assert (made["DicomAet"], made["DicomCheckCalledAet"]) == ("MASTERBUILDER", True)
