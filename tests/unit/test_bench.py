"""What `make bench` makes of measurements, what it puts on disk, and what it refuses to do."""

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

from bench import bodies, document, index, k6, machine, measure, processes, results, work
from bench.k6 import Endpoint, LoadError, Read, Work
from dataplane import studies
from tests.unit.bench_samples import TARGETS, raw, sample

READ = Read(name="wado", path="/dicom-web/studies", accept="*/*", least=1)
WORK = Work(name="wado", requests=10, clients=2, reads=[READ])
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


def described(**changed: Any) -> dict[str, Any]:
    return k6.job(Endpoint(port=8042), WORK, run="1" * 12, summary=Path("x")) | changed


def test_figures_are_of_the_time_between_first_and_last_request_and_of_what_succeeded():
    found = k6.measurement(WORK, METRICS)
    assert (found["seconds"], found["per_second"], found["mb_per_second"]) == (2, 4, 4)
    assert (found["requests"], found["failed"], found["instances"]) == (10, 2, 8)
    assert found["ms"] == {"p50": 5, "p95": 50, "p99": 90, "max": 99}
    assert found["first_byte_ms"]["p99"] == 80
    assert set(found["named_ms"]) == {"wado"}


def test_a_run_that_did_not_come_to_its_end_is_no_measurement():
    with pytest.raises(LoadError, match="9 of 10 requests"):
        k6.measurement(WORK, METRICS | {"done": {"count": 9}})
    with pytest.raises(LoadError, match="0 of 10"):
        k6.measurement(WORK, {})


@pytest.mark.parametrize("changed", [{"requests": 0}, {"requests": 10**6}, {"clients": 65}, {"seconds": 3600}], ids=str)
def test_load_is_bounded_in_count_clients_and_time(changed: dict[str, int]):
    with pytest.raises(ValueError, match=f"{next(iter(changed))} is"):
        replace(WORK, **changed)


def test_work_either_stores_or_reads():
    with pytest.raises(ValueError, match="either a body or reads"):
        replace(WORK, reads=[])


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
        k6.on_loopback(described(url=url, hosts=hosts))


def test_a_name_that_is_resolved_to_loopback_is_accepted():
    endpoint = Endpoint(port=443, host="images.example.org", authority=Path("ca"))
    made = k6.job(endpoint, WORK, run="1" * 12, summary=Path("x"))
    assert (made["url"], made["hosts"]) == (
        "https://images.example.org:443",
        {"images.example.org:443": "127.0.0.1:443"},
    )


def test_k6_itself_refuses_an_address_outside_loopback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(k6, "on_loopback", lambda made: made.update(url="http://192.0.2.1:9"))
    found, _ = k6.run(Endpoint(port=9), replace(WORK, requests=200), tmp_path)
    assert found["failed"] == 200
    assert "is in a blacklisted range" in found["messages"]


def test_bodies_get_identifiers_of_their_own_in_every_place(tmp_path: Path):
    body = bodies.write(tmp_path, "two", studies.ct(2, size=16))
    data = bodies.patched(body, "7" * 12, 41, 50)
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
def test_identifiers_are_valid_and_of_one_length(level: str):
    made = [UID(bodies.identifier(level, "0" * 12, group, 99)) for group in (0, 10**10 - 1)]
    assert all(one.is_valid for one in made)
    assert len({len(one) for one in made}) == 1


def test_orthanc_names_resources_by_their_identifiers():
    assert index.public_id("a") == "86f7e437-faa5a7fc-e15d1ddc-b9eaeaea-377667b8"
    assert index.public_id("a", "b") != index.public_id("a|b", "")


def test_each_second_round_begins_with_the_other_target():
    size = replace(work.QUICK, rounds=2, variant_rounds=0)
    turns = [name for _, _, name in measure.turns(list(TARGETS), [WORK], size)]
    assert turns == ["full", "bare", "bare", "full"]


def test_intermediate_targets_take_part_in_their_rounds_alone():
    size = replace(work.QUICK, rounds=2, variant_rounds=1)
    turns = list(measure.turns(list(TARGETS), [WORK], size))
    assert [number for number, _, name in turns if name == "direct"] == [0]


def test_the_ratio_is_taken_round_by_round():
    samples = [sample(0, "full", 50), sample(0, "bare", 100), sample(1, "full", 30), sample(1, "bare", 40)]
    assert results.ratio(samples, "stow") == {"median": 0.625, "min": 0.5, "max": 0.75}
    with pytest.raises(ValueError, match="same rounds"):
        results.ratio(samples[:3], "stow")
    with pytest.raises(ValueError, match="did nothing"):
        results.ratio([sample(0, "full", 50), sample(0, "bare", 0)], "stow")


def test_cpu_is_told_for_a_request_and_by_program():
    assert results.cpu_ms([sample(0, "full", 50), sample(1, "full", 30)])["orthanc"] == 5


def test_what_is_slower_is_explained_by_cpu_and_by_the_use_of_cores():
    shown = results.summary(raw())
    [(name, why)] = [(name, one) for name, one in shown["short"].items() if name == "stow"]
    rows = shown["table"][name]
    medians = rows["full"]["per_second"]["median"] / rows["bare"]["per_second"]["median"]
    assert why["cpu"] * why["use"] == pytest.approx(medians)
    assert next(iter(why["more"])) == "postgresql", "the greatest part comes first"


def test_capacity_is_what_one_vcpu_of_orthanc_does():
    made = results.capacity(raw()["samples"], date(2027, 1, 2), 525_298)
    assert made["measured"] == "2027-01-02"
    assert (made["instance_bytes"], made["stow_per_second_per_vcpu"]) == (525_298, 200.0)
    assert made["cpu_ms"]["stow"] == {"nginx": 1.0, "orthanc": 5.0, "postgresql": 3.0}
    assert made["first_byte_ms"] == {"p50": 8, "p95": 16, "p99": 32}


def test_the_document_shows_figures_failures_and_what_capacity_reads():
    recorded = raw()
    recorded["samples"][0] |= {"failed": 3, "messages": "503  after | 12 ms"}
    text = document.document(recorded)
    assert "3 failed" in text
    assert "`503  after / 12 ms`" in text
    [block] = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    assert json.loads(block) == results.summary(recorded)["capacity"]
    for table in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        assert len({line.count("|") for line in table.splitlines()}) == 1, table


def test_a_document_that_cannot_be_made_leaves_the_old_one(tmp_path: Path):
    published = tmp_path / "performance.md"
    published.write_text("old")
    incomplete = raw() | {"samples": []}
    with pytest.raises((ValueError, IndexError, KeyError)):
        document.publish(incomplete, records=tmp_path / "records", published=published)
    assert published.read_text() == "old"
    assert not (tmp_path / "records").exists()


def test_a_quick_run_replaces_nothing_that_is_published(tmp_path: Path):
    published = tmp_path / "performance.md"
    published.write_text("old")
    place = document.publish(raw() | {"quick": True}, records=tmp_path / "records", published=published)
    assert published.read_text() == "old"
    assert "of no use" in place.read_text()
    assert document.publish(raw(), records=tmp_path / "records", published=published) == published
    assert published.read_text().startswith("# Performance")


def test_the_machines_work_is_counted_without_idle_time_and_guests():
    ticks = machine.busy_seconds("cpu 100 0 100 1000 1000 0 0 100 50 50\ncpu0 1")
    assert ticks == 300 / os.sysconf("SC_CLK_TCK")
    assert machine.others(3.0, {"orthanc": 1.0}, 1.0, 4) == 0.5


def test_cpu_of_a_program_includes_its_children_also_those_that_have_ended():
    burn = "import time\nwhile time.process_time() < 0.3: pass"
    parent = (
        f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {burn!r}])\nprint('done', flush=True)\ninput()"
    )
    with subprocess.Popen([sys.executable, "-c", parent], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as program:
        assert program.stdout is not None
        program.stdout.readline()
        used = processes.cpu_seconds({"burner": [program.pid], "nobody": []})
        program.communicate(b"\n")
    assert used["burner"] >= 0.3
    assert used["nobody"] == 0
