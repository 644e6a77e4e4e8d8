"""What the doctor finds without AWS: each check fine, broken, and with nothing to ask."""

from __future__ import annotations

import datetime as dt
import http.server
import json
import ssl
import threading
import time
from base64 import b64encode
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from typer.testing import CliRunner

from ops.__main__ import app
from ops.deploy.doctor.check import Check, Result, ok, run_checks
from ops.deploy.doctor.checks import agreements, images, saml, splunk, state
from ops.deploy.doctor.context import Context

NOW = dt.datetime.now(dt.UTC)


def context(folder: Path, **settings: Any) -> Context:
    given: Any = SimpleNamespace(**settings)
    return Context(stack="dev", folder=folder, settings=given, refusal="no AWS credentials")


def certificate(days: int, name: str = "localhost") -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW - dt.timedelta(days=400))
        .not_valid_after(NOW + dt.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return made, key


def metadata(folder: Path, days: int, *, name: str = "sign-in.xml", entity: str = "https://idp/sign-in") -> str:
    der = b64encode(certificate(days)[0].public_bytes(serialization.Encoding.DER)).decode()
    (folder / name).write_text(
        f'<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{entity}">'
        f'<X509Certificate xmlns="http://www.w3.org/2000/09/xmldsig#">{der}</X509Certificate></EntityDescriptor>'
    )
    return name


@contextmanager
def collector(
    folder: Path, status: int, *, location: str = "", host: str = "localhost", days: int = 30
) -> Generator[str]:
    """Splunk's collector on the loopback, with a certificate for `host`; its address."""
    made, key = certificate(days, host)
    pem = folder / "server.pem"
    pem.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == splunk.HEALTH else 404)
            if location:
                self.send_header("Location", location)
            self.end_headers()

        def log_message(self, format: str, *_: Any) -> None:
            """Silent."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"https://localhost:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def hec(folder: Path, endpoint: str) -> Result:
    there = SimpleNamespace(splunk=SimpleNamespace(hec_endpoint=endpoint))
    return splunk.check_collector(context(folder, logging=there))


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        splunk, "create_trust_store", lambda: ssl.create_default_context(cafile=str(tmp_path / "server.pem"))
    )


@pytest.mark.parametrize(
    ("status", "options", "expected", "said"),
    [
        (200, {}, "ok", "is healthy"),
        (302, {"location": "https://elsewhere/"}, "failure", "redirects to https://elsewhere/"),
        (503, {}, "failure", "503"),
        (404, {}, "failure", "answers 404"),
        (200, {"host": "other"}, "failure", "certificate is not valid"),
        (200, {"days": -1}, "failure", "certificate is not valid"),
    ],
)
@pytest.mark.usefixtures("trusted")
def test_the_collector(tmp_path: Path, status: int, options: dict[str, Any], expected: str, said: str):
    with collector(tmp_path, status, **options) as endpoint:
        result = hec(tmp_path, endpoint)
    assert (result.state, said in result.found) == (expected, True), result


def test_a_collector_that_nobody_vouches_for(tmp_path: Path):
    with collector(tmp_path, 200) as endpoint:
        assert "certificate is not valid" in hec(tmp_path, endpoint).found


def test_a_collector_that_is_not_there(tmp_path: Path):
    assert hec(tmp_path, "http://localhost:8088").found == "http://localhost:8088 is not https"
    assert "cannot be reached" in hec(tmp_path, "https://localhost:1").found
    assert splunk.check_collector(context(tmp_path, logging=SimpleNamespace(splunk=None))).state == "skipped"


@pytest.mark.parametrize(("days", "expected"), [(400, "ok"), (59, "warning"), (-1, "failure")])
def test_the_certificate_of_the_sign_in(tmp_path: Path, days: int, expected: str):
    group = SimpleNamespace(saml_metadata=metadata(tmp_path, days))
    assert saml.check_certificates(context(tmp_path, identity=group, client_vpn=None)).state == expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("https://idp/1", "https://idp/2", "ok"),
        ("https://idp/1", "https://idp/1", "failure"),
        ("https://idp/1", "https://idp/example", "failure"),
    ],
)
def test_entity_ids(tmp_path: Path, one: str, other: str, expected: str):
    groups = [
        SimpleNamespace(saml_metadata=metadata(tmp_path, 100, name=name, entity=entity))
        for name, entity in (("a.xml", one), ("b.xml", other))
    ]
    assert saml.check_entity_ids(context(tmp_path, identity=groups[0], client_vpn=groups[1])).state == expected


def test_no_sign_in_is_nothing_to_ask(tmp_path: Path):
    none = context(tmp_path, identity=None, client_vpn=None)
    assert [check.run(none).state for check in saml.CHECKS] == ["skipped", "skipped"]


@pytest.mark.parametrize(
    ("base", "expected"),
    [("nginx:1.29@sha256:abc", "ok"), ("nginx:1.29", "warning"), ("nginx", "failure"), ("nginx:latest", "failure")],
)
def test_base_images(tmp_path: Path, base: str, expected: str):
    for name in images.NAMES:
        (tmp_path / "images" / name).mkdir(parents=True)
        (tmp_path / "images" / name / "Dockerfile").write_text(f"FROM --platform=linux/arm64 {base}\n")
    assert images.check_base_images(context(tmp_path)).state == expected


@pytest.mark.parametrize(
    ("backend", "expected"),
    [
        ("s3://bucket?region=us-east-1&awssdk=v2", "ok"),
        ("s3://bucket?region=eu-west-1", "warning"),
        ("file:///state", "warning"),
        ("", "failure"),
    ],
)
def test_the_backend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, backend: str, expected: str):
    monkeypatch.delenv("PULUMI_BACKEND_URL", raising=False)
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path))
    (tmp_path / "credentials.json").write_text(json.dumps({"current": backend}))
    assert state.check_backend(context(tmp_path, account=SimpleNamespace(region="us-east-1"))).state == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("secretsprovider: awskms://alias/x?region=us-east-1\nencryptedkey: abc\n", "ok"),
        ("secretsprovider: awskms://alias/x\n", "failure"),
        ("encryptionsalt: v1\n", "failure"),
    ],
)
def test_the_secrets_provider(tmp_path: Path, written: str, expected: str):
    (tmp_path / "Pulumi.dev.yaml").write_text(written)
    assert state.check_secrets_provider(context(tmp_path)).state == expected


def test_the_agreement_is_for_a_person_to_look_up(tmp_path: Path):
    account = SimpleNamespace(id="1")
    (check,) = agreements.CHECKS
    assert check.run(context(tmp_path, study=SimpleNamespace(data="synthetic"), account=account)).state == "skipped"
    assert "Artifact" in check.run(context(tmp_path, study=SimpleNamespace(data="phi"), account=account)).remedy


def test_no_check_stops_another(tmp_path: Path):
    def raises(_: Context) -> Result:
        raise ValueError("it broke")

    def hangs(_: Context) -> Result:
        time.sleep(30)
        return ok("too late")

    checks = [
        Check(name="raises", run=raises),
        Check(name="hangs", run=hangs, seconds=0.1),
        Check(name="cloud", run=raises, aws=True),
        Check(name="last", run=lambda _: ok("fine")),
    ]
    found = [(check.name, result.state, result.found) for check, result in run_checks(checks, context(tmp_path))]
    assert found == [
        ("raises", "failure", "it could not be asked: ValueError: it broke"),
        ("hangs", "failure", "no answer in 0.1 s"),
        ("cloud", "skipped", "no AWS credentials"),
        ("last", "ok", "fine"),
    ]


def test_without_credentials_the_local_checks_still_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_ROLE_ARN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path))
    monkeypatch.delenv("PULUMI_BACKEND_URL", raising=False)
    done = CliRunner().invoke(app, ["doctor", "--stack", "dev", "--json"])
    found = {each["check"]: each for each in json.loads(done.output)["checks"]}
    assert done.exit_code == 1  # no backend
    assert found["python"]["state"] == "ok"
    assert "no AWS credentials" in found["account"]["found"]
    assert all(each["remedy"] for each in found.values() if each["state"] in {"failure", "warning"})
