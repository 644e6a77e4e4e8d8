"""The figures that `make bench` computes, the files it writes, and the loads it refuses."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.uid import UID

from bench import bodies, document, index, k6, machine, measure, results, scenarios
from bench.k6 import Endpoint, LoadError, Read, Scenario
from dataplane.samples import studies
from tests.unit.bench_samples import TARGETS, raw, sample

READ = Read(name="wado", path="/dicom-web/studies", accept="*/*", min_bytes=1)
SCENARIO = Scenario(name="wado", requests=10, clients=2, reads=[READ])
METRICS = {
    "began": {"count": 10, "min": 500, "max": 2000},
    "ended": {"count": 10, "min": 900, "max": 2500},
    "done": {"count": 10},
    "failed": {"count": 2},
    "received": {"count": 8_000_000},
    "duration": {"med": 5, "p(95)": 50, "p(99)": 90, "max": 99},
    "first_byte": {"med": 4, "p(95)": 40, "p(99)": 80, "max": 89},
    "named_wado": {"med": 5, "p(95)": 50, "p(99)": 90, "max": 99},
}


def job_with(**changed: Any) -> dict[str, Any]:
    return k6.job(Endpoint(port=8042), SCENARIO, run="1" * 12, summary=Path("x")) | changed


def test_figures_use_the_time_from_first_to_last_request_and_only_successful_requests():
    found = k6.measurement(SCENARIO, METRICS)
    assert (found["seconds"], found["per_second"], found["mb_per_second"]) == (2, 4, 4)
    assert (found["requests"], found["failed"], found["instances"]) == (10, 2, 8)
    assert found["ms"] == {"p50": 5, "p95": 50, "p99": 90, "max": 99}
    assert found["first_byte_ms"]["p99"] == 80
    assert set(found["named_ms"]) == {"wado"}


def test_an_incomplete_run_is_no_measurement():
    with pytest.raises(LoadError, match="9 of 10 requests"):
        k6.measurement(SCENARIO, METRICS | {"done": {"count": 9}})
    with pytest.raises(LoadError, match="0 of 10"):
        k6.measurement(SCENARIO, {})


@pytest.mark.parametrize("changed", [{"requests": 0}, {"requests": 10**6}, {"clients": 65}, {"seconds": 3600}], ids=str)
def test_requests_clients_and_seconds_are_limited(changed: dict[str, int]):
    with pytest.raises(ValueError, match=f"{next(iter(changed))} is"):
        replace(SCENARIO, **changed)


def test_a_scenario_either_stores_or_reads():
    with pytest.raises(ValueError, match="either a body or reads"):
        replace(SCENARIO, reads=[])


@pytest.mark.parametrize(
    ("url", "hosts"),
    [
        ("http://192.0.2.1:80", {}),
        ("https://images.example.org:443", {}),
        ("https://images.example.org:443", {"images.example.org:443": "192.0.2.1:443"}),
        ("https://images.example.org:443", {"other.example.org:443": "127.0.0.1:443"}),
        ("http://127.0.0.1.example.org:80", {}),
        ("http://127.0.0.1:80", {"127.0.0.1:80": "192.0.2.1:80"}),
    ],
)
def test_a_target_outside_loopback_is_refused(url: str, hosts: dict[str, str]):
    with pytest.raises(LoadError, match="not on loopback"):
        k6.require_loopback(job_with(url=url, hosts=hosts))


def test_a_name_that_resolves_to_loopback_is_accepted():
    endpoint = Endpoint(port=443, host="images.example.org", authority=Path("ca"))
    job = k6.job(endpoint, SCENARIO, run="1" * 12, summary=Path("x"))
    assert (job["url"], job["hosts"]) == (
        "https://images.example.org:443",
        {"images.example.org:443": "127.0.0.1:443"},
    )


def test_k6_itself_refuses_an_address_outside_loopback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(k6, "require_loopback", lambda job: job.update(url="http://192.0.2.1:9"))
    found, _ = k6.run(Endpoint(port=9), replace(SCENARIO, requests=200), tmp_path)
    assert found["failed"] == 200
    assert "is in a blacklisted range" in found["messages"]


def test_bodies_get_new_identifiers_everywhere(tmp_path: Path):
    body = bodies.write(tmp_path, "two", studies.ct_series(2, size=16))
    data = bodies.patch_identifiers(body, "7" * 12, 41, 50)
    assert bodies.BLANK_RUN.encode() not in data
    files = [part.split(b"\r\n\r\n", 1)[1] for part in data.split(f"--{bodies.BOUNDARY}".encode())[1:-1]]
    sets = [pydicom.dcmread(BytesIO(one)) for one in files]
    assert [one.SOPInstanceUID for one in sets] == [bodies.identifier("instance", "7" * 12, 41, n) for n in (50, 51)]
    assert all(one.file_meta.MediaStorageSOPInstanceUID == one.SOPInstanceUID for one in sets)
    assert {one.StudyInstanceUID for one in sets} == {bodies.identifier("study", "7" * 12, 41)}
    assert {one.PatientID for one in sets} == {bodies.identifier("patient", "7" * 12, 41)}
    assert {one.StudyDate for one in sets} == {f"{bodies.day(41):%Y%m%d}"}
    assert body.payload == sum(len(one) - 2 for one in files)


@pytest.mark.parametrize("level", ["study", "series", "instance"])
def test_identifiers_are_valid_and_of_equal_length(level: str):
    identifiers = [UID(bodies.identifier(level, "0" * 12, group, 99)) for group in (0, 10**10 - 1)]
    assert all(one.is_valid for one in identifiers)
    assert len({len(one) for one in identifiers}) == 1


def test_orthancs_ids_are_computed_from_the_dicom_identifiers():
    assert index.public_id("a") == "86f7e437-faa5a7fc-e15d1ddc-b9eaeaea-377667b8"
    assert index.public_id("a", "b") != index.public_id("a|b", "")


def test_each_second_round_reverses_the_targets():
    size = replace(scenarios.QUICK, rounds=2, variant_rounds=0)
    turns = [name for _, _, name in measure.turns(list(TARGETS), [SCENARIO], size)]
    assert turns == ["full", "bare", "bare", "full"]


def test_intermediate_targets_are_measured_only_in_their_rounds():
    size = replace(scenarios.QUICK, rounds=2, variant_rounds=1)
    turns = list(measure.turns(list(TARGETS), [SCENARIO], size))
    assert [number for number, _, name in turns if name == "direct"] == [0]


def test_the_ratio_is_computed_round_by_round():
    samples = [sample(0, "full", 50), sample(0, "bare", 100), sample(1, "full", 30), sample(1, "bare", 40)]
    assert results.ratio(samples, "stow") == {"median": 0.625, "min": 0.5, "max": 0.75}
    with pytest.raises(ValueError, match="same rounds"):
        results.ratio(samples[:3], "stow")
    with pytest.raises(ValueError, match="without throughput"):
        results.ratio([sample(0, "full", 50), sample(0, "bare", 0)], "stow")


def test_cpu_is_given_per_request_and_program():
    assert results.cpu_ms([sample(0, "full", 50), sample(1, "full", 30)])["orthanc"] == 5


def test_a_slower_scenario_is_explained_by_cpu_and_core_use():
    values = results.summary(raw())
    [(name, why)] = [(name, one) for name, one in values["short"].items() if name == "stow"]
    rows = values["table"][name]
    medians = rows["full"]["per_second"]["median"] / rows["bare"]["per_second"]["median"]
    assert why["cpu"] * why["use"] == pytest.approx(medians)
    assert next(iter(why["more"])) == "postgresql", "the largest part comes first"


def test_capacity_is_the_throughput_of_one_vcpu_of_orthanc():
    capacity = results.capacity(raw()["samples"], date(2027, 1, 2), 525_298)
    assert capacity["measured"] == "2027-01-02"
    assert (capacity["instance_bytes"], capacity["stow_per_second_per_vcpu"]) == (525_298, 200.0)
    assert capacity["cpu_ms"]["stow"] == {"nginx": 1.0, "orthanc": 5.0, "postgresql": 3.0}
    assert capacity["first_byte_ms"] == {"p50": 8, "p95": 16, "p99": 32}


def test_the_document_has_figures_failures_and_the_input_of_capacity():
    recorded = raw()
    recorded["samples"][0] |= {"failed": 3, "messages": "503  after | 12 ms"}
    text = document.document(recorded)
    assert "3 failed" in text
    assert "`503  after / 12 ms`" in text
    [block] = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    assert json.loads(block) == results.summary(recorded)["capacity"]
    for table in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        assert len({line.count("|") for line in table.splitlines()}) == 1, table


def test_a_failure_to_render_keeps_the_old_document(tmp_path: Path):
    published = tmp_path / "performance.md"
    published.write_text("old")
    incomplete = raw() | {"samples": []}
    with pytest.raises((ValueError, IndexError, KeyError)):
        document.publish(incomplete, records=tmp_path / "records", published=published)
    assert published.read_text() == "old"
    assert not (tmp_path / "records").exists()


def test_a_quick_run_does_not_replace_the_published_document(tmp_path: Path):
    published = tmp_path / "performance.md"
    published.write_text("old")
    path = document.publish(raw() | {"quick": True}, records=tmp_path / "records", published=published)
    assert published.read_text() == "old"
    assert "of no use" in path.read_text()
    assert document.publish(raw(), records=tmp_path / "records", published=published) == published
    assert published.read_text().startswith("# Performance")


def test_busy_seconds_exclude_idle_and_guest_time():
    ticks = machine.busy_seconds("cpu 100 0 100 1000 1000 0 0 100 50 50\ncpu0 1")
    assert ticks == 300 / os.sysconf("SC_CLK_TCK")
    assert machine.other_share(3.0, {"orthanc": 1.0}, 1.0, 4) == 0.5


def test_cpu_of_a_program_includes_its_children_even_exited_ones():
    burn = "import time\nwhile time.process_time() < 0.4: pass"
    parent = (
        f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {burn!r}])\nprint('done', flush=True)\ninput()"
    )
    with subprocess.Popen([sys.executable, "-c", parent], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as program:
        assert program.stdout is not None
        program.stdout.readline()
        used = machine.cpu_seconds({"burner": [program.pid], "idle": []})
        program.communicate(b"\n")
    assert used["burner"] >= 0.3
    assert used["idle"] == 0
