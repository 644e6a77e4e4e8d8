"""Images go in and come out as they were: through nginx, Orthanc and PostgreSQL as the tasks of prod run them."""

from __future__ import annotations

import pytest

from dataplane import studies
from dataplane.dicomweb import acknowledged
from dataplane.store import Store
from dataplane.studies import Instance


def sent(prod: Store, *instances: Instance, chunked: bool = False) -> None:
    """Stored, and acknowledged as such."""
    answer = prod.client().store(*(one.data for one in instances), chunked=chunked)
    assert acknowledged(answer) == {one.uid for one in instances}, answer.data


def same(prod: Store, instance: Instance) -> None:
    """The very bytes come back, through each replica, and so the data set and its pixels."""
    for client in (prod.client(), *(replica.client() for replica in prod.replicas)):
        [received] = client.retrieve(instance.path)
        assert received == instance.data
    assert Instance.read(received).dataset.PixelData == instance.dataset.PixelData


@pytest.mark.parametrize("chunked", [False, True])
def test_a_series_goes_in_is_found_and_comes_out_as_it_was(prod: Store, *, chunked: bool):
    slices = studies.ct(5)
    sent(prod, *slices, chunked=chunked)
    found = prod.client().search(StudyInstanceUID=slices[0].study)
    assert {one["00080018"]["Value"][0] for one in found} == {one.uid for one in slices}
    for one in slices:
        same(prod, one)


@pytest.mark.parametrize("name", studies.COMPRESSED)
def test_a_compressed_instance_stays_as_it_was_compressed(name: str, prod: Store):
    instance = studies.compressed(name)
    assert instance.dataset.file_meta.TransferSyntaxUID.is_compressed
    sent(prod, instance)
    same(prod, instance)


def test_a_multi_frame_instance_is_one_and_each_frame_can_be_read(prod: Store):
    frames = 32
    instance = studies.multiframe(frames)
    sent(prod, instance)
    same(prod, instance)
    [last] = prod.client().retrieve(
        f"{instance.path}/frames/{frames}", 'multipart/related; type="application/octet-stream"'
    )
    assert last == instance.dataset.PixelData[-len(last) :]
    assert len(last) == 512 * 512 * 2


@pytest.mark.parametrize("chunked", [False, True])
def test_an_instance_of_400_mib_goes_through(prod: Store, *, chunked: bool):
    instance = studies.multiframe(800)
    assert len(instance.data) > 400 * 2**20
    sent(prod, instance, chunked=chunked)
    [received] = prod.client().retrieve(instance.path)
    assert received == instance.data
