"""Metadata of a SAML identity provider is checked before IAM and Cognito see it."""

from __future__ import annotations

import base64
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from cryptography import x509

from settings.saml import MAX_LENGTH, metadata_problem, read_metadata

SAMPLES = ("tests/stacks/saml/client-vpn.xml", "tests/stacks/saml/sign-in.xml")


@pytest.mark.parametrize("path", SAMPLES)
def test_samples_are_metadata_with_a_real_certificate_and_no_key(path: str):
    assert metadata_problem(path) is None
    text = read_metadata(path)
    assert "PRIVATE KEY" not in text
    found = ET.fromstring(text).find(".//{http://www.w3.org/2000/09/xmldsig#}X509Certificate")  # noqa: S314  our own
    assert found is not None
    assert found.text
    x509.load_der_x509_certificate(base64.b64decode(found.text))


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("<md:IDPSSODescriptor ", "<md:IDPSSODescriptor", "not XML"),
        ("IDPSSODescriptor", "SPSSODescriptor", "does not describe an identity provider"),
        ("md:EntityDescriptor", "md:EntitiesDescriptor", "does not describe an identity provider"),
        ("X509Certificate", "X509Digest", "no signing certificate"),
        ("SingleSignOnService", "SingleLogoutService", "no SingleSignOnService"),
        ("<md:EntityDescriptor", "<!DOCTYPE x><md:EntityDescriptor", "no document type"),
    ],
)
def test_other_documents_are_refused(tmp_path: Path, old: str, new: str, problem: str):
    text = read_metadata(SAMPLES[0])
    assert old in text
    path = tmp_path / "metadata.xml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    assert problem in str(metadata_problem(str(path)))


@pytest.mark.parametrize("size", [999, MAX_LENGTH + 1])
def test_sizes_that_iam_refuses_are_refused(tmp_path: Path, size: int):
    path = tmp_path / "metadata.xml"
    path.write_text("x" * size)
    assert f"it has {size} characters" in str(metadata_problem(str(path)))


def test_a_file_that_is_no_text_is_refused(tmp_path: Path):
    path = tmp_path / "metadata.xml"
    path.write_bytes(b"\xff" * 2000)
    assert "cannot be read" in str(metadata_problem(str(path)))
    assert "cannot be read" in str(metadata_problem(str(tmp_path)))
