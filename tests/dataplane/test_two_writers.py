"""Two replicas write at the same time, and clients repeat requests: every instance is stored exactly once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from dataplane.clients.dicomweb import Client, acknowledged_uids
from dataplane.samples import studies
from dataplane.samples.studies import Instance
from dataplane.store import Store
from tests.dataplane.checks import assert_index_is_consistent

SLICES = 24


def counts(prod: Store) -> tuple[int, int, int]:
    """Instances, rows of their files, and files."""
    [[instances]] = prod.query("SELECT count(*) FROM resources WHERE resourcetype = 3")
    [[rows]] = prod.query("SELECT count(*) FROM attachedfiles WHERE filetype = 1")
    return instances, rows, len(prod.stored_files())


def send(client: Client, instances: list[Instance]) -> set[str]:
    """UIDs acknowledged for one request each, repeated once because transactions of plugin 5.0 conflict."""
    stored: set[str] = set()
    for instance in instances:
        stored |= acknowledged_uids(client.store(instance.data)) or acknowledged_uids(client.store(instance.data))
    return stored


def test_one_study_through_both_replicas_is_one_study(prod: Store):
    before, slices = counts(prod), studies.ct_series(SLICES, size=64)
    with ThreadPoolExecutor(4) as pool:
        shares = [(prod.replicas[number % 2].client(), slices[number::4]) for number in range(4)]
        stored = set().union(*pool.map(lambda share: send(*share), shares))
    assert stored == {one.uid for one in slices}
    assert counts(prod) == tuple(count + SLICES for count in before)
    [found] = prod.client().search("/dicom-web/studies", StudyInstanceUID=slices[0].study)
    assert found["00201208"]["Value"] == [SLICES]
    for replica in prod.replicas:
        read = replica.client().retrieve(f"/dicom-web/studies/{slices[0].study}")
        assert sorted(read) == sorted(one.data for one in slices)


def test_the_same_instances_through_both_replicas_are_stored_once(prod: Store):
    before, slices = counts(prod), studies.ct_series(SLICES, size=64)
    clients = [replica.client() for replica in prod.replicas for _ in range(2)]
    with ThreadPoolExecutor(len(clients)) as pool:
        for stored in pool.map(lambda client: send(client, slices), clients):
            assert stored == {one.uid for one in slices}
    assert counts(prod) == tuple(count + SLICES for count in before)
    assert_index_is_consistent(prod)
    for one in slices:
        assert prod.client().retrieve(one.path) == [one.data]


def test_sending_everything_again_changes_nothing(prod: Store):
    slices = studies.ct_series(SLICES, size=64)
    data = [one.data for one in slices]
    assert acknowledged_uids(prod.client().store(*data)) == {one.uid for one in slices}
    before, files = counts(prod), prod.stored_files()
    for chunked in (False, True):
        assert acknowledged_uids(prod.client().store(*data, chunked=chunked)) == {one.uid for one in slices}
    for replica in prod.replicas:
        assert send(replica.client(), slices) == {one.uid for one in slices}
    assert (counts(prod), prod.stored_files()) == (before, files)


def test_an_instance_is_not_replaced_by_another_with_its_uid(prod: Store):
    [first] = studies.ct_series(1, size=64)
    assert acknowledged_uids(prod.client().store(first.data)) == {first.uid}
    changed = first.dataset
    changed.PixelData = bytes(len(changed.PixelData))
    prod.client().store(Instance.from_dataset(changed).data)
    assert prod.client().retrieve(first.path) == [first.data]
