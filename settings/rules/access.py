"""Sign-in, client VPN and the stream to Splunk."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from settings.models import Account, ClientVpn, Identity, Logging
from settings.rules.problem import Problem, Problems, Rule
from settings.saml import metadata_problem

CLIENT_VPN_PREFIXES = range(12, 23)

SPLUNK_SOURCES = frozenset(
    {
        "nginx:access",
        "orthanc:json",
        "postgresql:log",
        "aws:cloudwatchlogs:vpcflow",
        "aws:cloudtrail",
        "aws:waf",
        "aws:vpn",
        "aws:ecs:exec",
        "aws:findings",
        "aws:lambda",
    }
)
"""Source types of this store's logs; each needs its own token, because index and source type come from it."""


PRIVATE_DOMAINS = frozenset({"local", "internal", "lan", "localhost", "home", "corp", "intranet", "private"})
"""Top-level names that public DNS never holds; https://www.rfc-editor.org/rfc/rfc6762#appendix-G"""


def client_vpn_fits(client_vpn: ClientVpn | None, identity: Identity | None) -> Problems:
    """A range that AWS accepts, and groups that exist in the directory."""
    if client_vpn is None:
        return
    if client_vpn.cidr.prefixlen not in CLIENT_VPN_PREFIXES:
        yield Problem(
            key="client_vpn.cidr",
            value=str(client_vpn.cidr),
            rule="the range of client addresses is a /12 to /22",
            remedy="A /22 serves about 500 sessions",
        )
    known = identity.groups if identity else {}
    for group in client_vpn.groups:
        if group not in known:
            yield Problem(
                key="client_vpn.groups",
                value=group,
                rule=f"identity.groups has {sorted(known) or 'no group'}",
                remedy="Add the group and its Identity Center id there, or correct the name",
            )


def viewer_needs_sign_in(viewer: bool, identity: Identity | None) -> Problems:  # noqa: FBT001  called by name
    """Whoever opens a page with patients' names on it is known by name (45 CFR 164.312(a)(2)(i), 164.312(d))."""
    if viewer and identity is None:
        yield Problem(
            key="viewer",
            value=viewer,
            rule="the viewer is for people who have signed in, and there is no identity",
            remedy="Add identity, or set it to false",
        )


def saml_metadata_is_usable(client_vpn: ClientVpn | None, identity: Identity | None) -> Problems:
    """Each of the two SAML applications of IAM Identity Center has its own metadata file."""
    files = {
        "client_vpn.saml_metadata": client_vpn.saml_metadata if client_vpn else None,
        "identity.saml_metadata": identity.saml_metadata if identity else None,
    }
    for key, path in files.items():
        problem = metadata_problem(path) if path else None
        if problem:
            yield Problem(
                key=key,
                value=path,
                rule=problem,
                remedy="Download it from IAM Identity Center as docs/runbooks/identity-center.md says",
            )
    if client_vpn and identity and client_vpn.saml_metadata == identity.saml_metadata:
        yield Problem(
            key="client_vpn.saml_metadata",
            value=client_vpn.saml_metadata,
            rule="it is identity.saml_metadata; the client VPN is an application of its own in IAM Identity Center",
            remedy="Name the metadata of the client VPN's application",
        )


def splunk_is_reachable(logging: Logging) -> Problems:
    """Firehose delivers to a public https endpoint only.
    https://docs.aws.amazon.com/firehose/latest/dev/create-destination.html#create-destination-splunk
    """
    if logging.splunk is None:
        return
    host = _https_host(logging.splunk.hec_endpoint)
    if host is None:
        yield Problem(
            key="logging.splunk.hec_endpoint",
            value=logging.splunk.hec_endpoint,
            rule="the HTTP Event Collector is an https URL",
            remedy="Write https://<host>:<port>",
        )
    elif not _is_public(host):
        yield Problem(
            key="logging.splunk.hec_endpoint",
            value=logging.splunk.hec_endpoint,
            rule="Firehose cannot deliver to a private address",
            remedy="Publish the collector, or use a relay in the VPC, the Splunk add-on that pulls from CloudWatch, "
            "or FireLens",
        )


def splunk_has_a_token_per_source(logging: Logging, account: Account) -> Problems:
    """One token per source type, in Secrets Manager of the stack's own account and Region."""
    if logging.splunk is None:
        return
    tokens = logging.splunk.token_secrets
    for source in sorted(SPLUNK_SOURCES - tokens.keys()):
        yield Problem(
            key="logging.splunk.token_secrets",
            value=source,
            rule="this source type has no token, and index and source type come from the token",
            remedy="Store a token in Secrets Manager and name its ARN",
        )
    for source, arn in tokens.items():
        if source not in SPLUNK_SOURCES:
            yield Problem(
                key="logging.splunk.token_secrets",
                value=source,
                rule=f"no log of the store has this source type; there are {', '.join(sorted(SPLUNK_SOURCES))}",
                remedy="Remove it or correct its name",
            )
        if arn.split(":")[3:5] != [account.region, account.id]:
            yield Problem(
                key=f"logging.splunk.token_secrets.{source}",
                value=arn,
                rule=f"Firehose reads secrets of its own account and Region, {account.id} in {account.region}",
                remedy="Store the token there",
            )


def _https_host(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises on a port that is no number
    except ValueError:
        return None
    return parts.hostname if parts.scheme == "https" else None


def _is_public(host: str) -> bool:
    """By its look alone: names that never resolve in public DNS, and addresses that are not routed."""
    name = host.removesuffix(".")
    try:
        return ip_address(name).is_global
    except ValueError:
        last = name.rpartition(".")[2]
        return last != name and not last.isdigit() and last not in PRIVATE_DOMAINS


RULES: tuple[Rule, ...] = (
    client_vpn_fits,
    viewer_needs_sign_in,
    saml_metadata_is_usable,
    splunk_is_reachable,
    splunk_has_a_token_per_source,
)
