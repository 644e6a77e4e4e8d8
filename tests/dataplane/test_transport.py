"""Every hop is TLS of today with a verified other side; credentials go to nobody else."""

from __future__ import annotations

import json
import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import urllib3

from dataplane import store as stores
from dataplane import studies
from dataplane.authority import Authority
from dataplane.container import certificate_name
from dataplane.dicomweb import acknowledged
from dataplane.raw import connected, everything, head, statuses
from dataplane.recorder import recording
from dataplane.store import Store
from dataplane.web import Web

OLD = [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1]
WEAK = ["AES128-SHA", "AES256-GCM-SHA384", "ECDHE-ECDSA-AES128-SHA", "ECDHE-RSA-AES256-SHA384", "DHE-RSA-AES128-SHA"]
STRONG = ["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-RSA-AES128-GCM-SHA256"]
DEFAULTS = ["orthanc:orthanc", "admin:admin", "orthanc:", ":", "alice:alicePassword", "demo:demo"]


def unverified(version: ssl.TLSVersion | None = None, ciphers: str = "ALL:@SECLEVEL=0") -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers(ciphers)
    if version:
        context.minimum_version = context.maximum_version = version
    return context


def doors(prod: Store) -> dict[str, tuple[int, str, Path]]:
    """Each TLS port that serves HTTP: its number, name and authority."""
    app, web = prod.replicas[0], prod.web
    return {"web": (web.port, web.host, web.authority), "app": (app.https, app.host, app.authority)}


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
@pytest.mark.parametrize("version", OLD)
@pytest.mark.parametrize("door", ["web", "app"])
def test_old_versions_of_tls_are_refused(door: str, version: ssl.TLSVersion, prod: Store):
    port, host, authority = doors(prod)[door]
    context = unverified(version)
    with (
        pytest.raises((ssl.SSLError, ConnectionResetError)),
        connected(port, host=host, authority=authority, context=context),
    ):
        pass


@pytest.mark.parametrize("door", ["web", "app"])
def test_weak_ciphers_are_refused_and_strong_ones_taken(door: str, prod: Store):
    port, host, authority = doors(prod)[door]
    for cipher in WEAK:
        context = unverified(ssl.TLSVersion.TLSv1_2, f"{cipher}:@SECLEVEL=0")
        with (
            pytest.raises((ssl.SSLError, ConnectionResetError)),
            connected(port, host=host, authority=authority, context=context),
        ):
            pass
    taken = []
    for cipher in STRONG:
        try:
            with connected(port, host=host, authority=authority, context=unverified(ssl.TLSVersion.TLSv1_2, cipher)):
                taken.append(cipher)
        except ssl.SSLError:
            continue  # of the other kind of key
    assert taken
    with connected(port, host=host, authority=authority) as connection:
        assert connection.version() == "TLSv1.3"


@pytest.mark.parametrize("door", ["web", "app"])
def test_plain_http_gets_nothing(door: str, prod: Store):
    port, host, _ = doors(prod)[door]
    with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
        connection.sendall(head("GET", "/dicom-web/studies", "Connection: close", host=host))
        answers = everything(connection)
    assert statuses(answers) in ([], [400])
    assert b"00080005" not in answers


@pytest.mark.parametrize("wrong", ["authority", "name"])
def test_nginx_sends_nothing_to_a_server_that_it_can_not_verify(wrong: str, prod: Store, tmp_path: Path):
    task, app = prod.stack.tasks["web"], prod.stack.tasks["app"]
    if wrong == "authority":
        certificate, key = Authority.create(tmp_path).issue(certificate_name(app), folder=tmp_path)
    else:  # of the right authority, for another host
        bundle = json.loads(task.secrets["TLS_BUNDLE"])
        certificate, key = tmp_path / "web.crt", tmp_path / "web.key"
        certificate.write_text(bundle["certificate"])
        key.write_text(bundle["privateKey"])
    with recording(certificate, key) as rogue:
        web = Web(tmp_path / "web", task, [rogue.port])
        web.start()
        web.wait()
        try:
            [instance] = studies.ct(1, size=64)
            assert web.client().store(instance.data).status == 502
            assert web.client().request("GET", "/dicom-web/studies").status == 502
            until = time.monotonic() + 15
            while (asked := web.log.read_text().count('"upstream_status":"502')) < 2 and time.monotonic() < until:
                time.sleep(0.05)  # a line follows its answer
            assert asked == 2
        finally:
            web.kill()
        assert rogue.everything == b"", "something was sent"
        assert rogue.refused + len(rogue.received) >= 2, "nobody asked"


@pytest.mark.parametrize("credential", [None, *DEFAULTS])
def test_orthanc_answers_nobody_without_its_credential(credential: str | None, prod: Store):
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
    with stores.running(tmp_path_factory.mktemp("dev"), "dev", replicas=1) as started:
        yield started


def test_in_dev_a_client_needs_the_credential_itself(dev: Store):
    [instance] = studies.ct(1, size=64)
    for credential in (None, *DEFAULTS):
        headers = urllib3.make_headers(basic_auth=credential) if credential else {}
        assert dev.client(**headers).store(instance.data).status == 401
        assert dev.client(**headers).request("GET", "/dicom-web/studies").status == 401
    [(user, password)] = dev.replicas[0].users.items()
    known = dev.client(**urllib3.make_headers(basic_auth=f"{user}:{password}"))
    assert known.search(StudyInstanceUID=instance.study) == []
    assert acknowledged(known.store(instance.data)) == {instance.uid}
    assert known.retrieve(instance.path) == [instance.data]
