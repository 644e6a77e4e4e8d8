"""nginx with the program's own configuration names who asks, and nothing that a token or a query holds besides."""

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
from dataplane.authority import Authority
from dataplane.debian import NGINX, tree
from dataplane.postgresql import free_port

IMAGE = Path(nginx.TEMPLATE).parent
Ask = Callable[..., dict[str, Any]]


def token(**claims: Any) -> str:
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode()  # the balancer pads, Cognito does not
    return f"e30.{payload}.c2lnbmF0dXJl"


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    """Sends a request and returns its line of the access log."""
    folder = tmp_path_factory.mktemp("nginx")
    programs, port, authority = tree(NGINX), free_port(), Authority.create(folder)
    certificate, key = authority.issue("localhost", folder=folder)
    log = folder / "access.log"
    (folder / "credential.conf").touch()
    text = nginx.configuration(upstream="localhost", signed_in=True, clients={"main-campus": "client-of-main-campus"})
    places = {
        "/run/tls/server.crt": str(certificate),
        "/run/tls/server.key": str(key),
        "/run/tls/authority.crt": str(authority.file),
        "/run/nginx": str(folder),
        "/etc/nginx/identity.js": str(IMAGE / "identity.js"),
        "/usr/lib/nginx/modules": programs.program("usr/lib/nginx/modules"),
        "/dev/stdout": str(log),
        f"listen {nginx.HTTPS_PORT}": f"listen 127.0.0.1:{port}",
        " resolve ": " ",  # newer than Debian's nginx
    }
    for there, here in places.items():
        assert there in text
        text = text.replace(there, here)
    (folder / "nginx.conf").write_text(text)
    arguments = ["-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]
    command = [programs.program("usr/sbin/nginx"), *arguments]

    def run(*more: str) -> None:
        # A daemon keeps the pipes it was given, so it gets none.
        environment, nowhere = programs.environment(), subprocess.DEVNULL
        subprocess.run([*command, *more], env=environment, check=True, timeout=20, stdout=nowhere, stderr=nowhere)

    run()

    def send(path: str = "/dicom-web/studies", **headers: str) -> dict[str, Any]:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(f"https://localhost:{port}{path}", headers=named)
        before = len(log.read_text().splitlines())
        with pytest.raises(urllib.error.HTTPError):  # nobody is behind it
            urllib.request.urlopen(request, context=authority.trusted(), timeout=5)  # noqa: S310
        for _ in range(100):  # the line follows the answer
            if len(lines := log.read_text().splitlines()) > before:
                break
            time.sleep(0.02)
        assert len(lines) == before + 1
        return json.loads(lines[-1])

    yield send
    run("-s", "quit")


def test_a_person_is_named_as_the_directory_knows_them(ask: Ask):
    line = ask(X_Amzn_Oidc_Data=token(sub="4f1c", username="identitycenter_ada@octank.example"))
    assert (line["person"], line["center"]) == ("identitycenter_ada@octank.example", "")


def test_a_person_without_a_name_is_known_by_the_subject(ask: Ask):
    assert ask(X_Amzn_Oidc_Data=token(sub="4f1c"), X_Amzn_Oidc_Identity="4f1c")["person"] == "4f1c"


def test_a_machine_is_named_after_its_center(ask: Ask):
    line = ask(Authorization=f"Bearer {token(client_id='client-of-main-campus')}")
    assert (line["person"], line["center"]) == ("", "main-campus")


def test_a_client_of_no_center_is_named_by_its_id(ask: Ask):
    assert ask(Authorization=f"bearer {token(client_id='another')}")["center"] == "another"


def test_beside_a_token_nobody_can_pass_for_a_person(ask: Ask):
    forged = token(username="identitycenter_ada@octank.example")
    line = ask(
        Authorization=f"Bearer {token(client_id='another')}", X_Amzn_Oidc_Data=forged, X_Amzn_Oidc_Identity="ada"
    )
    assert (line["person"], line["center"]) == ("", "another")


@pytest.mark.parametrize(
    "broken", ["", "x", "a.b.c", "..", token(username={"a": 1}), token(username=["x"]), "e30.bnVsbA.x", "ä.ö.ü"]
)
def test_what_is_no_token_names_nobody(broken: str, ask: Ask):
    assert ask(X_Amzn_Oidc_Data=broken.encode().decode("latin-1"))["person"] == ""
    assert ask(Authorization=f"Bearer {broken}".encode().decode("latin-1"))["center"] == ""


def test_a_name_can_not_forge_a_line_or_fill_the_log(ask: Ask):
    line = ask(X_Amzn_Oidc_Data=token(username='x","status":200}\n{"person":"ada' + "y" * 8_000))
    assert line["person"].startswith('x","status"')
    assert len(line["person"]) == 128


def test_neither_query_nor_token_is_logged(ask: Ask):
    line = ask("/dicom-web/studies?PatientName=DOE%5EJOHN", Authorization=f"Bearer {token(client_id='c', email='a@b')}")
    assert "DOE" not in json.dumps(line)
    assert "a@b" not in json.dumps(line)
    assert "c2lnbmF0dXJl" not in json.dumps(line)
