"""The scenarios of a full and of a quick run."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from bench.bodies import FRAMES, GROUP_LIMIT, SLICE_SIZE, Body, identifier, patch_identifiers
from bench.index import queries, send
from bench.k6 import Read, Scenario
from bench.machine import cpu_seconds
from bench.targets import Target
from dataplane.clients.dicomweb import ACCEPT_STORED, CHUNK_BYTES

RUN = "000000000002"
OCTETS = 'multipart/related; type="application/octet-stream"'
MULTIFRAME_GROUP = 9999
FRAME_BYTES = SLICE_SIZE * SLICE_SIZE * 2
LARGE_FRAMES = 800  # 400 MiB


@dataclass(frozen=True, kw_only=True)
class Size:
    """Size of a run. In the first `variant_rounds` rounds the intermediate targets are measured too."""

    instances: int
    rounds: int
    variant_rounds: int
    series: int
    scale: float  # factor of each scenario's number of requests
    large: int


FULL = Size(instances=100_000, rounds=5, variant_rounds=3, series=4, scale=1, large=3)
QUICK = Size(instances=2_000, rounds=2, variant_rounds=1, series=1, scale=0.1, large=1)

TITLES = {
    "stow": "STOW-RS, one CT slice per request",
    "stow_25": "STOW-RS, 25 CT slices per request",
    "stow_small": "STOW-RS, 9 kB per request",
    "stow_multiframe": f"STOW-RS, {FRAMES} frames in one instance",
    "stow_compressed": "STOW-RS, seven compressed instances per request",
    "wado": "WADO-RS, one CT slice",
    "wado_series": f"WADO-RS, one series of {GROUP_LIMIT} CT slices",
    "wado_frame": f"WADO-RS, one frame of {FRAMES}",
    "qido": "QIDO-RS, six kinds of query in turn",
}
QUERIES = {
    "patient_id": "studies of a PatientID",
    "study_date": "studies of a day",
    "study_week": "studies of a week",
    "study_uid": "a study by its UID",
    "instances_of_study": f"the {GROUP_LIMIT} instances of a study",
    "wildcard": "PatientID with `*` on both sides",
}
IN_VARIANTS = frozenset({"stow", "wado", "qido"})


def scenarios(bodies: Mapping[str, Body], size: Size) -> list[Scenario]:
    """Every scenario, with its number of requests scaled."""
    studies = size.instances // GROUP_LIMIT
    slices = [
        Read(name="wado", path=instance_path(group, index), accept=ACCEPT_STORED, min_bytes=bodies["slice"].payload)
        for index in range(GROUP_LIMIT)
        for group in range(size.series)
    ]
    series = [
        Read(
            name="wado_series",
            path=series_path(group),
            accept=ACCEPT_STORED,
            min_bytes=bodies["slice"].payload * GROUP_LIMIT,
        )
        for group in range(size.series)
    ]
    frames = [
        Read(
            name="wado_frame",
            path=f"{instance_path(MULTIFRAME_GROUP, 0)}/frames/{frame}",
            accept=OCTETS,
            min_bytes=FRAME_BYTES,
        )
        for frame in range(1, FRAMES + 1)
    ]

    def scale(requests: int) -> int:
        return max(4, round(requests * size.scale))

    return [
        Scenario(name="stow", requests=scale(600), clients=8, body=bodies["slice"]),
        Scenario(name="stow_25", requests=scale(24), clients=4, body=bodies["slices"]),
        Scenario(name="stow_small", requests=scale(800), clients=8, body=bodies["small"]),
        Scenario(name="stow_multiframe", requests=scale(16), clients=2, body=bodies["multiframe"]),
        Scenario(name="stow_compressed", requests=scale(40), clients=4, body=bodies["compressed"]),
        Scenario(name="wado", requests=scale(1200), clients=8, reads=slices),
        Scenario(name="wado_series", requests=scale(16), clients=4, reads=series),
        Scenario(name="wado_frame", requests=scale(400), clients=8, reads=frames),
        Scenario(name="qido", requests=scale(600), clients=8, reads=queries(studies)),
    ]


def prepare(target: Target, bodies: Mapping[str, Body], size: Size) -> None:
    """Stores the instances that the reading scenarios retrieve."""
    for group in range(size.series):
        for first in range(0, GROUP_LIMIT, bodies["slices"].parts):
            send(target, patch_identifiers(bodies["slices"], RUN, group, first))
    send(target, patch_identifiers(bodies["multiframe"], RUN, MULTIFRAME_GROUP))


def metadata_cpu_ms(target: Target, size: Size) -> float:
    """CPU milliseconds of Orthanc per instance for the metadata cache, which the first retrieval of a series fills.

    In `prod` it is filled once a series had no new instance for `StableAge`. ValueError for an incomplete response.
    """
    before = cpu_seconds(target.processes)["orthanc"]
    with target.client() as pool:
        headers = {**(pool.headers or {}), "Accept": "application/dicom+json"}
        for group in range(size.series):
            answer = pool.request("GET", f"{series_path(group)}/metadata", headers=headers)
            if answer.status != HTTPStatus.OK or len(answer.json()) != GROUP_LIMIT:
                raise ValueError(f"{target.name}: the metadata of a series is incomplete: status {answer.status}")
    return 1000 * (cpu_seconds(target.processes)["orthanc"] - before) / (size.series * GROUP_LIMIT)


def measure_large(target: Target, body: Body, run: str, number: int) -> dict[str, Any]:
    """Times storing and retrieving one large instance; ValueError if the retrieved one is shorter."""
    data = patch_identifiers(body, run, number)
    started = time.monotonic()
    with target.client() as pool:
        send(target, data)
        stored = time.monotonic()
        path = instance_path(number, 0, run)
        headers = {**(pool.headers or {}), "Accept": ACCEPT_STORED}
        answer = pool.request("GET", path, headers=headers, preload_content=False, retries=False)
        received = len(answer.read(CHUNK_BYTES))
        first = time.monotonic()
        while piece := answer.read(CHUNK_BYTES):
            received += len(piece)
    ended = time.monotonic()
    if answer.status != HTTPStatus.OK or received < body.payload:
        raise ValueError(f"{target.name}: {received} of {body.payload} bytes were retrieved, status {answer.status}")
    return {
        "target": target.name,
        "bytes": body.payload,
        "stow_seconds": stored - started,
        "wado_seconds": ended - stored,
        "first_mib_seconds": first - stored,
    }


def series_path(group: int, run: str = RUN) -> str:
    """The path of a group's series for WADO-RS."""
    return f"/dicom-web/studies/{identifier('study', run, group)}/series/{identifier('series', run, group)}"


def instance_path(group: int, index: int, run: str = RUN) -> str:
    """The path of one of its instances for WADO-RS."""
    return f"{series_path(group, run)}/instances/{identifier('instance', run, group, index)}"
