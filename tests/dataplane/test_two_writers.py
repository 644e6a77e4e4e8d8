"""Two replicas write at once, and clients send again: every instance is there exactly once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from dataplane import studies
from dataplane.dicomweb import Client, acknowledged
from dataplane.load import assert_index_is_whole
from dataplane.store import Store
from dataplane.studies import Instance

SLICES = 24


def counts(prod: Store) -> tuple[int, int, int]:
    """Instances, rows of their files, and files."""
    [[instances]] = prod.rows("SELECT count(*) FROM resources WHERE resourcetype = 3")
    [[rows]] = prod.rows("SELECT count(*) FROM attachedfiles WHERE filetype = 1")
    return instances, rows, len(prod.files())


def send(client: Client, instances: list[Instance]) -> set[str]:
    """Each in a request of its own, and what was acknowledged; repeated once, as plugin 5.0 collides with itself."""
    stored: set[str] = set()
    for instance in instances:
        stored |= acknowledged(client.store(instance.data)) or acknowledged(client.store(instance.data))
    return stored


def test_one_study_through_both_replicas_is_one_study(prod: Store):
    before, slices = counts(prod), studies.ct(SLICES, size=64)
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
    before, slices = counts(prod), studies.ct(SLICES, size=64)
    clients = [replica.client() for replica in prod.replicas for _ in range(2)]
    with ThreadPoolExecutor(len(clients)) as pool:
        for stored in pool.map(lambda client: send(client, slices), clients):
            assert stored == {one.uid for one in slices}
    assert counts(prod) == tuple(count + SLICES for count in before)
    assert_index_is_whole(prod)
    for one in slices:
        assert prod.client().retrieve(one.path) == [one.data]


def test_sending_everything_again_changes_nothing(prod: Store):
    slices = studies.ct(SLICES, size=64)
    data = [one.data for one in slices]
    assert acknowledged(prod.client().store(*data)) == {one.uid for one in slices}
    before, files = counts(prod), prod.files()
    for chunked in (False, True):
        assert acknowledged(prod.client().store(*data, chunked=chunked)) == {one.uid for one in slices}
    for replica in prod.replicas:
        assert send(replica.client(), slices) == {one.uid for one in slices}
    assert (counts(prod), prod.files()) == (before, files)


def test_an_instance_is_not_replaced_by_another_of_its_name(prod: Store):
    [first] = studies.ct(1, size=64)
    assert acknowledged(prod.client().store(first.data)) == {first.uid}
    changed = first.dataset
    changed.PixelData = bytes(len(changed.PixelData))
    prod.client().store(Instance.of(changed).data)
    assert prod.client().retrieve(first.path) == [first.data]
