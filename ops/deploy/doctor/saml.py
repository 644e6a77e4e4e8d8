"""The identity provider's metadata: how long its certificates last, and whether each use has a file of its own."""

from __future__ import annotations

import base64
import datetime as dt
from xml.etree import ElementTree as ET

from ops.deploy.doctor.check import Check, Patient, Result, failure, ok, skipped, warning

SOON_DAYS = 60
_CERTIFICATE = "{http://www.w3.org/2000/09/xmldsig#}X509Certificate"
RENEW = "Download the new metadata from IAM Identity Center: docs/runbooks/identity-center.md"


def _files(patient: Patient) -> dict[str, str]:
    settings = patient.settings
    groups = {"identity": settings.identity, "client_vpn": settings.client_vpn}
    return {name: group.saml_metadata for name, group in groups.items() if group}


def _root(patient: Patient, path: str) -> ET.Element:
    text = (patient.folder / path).read_text(encoding="utf-8")
    return ET.fromstring(text)  # noqa: S314  the settings refuse document types and entities


def certificates(patient: Patient) -> Result:
    """The latest certificate of each file is valid for a while."""
    from cryptography import x509  # noqa: PLC0415  slow to import

    now, ends = dt.datetime.now(dt.UTC), {}
    for name, path in _files(patient).items():
        found = [
            x509.load_der_x509_certificate(base64.b64decode("".join((element.text or "").split())))
            for element in _root(patient, path).iter(_CERTIFICATE)
        ]
        ends[name] = max(each.not_valid_after_utc for each in found)
    if not ends:
        return skipped("the stack has no sign-in")
    name, end = min(ends.items(), key=lambda item: item[1])
    if end <= now:
        return failure(f"the certificate of {name} expired on {end:%Y-%m-%d}: nobody can sign in", RENEW)
    if end - now < dt.timedelta(days=SOON_DAYS):
        return warning(f"the certificate of {name} expires on {end:%Y-%m-%d}", RENEW)
    return ok(f"valid until {end:%Y-%m-%d}")


def entities(patient: Patient) -> Result:
    """Browser and VPN are two applications of Identity Center, each with an entity id of its own."""
    ids = {name: _root(patient, path).get("entityID", "") for name, path in _files(patient).items()}
    if not ids:
        return skipped("the stack has no sign-in")
    if len(set(ids.values())) < len(ids):
        return failure(
            f"identity and client_vpn have the same entity id {next(iter(ids.values()))}",
            "They are two applications: save the metadata of each in its own file (docs/runbooks/identity-center.md)",
        )
    strange = [f"{name}: {entity}" for name, entity in ids.items() if "REPLACE" in entity or "example" in entity]
    if strange:
        return failure(f"an example, not yours: {', '.join(strange)}", RENEW)
    return ok(", ".join(f"{name} {entity}" for name, entity in ids.items()))


CHECKS = (Check(name="SAML certificates", run=certificates), Check(name="SAML entity ids", run=entities))
