"""Instances are returned byte for byte, through nginx, Orthanc and PostgreSQL as the tasks of prod run them."""

from __future__ import annotations

import pytest

from dataplane.clients.dicomweb import acknowledged_uids
from dataplane.samples import studies
from dataplane.samples.studies import Instance
from dataplane.store import Store


def send(prod: Store, *instances: Instance, chunked: bool = False) -> None:
    """Stores instances; all must be acknowledged."""
    answer = prod.client().store(*(one.data for one in instances), chunked=chunked)
    assert acknowledged_uids(answer) == {one.uid for one in instances}, answer.data


def assert_unchanged(prod: Store, instance: Instance) -> None:
    """nginx and each replica return the same bytes."""
    for client in (prod.client(), *(replica.client() for replica in prod.replicas)):
        [received] = client.retrieve(instance.path)
        assert received == instance.data
    assert Instance.from_file(received).dataset.PixelData == instance.dataset.PixelData


@pytest.mark.parametrize("chunked", [False, True])
def test_a_series_is_stored_found_and_retrieved_unchanged(prod: Store, *, chunked: bool):
    slices = studies.ct_series(5)
    send(prod, *slices, chunked=chunked)
    found = prod.client().search(StudyInstanceUID=slices[0].study)
    assert {one["00080018"]["Value"][0] for one in found} == {one.uid for one in slices}
    for one in slices:
        assert_unchanged(prod, one)


@pytest.mark.parametrize("name", studies.COMPRESSED)
def test_a_compressed_instance_is_retrieved_unchanged(name: str, prod: Store):
    instance = studies.compressed_instance(name)
    assert instance.dataset.file_meta.TransferSyntaxUID.is_compressed
    send(prod, instance)
    assert_unchanged(prod, instance)


def test_a_multi_frame_instance_is_retrieved_unchanged_and_by_frame(prod: Store):
    frames = 32
    instance = studies.multiframe(frames)
    send(prod, instance)
    assert_unchanged(prod, instance)
    [last] = prod.client().retrieve(
        f"{instance.path}/frames/{frames}", 'multipart/related; type="application/octet-stream"'
    )
    assert last == instance.dataset.PixelData[-len(last) :]
    assert len(last) == 512 * 512 * 2


@pytest.mark.parametrize("chunked", [False, True])
def test_an_instance_of_400_mib_is_retrieved_unchanged(prod: Store, *, chunked: bool):
    instance = studies.multiframe(800)
    assert len(instance.data) > 400 * 2**20
    send(prod, instance, chunked=chunked)
    [received] = prod.client().retrieve(instance.path)
    assert received == instance.data
