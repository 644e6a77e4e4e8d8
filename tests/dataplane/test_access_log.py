"""nginx with the program's configuration logs who sent a request, and nothing else of a token or a query."""

from __future__ import annotations

import base64
import json
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from components.service import nginx
from dataplane.packages.debian import NGINX, package_tree
from dataplane.processes.authority import Authority
from dataplane.processes.ports import free_port

IMAGE = Path(nginx.TEMPLATE).parent
Send = Callable[..., dict[str, Any]]


def token(**claims: Any) -> str:
    payload = base64.urlsafe_b64encode(
        json.dumps(claims).encode()
    ).decode()  # padded as by the load balancer; Cognito does not pad
    return f"e30.{payload}.c2lnbmF0dXJl"


@pytest.fixture(scope="module")
def send(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Send]:
    """Sends a request and returns its entry in the access log."""
    folder = tmp_path_factory.mktemp("nginx")
    programs, port, authority = package_tree(NGINX), free_port(), Authority.create(folder)
    certificate, key = authority.issue_server("localhost", folder=folder)
    log = folder / "access.log"
    (folder / "credential.conf").touch()
    text = nginx.configuration(upstream="localhost", signed_in=True, clients={"main-campus": "client-of-main-campus"})
    replacements = {
        "/run/tls/server.crt": str(certificate),
        "/run/tls/server.key": str(key),
        "/run/tls/authority.crt": str(authority.file),
        "/run/nginx": str(folder),
        "/etc/nginx/identity.js": str(IMAGE / "identity.js"),
        "/usr/lib/nginx/modules": programs.path("usr/lib/nginx/modules"),
        "/dev/stdout": str(log),
        f"listen {nginx.HTTPS_PORT}": f"listen 127.0.0.1:{port}",
        " resolve ": " ",  # newer than Debian's nginx
    }
    for old, new in replacements.items():
        assert old in text
        text = text.replace(old, new)
    (folder / "nginx.conf").write_text(text)
    arguments = ["-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]
    command = [programs.path("usr/sbin/nginx"), *arguments]

    def run(*more: str) -> None:
        # A daemon keeps pipes open, so it gets none.
        environment, nowhere = programs.environment(), subprocess.DEVNULL
        subprocess.run([*command, *more], env=environment, check=True, timeout=20, stdout=nowhere, stderr=nowhere)

    run()

    def send_request(path: str = "/dicom-web/studies", **headers: str) -> dict[str, Any]:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(f"https://localhost:{port}{path}", headers=named)
        before = len(log.read_text().splitlines())
        with pytest.raises(urllib.error.HTTPError):  # there is no upstream
            urllib.request.urlopen(request, context=authority.client_context(), timeout=5)  # noqa: S310
        for _ in range(100):  # the entry is written after the response
            if len(lines := log.read_text().splitlines()) > before:
                break
            time.sleep(0.02)
        assert len(lines) == before + 1
        return json.loads(lines[-1])

    yield send_request
    run("-s", "quit")


def test_a_person_is_logged_by_the_name_in_the_directory(send: Send):
    line = send(X_Amzn_Oidc_Data=token(sub="4f1c", username="identitycenter_ada@octank.example"))
    assert (line["person"], line["center"]) == ("identitycenter_ada@octank.example", "")


def test_a_person_without_a_name_is_logged_by_the_subject(send: Send):
    assert send(X_Amzn_Oidc_Data=token(sub="4f1c"), X_Amzn_Oidc_Identity="4f1c")["person"] == "4f1c"


def test_a_machine_client_is_logged_by_its_center(send: Send):
    line = send(Authorization=f"Bearer {token(client_id='client-of-main-campus')}")
    assert (line["person"], line["center"]) == ("", "main-campus")


def test_a_client_without_a_center_is_logged_by_its_id(send: Send):
    assert send(Authorization=f"bearer {token(client_id='another')}")["center"] == "another"


def test_a_request_with_a_token_cannot_impersonate_a_person(send: Send):
    forged = token(username="identitycenter_ada@octank.example")
    line = send(
        Authorization=f"Bearer {token(client_id='another')}", X_Amzn_Oidc_Data=forged, X_Amzn_Oidc_Identity="ada"
    )
    assert (line["person"], line["center"]) == ("", "another")


@pytest.mark.parametrize(
    "broken", ["", "x", "a.b.c", "..", token(username={"a": 1}), token(username=["x"]), "e30.bnVsbA.x", "ä.ö.ü"]
)
def test_an_invalid_token_is_logged_without_a_name(broken: str, send: Send):
    assert send(X_Amzn_Oidc_Data=broken.encode().decode("latin-1"))["person"] == ""
    assert send(Authorization=f"Bearer {broken}".encode().decode("latin-1"))["center"] == ""


def test_a_name_cannot_forge_an_entry_or_fill_the_log(send: Send):
    line = send(X_Amzn_Oidc_Data=token(username='x","status":200}\n{"person":"ada' + "y" * 8_000))
    assert line["person"].startswith('x","status"')
    assert len(line["person"]) == 128


def test_neither_query_nor_token_is_logged(send: Send):
    line = send(
        "/dicom-web/studies?PatientName=DOE%5EJOHN", Authorization=f"Bearer {token(client_id='c', email='a@b')}"
    )
    assert "DOE" not in json.dumps(line)
    assert "a@b" not in json.dumps(line)
    assert "c2lnbmF0dXJl" not in json.dumps(line)
