"""Is a file the metadata of a SAML identity provider? IAM and Cognito refuse it late; this refuses it early."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

PROJECT = Path(__file__).parent.parent
MIN_LENGTH, MAX_LENGTH = 1_000, 10_000_000
"""Characters; https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateSAMLProvider.html"""

_METADATA = "{urn:oasis:names:tc:SAML:2.0:metadata}"
_CERTIFICATE = "{http://www.w3.org/2000/09/xmldsig#}X509Certificate"


def read_metadata(path: str) -> str:
    """The document at `path`, which is relative to the project."""
    return (PROJECT / path).read_text(encoding="utf-8")


def metadata_problem(path: str) -> str | None:
    """What is wrong with the metadata file at `path`, or None."""
    try:
        text = read_metadata(path)
    except (OSError, UnicodeDecodeError) as error:
        return f"the file cannot be read ({type(error).__name__})"
    return _text_problem(text) or _document_problem(text)


def _text_problem(text: str) -> str | None:
    if not MIN_LENGTH <= len(text) <= MAX_LENGTH:
        return f"it has {len(text)} characters, IAM takes {MIN_LENGTH} to {MAX_LENGTH}"
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        return "metadata has no document type, and entities are never expanded here"
    return None


def _document_problem(text: str) -> str | None:
    try:
        root = ET.fromstring(text)  # noqa: S314  no entity can be in it
    except ET.ParseError as error:
        return f"it is not XML ({error})"
    provider = root.find(f"{_METADATA}IDPSSODescriptor")
    if root.tag != f"{_METADATA}EntityDescriptor" or provider is None:
        return "it does not describe an identity provider (EntityDescriptor with an IDPSSODescriptor)"
    if provider.find(f".//{_CERTIFICATE}") is None:
        return "it has no signing certificate"
    if provider.find(f"{_METADATA}SingleSignOnService") is None:
        return "it has no SingleSignOnService"
    return None
