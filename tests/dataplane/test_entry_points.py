"""The entry points of both images: the files they write from a task's environment, and what remains in it."""

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
from dataplane.clients.dicomweb import acknowledged_uids
from dataplane.processes.container import Container
from dataplane.samples import studies
from dataplane.store import Store
from dataplane.substitutes import base_image
from ops.render import RenderedStack, task_files

TASKS = ("web", "app")
IMAGES = {"web": "nginx", "app": "orthanc"}
REQUIRED = {"web": ("TLS_BUNDLE", "NGINX_CONFIGURATION"), "app": ("TLS_BUNDLE", "ORTHANC_CONFIGURATION")}


def containers(prod: Store) -> dict[str, Container]:
    return {"web": prod.web, "app": prod.replicas[0]}


def environment_of(container: Container) -> dict[str, str]:
    """Environment of the program that the entry point executed."""
    text = Path(f"/proc/{container.pid}/environ").read_bytes().decode()
    return dict(line.split("=", 1) for line in text.split("\0") if "=" in line)


def copy_container(prod: Store, tier: str, folder: Path, **changes: str | None) -> Container:
    """The same container with another environment; None removes a variable. It is not started."""
    original = containers(prod)[tier]
    copy = Container(folder, image=IMAGES[tier], environment={}, replacements={})
    copy.entry = original.entry
    copy.environment = {k: v for k, v in (original.environment | changes).items() if v is not None}
    return copy


@pytest.mark.parametrize("tier", TASKS)
def test_an_entry_point_writes_the_rendered_files(tier: str, prod: Store, stack: RenderedStack):
    task = stack.tasks[tier]
    assert task.definition["name"] == IMAGES[tier]
    folder = containers(prod)[tier].folder
    expected = {name: text for name, text in task_files(task).items() if name.startswith("tls/")}
    assert {"tls/server.crt", "tls/server.key", "tls/authority.crt"} == expected.keys()
    for name, text in expected.items():
        assert (folder / "run" / name).read_text() == text
        assert (folder / "run" / name).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("tier", TASKS)
def test_nothing_is_written_outside_the_memory_file_systems(tier: str, prod: Store, stack: RenderedStack):
    container = containers(prod)[tier]
    declared = stack.tasks[tier].definition["linuxParameters"]["tmpfs"]
    writable = [f"{container.folder}{one['containerPath']}" for one in declared]
    harness = {"entrypoint.sh", "log", "local.json", "headers", "bin"}
    found = [path for path in container.folder.rglob("*") if path.is_file()]
    assert any(str(path).startswith(tuple(writable)) for path in found)
    for path in found:
        if path.relative_to(container.folder).parts[0] not in harness:
            assert str(path).startswith(tuple(writable)), path


@pytest.mark.parametrize("tier", TASKS)
def test_no_private_key_and_no_credential_remains_in_the_environment(tier: str, prod: Store):
    container, task = containers(prod)[tier], prod.stack.tasks[tier]
    environment = environment_of(container)
    assert not environment.keys() & (task.secrets.keys() | {"NGINX_CONFIGURATION", "ORTHANC_CONFIGURATION"})
    # libpq and the base image accept these only as variables.
    kept = {task.secrets[name] for name in ("PG_USER", "PG_PASSWORD", "ORTHANC_USERS") if name in task.secrets}
    for name, value in environment.items():
        assert value in kept or not any(secret in value for secret in task.secrets.values()), name


@pytest.mark.parametrize("tier", TASKS)
def test_an_entry_point_names_a_missing_variable(tier: str, prod: Store, tmp_path: Path):
    for number, missing in enumerate(REQUIRED[tier]):
        container = copy_container(prod, tier, tmp_path / str(number), **{missing: None})
        container.start()
        assert container.wait_for_exit(10) != 0
        assert f"{missing} is not set" in container.log.read_text()


@pytest.mark.parametrize("bundle", ["", "no json", "{}", '{"certificate": "x"}'])
@pytest.mark.parametrize("tier", TASKS)
def test_an_invalid_bundle_stops_the_task(bundle: str, tier: str, prod: Store, tmp_path: Path):
    container = copy_container(prod, tier, tmp_path / "copy", TLS_BUNDLE=bundle)
    paths = {f"{containers(prod)[tier].folder}/run": f"{tmp_path}/run"}  # keeps the running task's files unchanged
    script = container.entry.read_text()
    container.entry = tmp_path / "entrypoint.sh"
    for old, new in paths.items():
        script = script.replace(old, new)
    container.entry.write_text(script)
    container.entry.chmod(0o755)
    for folder in ("tls", "nginx"):
        (tmp_path / "run" / folder).mkdir(parents=True)
    container.start()
    assert container.wait_for_exit(10) != 0


def test_variables_that_the_base_image_refuses_never_reach_it(prod: Store):
    task = prod.stack.tasks["app"]
    given = {**task.environment, **task.secrets}
    assert {"DICOM_AET", "DICOM_PORT", "PG_USER", "PG_PASSWORD"} <= given.keys()
    status, message = base_image.refusal(given, {}) or (0, "")
    assert status == base_image.DEPRECATED_STATUS, message
    assert not base_image.DEPRECATED & environment_of(prod.replicas[0]).keys()


def test_the_base_image_needs_a_writable_folder_for_plugins(prod: Store, tmp_path: Path):
    replica = prod.replicas[0]
    container = copy_container(prod, "app", tmp_path / "copy")
    container.entry = tmp_path / "entrypoint.sh"
    script = replica.entry.read_text().replace(f"{replica.folder}/run", f"{tmp_path}/run")
    script = script.replace(str(replica.folder / "local.json"), str(tmp_path / "local.json"))
    container.entry.write_text("".join(line for line in script.splitlines(keepends=True) if "mkdir" not in line))
    container.entry.chmod(0o755)
    local = (replica.folder / "local.json").read_text()
    (tmp_path / "local.json").write_text(local.replace(f"{replica.folder}/run", f"{tmp_path}/run"))
    (tmp_path / "run" / "tls").mkdir(parents=True)
    container.start()
    assert container.wait_for_exit(10) == base_image.INSTALL_STATUS
    assert "Read-only file system" in container.log.read_text()


def test_plugins_are_installed_in_memory(prod: Store, stack: RenderedStack):
    declared = {one["containerPath"] for one in stack.tasks["app"].definition["linuxParameters"]["tmpfs"]}
    assert str(Path(base_image.PLUGINS).parent) in declared
    assert all(Path(f"{replica.folder}{base_image.PLUGINS}").is_dir() for replica in prod.replicas)


def test_orthanc_runs_with_the_studys_ae_title_and_its_own_server_identifier(prod: Store):
    configurations = [json.loads((replica.folder / "tmp" / "orthanc.json").read_text()) for replica in prod.replicas]
    assert {one["DicomAet"] for one in configurations} == {prod.stack.tasks["app"].environment["DICOM_AET"]}
    assert len({one["DatabaseServerIdentifier"] for one in configurations}) == len(prod.replicas)


def test_an_ae_title_of_digits_remains_text(prod: Store, tmp_path: Path):
    entry = prod.replicas[0].entry.read_text()
    [export] = [line for line in entry.splitlines() if "ORTHANC__DICOM_AET=" in line]
    printed = subprocess.run(
        ["bash", "-c", f'{export}; printf %s "$ORTHANC__DICOM_AET"'],
        env={"DICOM_AET": "1e5"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert base_image.configuration({"ORTHANC__DICOM_AET": printed.stdout}) == {"DicomAet": "1e5"}


@pytest.mark.parametrize("tier", TASKS)
def test_a_stop_signal_lets_a_request_in_flight_finish(tier: str, prod: Store, stack: RenderedStack):
    container = containers(prod)[tier]
    number = signal.Signals[str(command_of(stack, tier)["stopSignal"])]
    instance = studies.multiframe(60)
    client = prod.web.client() if tier == "web" else prod.replicas[0].client()
    answers: list[set[str]] = []

    def upload() -> None:
        answers.append(acknowledged_uids(client.store(instance.data, chunked=True)))

    sending = threading.Thread(target=upload)
    sending.start()
    time.sleep(0.1)
    container.send_signal(number)
    sending.join(30)
    assert container.wait_for_exit(30) == 0
    container.start()
    prod.replicas[0].wait()
    prod.web.wait()
    assert answers == [{instance.uid}]
    [received] = prod.client().retrieve(instance.path)
    assert received == instance.data


def command_of(stack: RenderedStack, tier: str) -> dict[str, Any]:
    return json.loads(task_files(stack.tasks[tier])["command.json"])


def test_the_health_checks_request_paths_that_are_served(prod: Store, stack: RenderedStack):
    assert nginx.HEALTH_PATH in command_of(stack, "web")["healthCheck"]["command"][1]
    assert prod.web.is_healthy()
    assert all(replica.is_healthy() for replica in prod.replicas)
    assert command_of(stack, "app")["ports"]["https"] == orthanc.HTTPS_PORT
