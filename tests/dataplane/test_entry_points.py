"""The entry points of both images: what they make of a task's environment, and what they leave of it."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from components.service import nginx, orthanc
from dataplane import base_image, studies
from dataplane.container import Container
from dataplane.dicomweb import acknowledged
from dataplane.store import Store
from ops.render import RenderedTask, task_files

TASKS = ("web", "app")
REQUIRED = {"nginx": ("TLS_BUNDLE", "NGINX_CONFIGURATION"), "orthanc": ("TLS_BUNDLE", "ORTHANC_CONFIGURATION")}


def containers(prod: Store) -> dict[str, Container]:
    return {"web": prod.web, "app": prod.replicas[0]}


def environ(container: Container) -> dict[str, str]:
    """Environment of the program that the entry point became."""
    assert container.process is not None
    held = Path(f"/proc/{container.process.pid}/environ").read_bytes().decode()
    return dict(line.split("=", 1) for line in held.split("\0") if "=" in line)


def copy_of(prod: Store, tier: str, folder: Path, **changes: str | None) -> Container:
    """The same container with another environment; None takes a variable away. It is not started."""
    original = containers(prod)[tier]
    made = Container(folder, image=prod.stack.tasks[tier].definition["name"], environment={}, places={})
    made.entry = original.entry
    made.environment = {k: v for k, v in (original.environment | changes).items() if v is not None}
    return made


@pytest.mark.parametrize("tier", TASKS)
def test_an_entry_point_writes_what_is_rendered(tier: str, prod: Store):
    task: RenderedTask = prod.stack.tasks[tier]
    folder = containers(prod)[tier].folder
    expected = {name: text for name, text in task_files(task).items() if name.startswith("tls/")}
    assert {"tls/server.crt", "tls/server.key", "tls/authority.crt"} == expected.keys()
    for name, text in expected.items():
        assert (folder / "run" / name).read_text() == text
        assert (folder / "run" / name).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("tier", TASKS)
def test_nothing_is_written_outside_the_memory_file_systems(tier: str, prod: Store):
    container = containers(prod)[tier]
    declared = prod.stack.tasks[tier].definition["linuxParameters"]["tmpfs"]
    writable = [f"{container.folder}{one['containerPath']}" for one in declared]
    harness = {"entrypoint.sh", "log", "local.json", "asked", "bin"}
    found = [path for path in container.folder.rglob("*") if path.is_file()]
    assert any(str(path).startswith(tuple(writable)) for path in found)
    for path in found:
        if path.relative_to(container.folder).parts[0] not in harness:
            assert str(path).startswith(tuple(writable)), path


@pytest.mark.parametrize("tier", TASKS)
def test_no_private_key_and_no_credential_stays_in_the_environment(tier: str, prod: Store):
    container, task = containers(prod)[tier], prod.stack.tasks[tier]
    held = environ(container)
    assert not held.keys() & (task.secrets.keys() | {"NGINX_CONFIGURATION", "ORTHANC_CONFIGURATION"})
    # What libpq and the base image are given by no other way.
    kept = {task.secrets[name] for name in ("PG_USER", "PG_PASSWORD", "ORTHANC_USERS") if name in task.secrets}
    for name, value in held.items():
        assert value in kept or not any(secret in value for secret in task.secrets.values()), name


@pytest.mark.parametrize("tier", TASKS)
def test_an_entry_point_names_what_is_missing(tier: str, prod: Store, tmp_path: Path):
    for number, missing in enumerate(REQUIRED[prod.stack.tasks[tier].definition["name"]]):
        container = copy_of(prod, tier, tmp_path / str(number), **{missing: None})
        container.start()
        assert container.process is not None
        assert container.process.wait(10) != 0
        assert f"{missing} is not set" in container.log.read_text()


@pytest.mark.parametrize("bundle", ["", "no json", "{}", '{"certificate": "x"}'])
@pytest.mark.parametrize("tier", TASKS)
def test_a_bundle_that_is_none_stops_the_task(bundle: str, tier: str, prod: Store, tmp_path: Path):
    container = copy_of(prod, tier, tmp_path / "copy", TLS_BUNDLE=bundle)
    places = {f"{containers(prod)[tier].folder}/run": f"{tmp_path}/run"}  # not over those of the running task
    script = container.entry.read_text()
    container.entry = tmp_path / "entrypoint.sh"
    for there, here in places.items():
        script = script.replace(there, here)
    container.entry.write_text(script)
    container.entry.chmod(0o755)
    for folder in ("tls", "nginx"):
        (tmp_path / "run" / folder).mkdir(parents=True)
    container.start()
    assert container.process is not None
    assert container.process.wait(10) != 0


def test_the_seeds_names_never_reach_the_base_image(prod: Store):
    task = prod.stack.tasks["app"]
    given = {**task.environment, **task.secrets}
    assert {"DICOM_AET", "DICOM_PORT", "PG_USER", "PG_PASSWORD"} <= given.keys()
    status, said = base_image.refusal(given, {}) or (0, "")
    assert status == base_image.DEPRECATED_STATUS, said
    assert not base_image.DEPRECATED & environ(prod.replicas[0]).keys()


def test_orthanc_runs_with_the_studys_title_and_an_identity_of_its_own(prod: Store):
    made = [json.loads((replica.folder / "tmp" / "orthanc.json").read_text()) for replica in prod.replicas]
    assert {one["DicomAet"] for one in made} == {prod.stack.tasks["app"].environment["DICOM_AET"]}
    assert len({one["DatabaseServerIdentifier"] for one in made}) == len(prod.replicas)


def test_a_title_of_digits_stays_a_text(prod: Store, tmp_path: Path):
    entry = prod.replicas[0].entry.read_text()
    [said] = [line for line in entry.splitlines() if "ORTHANC__DICOM_AET=" in line]
    shown = subprocess.run(
        ["bash", "-c", f'{said}; printf %s "$ORTHANC__DICOM_AET"'],
        env={"DICOM_AET": "1e5"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert base_image.configuration({"ORTHANC__DICOM_AET": shown.stdout}) == {"DicomAet": "1e5"}


@pytest.mark.parametrize("tier", TASKS)
def test_a_stop_signal_lets_a_request_in_flight_finish(tier: str, prod: Store):
    container = containers(prod)[tier]
    number = signal.Signals[str(command_of(prod, tier)["stopSignal"])]
    instance = studies.multiframe(60)
    client = prod.web.client() if tier == "web" else prod.replicas[0].client()
    answers: list[set[str]] = []

    def upload() -> None:
        answers.append(acknowledged(client.store(instance.data, chunked=True)))

    sending = threading.Thread(target=upload)
    sending.start()
    time.sleep(0.1)
    assert container.process is not None
    container.send(number)
    sending.join(30)
    assert container.process.wait(30) == 0
    container.start()
    prod.replicas[0].wait()
    prod.web.wait()
    assert answers == [{instance.uid}]
    [received] = prod.client().retrieve(instance.path)
    assert received == instance.data


def command_of(prod: Store, tier: str) -> dict[str, Any]:
    return json.loads(task_files(prod.stack.tasks[tier])["command.json"])


def test_the_probes_ask_what_is_served(prod: Store):
    assert nginx.HEALTH_PATH in command_of(prod, "web")["healthCheck"]["command"][1]
    assert prod.web.healthy()
    assert all(replica.healthy() for replica in prod.replicas)
    assert command_of(prod, "app")["ports"]["https"] == orthanc.HTTPS_PORT
