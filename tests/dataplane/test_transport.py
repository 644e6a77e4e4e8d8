"""Every hop uses modern TLS and verifies its server; credentials are sent to no other server."""

from __future__ import annotations

import json
import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import urllib3

from dataplane.clients.dicomweb import acknowledged_uids
from dataplane.clients.raw import connect, head, read_all, statuses
from dataplane.processes.authority import Authority
from dataplane.processes.tasks import certificate_name
from dataplane.processes.web import Web
from dataplane.samples import studies
from dataplane.store import Store, run_store
from ops.render import render_stack
from tests.dataplane.recorder import run_recorder

OLD = [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1]
WEAK = ["AES128-SHA", "AES256-GCM-SHA384", "ECDHE-ECDSA-AES128-SHA", "ECDHE-RSA-AES256-SHA384", "DHE-RSA-AES128-SHA"]
STRONG = ["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-RSA-AES128-GCM-SHA256"]
DEFAULTS = ["orthanc:orthanc", "admin:admin", "orthanc:", ":", "alice:alicePassword", "demo:demo"]


def unverified_context(version: ssl.TLSVersion | None = None, ciphers: str = "ALL:@SECLEVEL=0") -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers(ciphers)
    if version:
        context.minimum_version = context.maximum_version = version
    return context


def endpoints(prod: Store) -> dict[str, tuple[int, str, Path]]:
    """Each TLS endpoint that serves HTTP: port, host name and authority."""
    app, web = prod.replicas[0], prod.web
    return {"web": (web.port, web.host, web.authority), "app": (app.https, app.host, app.authority)}


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
@pytest.mark.parametrize("version", OLD)
@pytest.mark.parametrize("endpoint", ["web", "app"])
def test_old_versions_of_tls_are_refused(endpoint: str, version: ssl.TLSVersion, prod: Store):
    port, host, authority = endpoints(prod)[endpoint]
    context = unverified_context(version)
    with (
        pytest.raises((ssl.SSLError, ConnectionResetError)),
        connect(port, host=host, authority=authority, context=context),
    ):
        pass


@pytest.mark.parametrize("endpoint", ["web", "app"])
def test_weak_ciphers_are_refused_and_strong_ones_accepted(endpoint: str, prod: Store):
    port, host, authority = endpoints(prod)[endpoint]
    for cipher in WEAK:
        context = unverified_context(ssl.TLSVersion.TLSv1_2, f"{cipher}:@SECLEVEL=0")
        with (
            pytest.raises((ssl.SSLError, ConnectionResetError)),
            connect(port, host=host, authority=authority, context=context),
        ):
            pass
    accepted = []
    for cipher in STRONG:
        try:
            with connect(
                port, host=host, authority=authority, context=unverified_context(ssl.TLSVersion.TLSv1_2, cipher)
            ):
                accepted.append(cipher)
        except ssl.SSLError:
            continue  # for the other key type
    assert accepted
    with connect(port, host=host, authority=authority) as connection:
        assert connection.version() == "TLSv1.3"


@pytest.mark.parametrize("endpoint", ["web", "app"])
def test_plain_http_gets_no_data(endpoint: str, prod: Store):
    port, host, _ = endpoints(prod)[endpoint]
    with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
        connection.sendall(head("GET", "/dicom-web/studies", "Connection: close", host=host))
        answers = read_all(connection)
    assert statuses(answers) in ([], [400])
    assert b"00080005" not in answers


@pytest.mark.parametrize("wrong", ["authority", "name"])
def test_nginx_sends_nothing_to_a_server_that_it_cannot_verify(wrong: str, prod: Store, tmp_path: Path):
    task, app = prod.stack.tasks["web"], prod.stack.tasks["app"]
    if wrong == "authority":
        certificate, key = Authority.create(tmp_path).issue_server(certificate_name(app), folder=tmp_path)
    else:  # of the same authority, for another host
        bundle = json.loads(task.secrets["TLS_BUNDLE"])
        certificate, key = tmp_path / "web.crt", tmp_path / "web.key"
        certificate.write_text(bundle["certificate"])
        key.write_text(bundle["privateKey"])
    with run_recorder(certificate, key) as rogue:
        web = Web(tmp_path / "web", task, [rogue.port])
        web.start()
        web.wait()
        try:
            [instance] = studies.ct_series(1, size=64)
            assert web.client().store(instance.data).status == 502
            assert web.client().request("GET", "/dicom-web/studies").status == 502
            until = time.monotonic() + 15
            while (failed := web.log.read_text().count('"upstream_status":"502')) < 2 and time.monotonic() < until:
                time.sleep(0.05)  # an entry is written after its response
            assert failed == 2
        finally:
            web.kill()
        assert rogue.all_bytes == b"", "nginx sent data to an unverified server"
        assert rogue.failed_handshakes + len(rogue.received) >= 2, "nginx did not connect"


@pytest.mark.parametrize("credential", [None, *DEFAULTS])
def test_orthanc_refuses_requests_without_its_credential(credential: str | None, prod: Store):
    for replica in prod.replicas:
        client = replica.client()
        client.headers = urllib3.make_headers(basic_auth=credential) if credential else {}
        for method, path in (
            ("GET", "/dicom-web/studies"),
            ("GET", "/system"),
            ("POST", "/tools/find"),
            ("GET", "/wado"),
        ):
            assert client.request(method, path).status == 401, (method, path)


def test_a_wrong_password_of_the_right_user_is_refused(prod: Store):
    [(user, password)] = prod.replicas[0].users.items()
    for wrong in (password[:-1], password + "x", password.swapcase(), ""):
        client = prod.replicas[0].client(**urllib3.make_headers(basic_auth=f"{user}:{wrong}"))
        assert client.request("GET", "/dicom-web/studies").status == 401


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with run_store(tmp_path_factory.mktemp("dev"), render_stack("dev"), replicas=1) as store:
        yield store


def test_in_dev_a_client_needs_the_credential_itself(dev: Store):
    [instance] = studies.ct_series(1, size=64)
    for credential in (None, *DEFAULTS):
        headers = urllib3.make_headers(basic_auth=credential) if credential else {}
        assert dev.client(**headers).store(instance.data).status == 401
        assert dev.client(**headers).request("GET", "/dicom-web/studies").status == 401
    [(user, password)] = dev.replicas[0].users.items()
    known = dev.client(**urllib3.make_headers(basic_auth=f"{user}:{password}"))
    assert known.search(StudyInstanceUID=instance.study) == []
    assert acknowledged_uids(known.store(instance.data)) == {instance.uid}
    assert known.retrieve(instance.path) == [instance.data]
