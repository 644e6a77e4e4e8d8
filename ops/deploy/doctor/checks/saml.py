"""The identity provider's metadata: its certificates are valid, and sign-in and VPN have separate files."""

from __future__ import annotations

import base64
import datetime as dt
from xml.etree import ElementTree as ET

from cryptography import x509

from ops.deploy.doctor.check import Check, Result, failure, ok, skip, warning
from ops.deploy.doctor.context import Context

SOON_DAYS = 60
_CERTIFICATE = "{http://www.w3.org/2000/09/xmldsig#}X509Certificate"
RENEW = "Download the new metadata from IAM Identity Center: docs/runbooks/identity-center.md"


def _metadata_files(context: Context) -> dict[str, str]:
    settings = context.settings
    groups = {"identity": settings.identity, "client_vpn": settings.client_vpn}
    return {name: group.saml_metadata for name, group in groups.items() if group}


def _parse_metadata(context: Context, path: str) -> ET.Element:
    text = (context.folder / path).read_text(encoding="utf-8")
    return ET.fromstring(text)  # noqa: S314  the settings refuse document types and entities


def check_certificates(context: Context) -> Result:
    """The newest certificate of each file is valid for some time."""
    now, expiry = dt.datetime.now(dt.UTC), {}
    for name, path in _metadata_files(context).items():
        certificates = [
            x509.load_der_x509_certificate(base64.b64decode("".join((element.text or "").split())))
            for element in _parse_metadata(context, path).iter(_CERTIFICATE)
        ]
        expiry[name] = max(each.not_valid_after_utc for each in certificates)
    if not expiry:
        return skip("the stack has no sign-in")
    name, end = min(expiry.items(), key=lambda item: item[1])
    if end <= now:
        return failure(f"the certificate of {name} expired on {end:%Y-%m-%d}: nobody can sign in", RENEW)
    if end - now < dt.timedelta(days=SOON_DAYS):
        return warning(f"the certificate of {name} expires on {end:%Y-%m-%d}", RENEW)
    return ok(f"valid until {end:%Y-%m-%d}")


def check_entity_ids(context: Context) -> Result:
    """Browser and VPN are two applications of Identity Center, each with its own entity id."""
    ids = {name: _parse_metadata(context, path).get("entityID", "") for name, path in _metadata_files(context).items()}
    if not ids:
        return skip("the stack has no sign-in")
    if len(set(ids.values())) < len(ids):
        return failure(
            f"identity and client_vpn have the same entity id {next(iter(ids.values()))}",
            "They are two applications: save the metadata of each in its own file (docs/runbooks/identity-center.md)",
        )
    examples = [f"{name}: {entity}" for name, entity in ids.items() if "REPLACE" in entity or "example" in entity]
    if examples:
        return failure(f"still the example values: {', '.join(examples)}", RENEW)
    return ok(", ".join(f"{name} {entity}" for name, entity in ids.items()))


CHECKS = (Check(name="SAML certificates", run=check_certificates), Check(name="SAML entity ids", run=check_entity_ids))
