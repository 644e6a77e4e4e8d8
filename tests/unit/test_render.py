"""`ops render` writes what the tasks run with: complete, alike in every stack, and secrets where secrets belong."""

from __future__ import annotations

import difflib
import json
import os
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store
from typer.testing import CliRunner

from ops.__main__ import app
from ops.plan import PlanError
from ops.render import RenderedStack, render_stack, task_files, write_files

GOLDEN = Path(__file__).parent / "golden" / "render-dev-prod.diff"
SECRET_FILES = ("secrets.json", ".key", ".crt")


@pytest.fixture(scope="module")
def stacks() -> dict[str, RenderedStack]:
    return {name: render_stack(name) for name in ("dev", "prod")}


def public(stack: RenderedStack) -> dict[str, str]:
    """Texts that hold no secret, by tier and file."""
    return {
        f"{tier}/{name}": text
        for tier, task in stack.tasks.items()
        for name, text in task_files(task).items()
        if not name.endswith(SECRET_FILES)
    }


def test_dev_and_prod_differ_where_settings_say_so_and_nowhere_else(stacks: dict[str, RenderedStack]):
    dev, prod = public(stacks["dev"]), public(stacks["prod"])
    assert dev.keys() == prod.keys()
    lines = [
        line
        for name in sorted(dev)
        for line in difflib.unified_diff(
            dev[name].splitlines(keepends=True),
            prod[name].splitlines(keepends=True),
            f"dev/{name}",
            f"prod/{name}",
            n=1,
        )
    ]
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text("".join(lines))
    assert "".join(lines) == GOLDEN.read_text()


@pytest.mark.parametrize("name", ["dev", "prod"])
def test_no_secret_is_in_a_file_that_others_may_read(name: str, stacks: dict[str, RenderedStack], tmp_path: Path):
    stack = stacks[name]
    secrets = {value for task in stack.tasks.values() for value in task.secrets.values()}
    keys = [json.loads(task.secrets["TLS_BUNDLE"])["privateKey"] for task in stack.tasks.values()]
    [password] = json.loads(stack.tasks["app"].secrets["ORTHANC_USERS"]).values()
    for path in write_files(stack, tmp_path / "to"):
        if path.stat().st_mode & 0o077:
            text = path.read_text()
            assert not [one for one in (*secrets, *keys, password) if one in text], path
        else:
            assert path.suffix == ".key" or path.name == "secrets.json"


def test_certificates_are_of_the_hosts_that_are_asked_for(stacks: dict[str, RenderedStack]):
    for stack in stacks.values():
        app, web = (task_files(stack.tasks[tier]) for tier in ("app", "web"))
        assert app["tls/authority.crt"] == web["tls/authority.crt"]
        [upstream] = {
            line.split()[1].rstrip(";") for line in web["nginx.conf"].splitlines() if "proxy_ssl_name" in line
        }
        trusted = Store([x509.load_pem_x509_certificate(web["tls/authority.crt"].encode())])
        verifier = PolicyBuilder().store(trusted).build_server_verifier(x509.DNSName(upstream))
        verifier.verify(x509.load_pem_x509_certificate(app["tls/server.crt"].encode()), [])


def test_every_center_with_a_sender_gets_a_client_certificate(stacks: dict[str, RenderedStack]):
    assert not stacks["dev"].senders  # nothing but the load balancer of DICOMweb is reached without a VPN
    senders = stacks["prod"].senders
    modalities = json.loads(stacks["prod"].tasks["app"].environment["ORTHANC_CONFIGURATION"])["DicomModalities"]
    assert senders.keys() == {name.rpartition("-")[0] for name in modalities}


def test_what_is_written_names_how_the_container_is_started(stacks: dict[str, RenderedStack]):
    command = json.loads(task_files(stacks["prod"].tasks["app"])["command.json"])
    assert command["entryPoint"] == ["/entrypoint.sh"]
    assert command["user"] == "999:999"
    assert command["readonlyRootFilesystem"] is True


def test_nothing_is_overwritten(stacks: dict[str, RenderedStack], tmp_path: Path):
    (tmp_path / "mine").write_text("kept")
    with pytest.raises(PlanError, match="is not empty"):
        write_files(stacks["dev"], tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_the_command_prints_what_it_wrote(tmp_path: Path):
    done = CliRunner().invoke(app, ["render", "--stack", "dev", "--to", str(tmp_path / "to")])
    assert done.exit_code == 0
    written = {Path(line) for line in done.output.splitlines()}
    assert written == {path for path in (tmp_path / "to").rglob("*") if path.is_file()}


def test_a_stack_that_does_not_exist_is_named(tmp_path: Path):
    done = CliRunner().invoke(app, ["render", "--stack", "nowhere", "--to", str(tmp_path / "to")])
    assert isinstance(done.exception, PlanError)
    assert "Pulumi.nowhere.yaml is missing" in str(done.exception)
    assert not (tmp_path / "to").exists()
