"""Only modalities of the centers can store over DICOM, with TLS on both sides, and they can do nothing else."""

from __future__ import annotations

import json
import ssl
from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from dataplane.clients.associations import FIND, GET, MOVE, VERIFICATION, tls_context
from dataplane.processes.authority import Authority
from dataplane.samples import studies
from dataplane.samples.studies import Instance
from dataplane.store import Store

SUCCESS, NOT_AUTHORIZED = 0x0000, {0x0122, 0x0124, 0xA700, 0xA900, 0xC000}


@pytest.fixture
def sender(prod: Store, tmp_path: Path) -> tuple[ssl.SSLContext, str]:
    """TLS and title of the first sender of the first center."""
    center, [title, *_] = next(iter(prod.ae_titles().items()))
    return tls_context(tmp_path, prod.stack.senders[center]), title


def store_instance(prod: Store, sender: tuple[ssl.SSLContext, str], instance: Instance, replica: int = 0) -> int | None:
    """Status of a C-STORE; None without an association."""
    tls, title = sender
    dataset = instance.dataset
    with prod.replicas[replica].associate(tls, calling=title, dataset=dataset) as association:
        return association.send_c_store(dataset).Status if association.is_established else None


def test_every_center_with_a_sender_has_a_certificate(prod: Store):
    assert prod.ae_titles()
    assert prod.ae_titles().keys() <= prod.stack.senders.keys()


def test_every_title_of_every_center_may_store(prod: Store, tmp_path: Path):
    for number, (center, known) in enumerate(prod.ae_titles().items()):
        (folder := tmp_path / str(number)).mkdir()
        tls = tls_context(folder, prod.stack.senders[center])
        for title in known:
            [instance] = studies.ct_series(1, size=64)
            assert store_instance(prod, (tls, title), instance, replica=number % 2) == SUCCESS
            assert_stored(prod, instance)


@pytest.mark.parametrize("name", studies.COMPRESSED)
def test_a_compressed_instance_keeps_its_transfer_syntax(name: str, prod: Store, sender: tuple[ssl.SSLContext, str]):
    instance = studies.compressed_instance(name)
    assert store_instance(prod, sender, instance) == SUCCESS
    assert_stored(prod, instance)


def assert_stored(prod: Store, instance: Instance) -> None:
    """DICOMweb returns the same data set, pixels and transfer syntax; Orthanc rewrites the file's header."""
    [found] = prod.client().search(StudyInstanceUID=instance.study)
    assert found["00080018"]["Value"] == [instance.uid]
    for client in (prod.client(), *(replica.client() for replica in prod.replicas)):
        [data] = client.retrieve(instance.path)
        received, sent = Instance.from_file(data).dataset, instance.dataset
        if sent.file_meta.TransferSyntaxUID.is_compressed:
            sent["PixelData"].VR = "OB"  # as DICOM requires; two of the files have OW
        assert received == sent
        assert received.PixelData == sent.PixelData
        assert received.file_meta.TransferSyntaxUID == sent.file_meta.TransferSyntaxUID


def test_sending_an_instance_again_succeeds_and_changes_nothing(prod: Store, sender: tuple[ssl.SSLContext, str]):
    [instance] = studies.ct_series(1, size=64)
    assert [store_instance(prod, sender, instance, replica) for replica in (0, 1, 0)] == [SUCCESS] * 3
    assert_stored(prod, instance)


def test_a_known_sender_may_verify_the_connection(prod: Store, sender: tuple[ssl.SSLContext, str]):
    with prod.replicas[0].associate(sender[0], calling=sender[1]) as association:
        assert association.is_established
        assert association.send_c_echo().Status == SUCCESS


@pytest.mark.parametrize(("calling", "called"), [("", "SOMEBODY"), ("", "ORTHANC"), ("NOBODY", ""), ("octankct1x", "")])
def test_unknown_titles_are_refused(calling: str, called: str, prod: Store, sender: tuple[ssl.SSLContext, str]):
    tls, title = sender
    with prod.replicas[0].associate(tls, calling=calling or title, called=called) as association:
        if association.is_established:  # Orthanc may refuse each request of an unknown sender instead
            assert called == "", "an association for another AE title was accepted"
            assert association.accepted_contexts
            assert association.send_c_echo().get("Status") != SUCCESS
            [instance] = studies.ct_series(1, size=64)
            assert association.send_c_store(instance.dataset).get("Status") != SUCCESS
    assert all(replica.is_healthy() for replica in prod.replicas)


def test_a_sender_cannot_query_or_retrieve(prod: Store, sender: tuple[ssl.SSLContext, str]):
    [instance] = studies.ct_series(1, size=64)
    assert store_instance(prod, sender, instance) == SUCCESS
    query = Dataset()
    query.QueryRetrieveLevel, query.PatientName, query.StudyInstanceUID = "STUDY", "*", instance.study
    with prod.replicas[0].associate(
        sender[0], calling=sender[1], sop_classes=(VERIFICATION, FIND, GET, MOVE)
    ) as association:
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
def test_a_sender_without_a_certificate_of_the_store_is_refused(shown: str, prod: Store, tmp_path: Path):
    center, [title, *_] = next(iter(prod.ae_titles().items()))
    bundle = prod.stack.senders[center]
    tls: ssl.SSLContext | None = tls_context(tmp_path, bundle, present=False)
    if shown == "another authority":
        certificate, key = Authority.create(tmp_path, "foreign").issue_server("sender", folder=tmp_path)
        assert tls is not None
        tls.load_cert_chain(certificate, key)
    with prod.replicas[0].associate(None if shown == "plain" else tls, calling=title) as association:
        if association.is_established:
            assert association.send_c_echo().get("Status") is None
        assert not association.is_established


def test_an_unknown_sop_class_is_refused(prod: Store, sender: tuple[ssl.SSLContext, str]):
    with prod.replicas[0].associate(
        sender[0], calling=sender[1], sop_classes=("1.2.826.0.1.3680043.8.498.1",)
    ) as association:
        assert not association.accepted_contexts


def test_the_called_ae_title_is_the_contracts(prod: Store):
    app = prod.stack.tasks["app"]
    assert (app.environment["DICOM_AET"], app.environment["DICOM_PORT"]) == ("MASTERBUILDER", "104")
    configuration = json.loads((prod.replicas[0].folder / "tmp" / "orthanc.json").read_text())
    assert (configuration["DicomAet"], configuration["DicomCheckCalledAet"]) == ("MASTERBUILDER", True)
