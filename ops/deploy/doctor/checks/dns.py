"""The store's name is in the hosted zone of the settings, and the public DNS delegates to that zone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dns import exception, resolver

from ops.deploy.doctor.check import Check, Result, failure, ok, warning
from ops.deploy.doctor.context import Context

if TYPE_CHECKING:
    from types_boto3_route53 import Route53Client

SECONDS = 6


def check_zone(context: Context) -> Result:
    """The hosted zone exists, is public and contains the store's name."""
    settings = context.settings.dns
    route53: Route53Client = context.client("route53")
    try:
        zone = route53.get_hosted_zone(Id=settings.zone_id)["HostedZone"]
    except route53.exceptions.NoSuchHostedZone:
        return failure(
            f"the account has no hosted zone {settings.zone_id}", "Correct dns.zone_id, or create a public hosted zone"
        )
    name = zone["Name"].rstrip(".")
    if zone.get("Config", {}).get("PrivateZone"):
        return failure(f"{name} is a private zone", "Certificates are validated in a public zone: correct dns.zone_id")
    if settings.name != name and not settings.name.endswith(f".{name}"):
        return failure(f"{settings.name} is not in {name}", "Correct dns.name or dns.zone_id")
    return ok(f"{settings.name} is in {name}")


def check_delegation(context: Context) -> Result:
    """The parent domain delegates to the zone's name servers; otherwise no certificate is ever issued."""
    route53: Route53Client = context.client("route53")
    zone = route53.get_hosted_zone(Id=context.settings.dns.zone_id)
    name = zone["HostedZone"]["Name"]
    wanted = {each.rstrip(".").lower() for each in zone["DelegationSet"]["NameServers"]}
    servers = query_name_servers(name)
    if servers is None:
        return warning(f"no DNS server answered for {name}", f"Ask from elsewhere: `dig NS {name}`")
    if servers == wanted:
        return ok(f"{name} is served by its zone")
    actual = ", ".join(sorted(servers)) or "nobody"
    return failure(f"{name} is served by {actual}", f"At the parent domain, delegate to {', '.join(sorted(wanted))}")


def query_name_servers(name: str) -> set[str] | None:
    """Name servers of a domain in the public DNS; None if it does not answer."""
    try:
        answer = resolver.resolve(name, "NS", lifetime=SECONDS)
    except (resolver.NXDOMAIN, resolver.NoAnswer):
        return set()
    except exception.DNSException:
        return None
    return {str(each.target).rstrip(".").lower() for each in answer}


CHECKS = (
    Check(name="hosted zone", run=check_zone, aws=True),
    Check(name="delegation", run=check_delegation, aws=True),
)
