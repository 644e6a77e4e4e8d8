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
    }
)
"""Source types of this store's logs; each needs its own token, because index and source type come from it."""


def client_vpn_fits(client_vpn: ClientVpn | None, identity: Identity | None) -> Problems:
    """A range AWS accepts, and groups that the directory knows."""
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
                rule=f"identity.groups knows {sorted(known) or 'no group'}",
                remedy="Add the group and its Identity Center id there, or correct the name",
            )
    if not client_vpn.groups:
        yield Problem(
            key="client_vpn.groups", value=[], rule="access is given by directory group", remedy="Name at least one"
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


def splunk_is_reachable(logging: Logging, account: Account) -> Problems:
    """Firehose delivers to a public https endpoint only, with one token per source type."""
    if logging.splunk is None:
        return
    endpoint = urlsplit(logging.splunk.hec_endpoint)
    host = endpoint.hostname or ""
    if endpoint.scheme != "https" or not host:
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
            remedy="Publish the collector, or use a relay in the VPC, the Splunk add-on for AWS, or FireLens",
        )
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
                rule=f"no log of the store has this source type; there are {sorted(SPLUNK_SOURCES)}",
                remedy="Remove it or correct its name",
            )
        if arn.split(":")[3:5] != [account.region, account.id]:
            yield Problem(
                key=f"logging.splunk.token_secrets.{source}",
                value=arn,
                rule=f"Firehose reads secrets of its own account and Region, {account.id} in {account.region}",
                remedy="Store the token there",
            )


def _is_public(host: str) -> bool:
    if host == "localhost" or host.endswith((".local", ".internal", ".lan", ".localhost")) or "." not in host:
        return False
    try:
        return ip_address(host).is_global
    except ValueError:
        return True


RULES: tuple[Rule, ...] = (
    client_vpn_fits,
    saml_metadata_is_usable,
    splunk_is_reachable,
)
