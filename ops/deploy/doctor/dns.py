"""The store's name: in the hosted zone of the settings, and that zone the one that the world asks."""

from __future__ import annotations

from typing import Any

from ops.deploy.doctor.check import Check, Patient, Result, failure, ok, warning

SECONDS = 6


def zone(patient: Patient) -> Result:
    """The zone is there, public, and holds the name."""
    settings = patient.settings.dns
    route53 = patient.client("route53")
    try:
        found = route53.get_hosted_zone(Id=settings.zone_id)
    except route53.exceptions.NoSuchHostedZone:
        return failure(
            f"the account has no hosted zone {settings.zone_id}", "Correct dns.zone_id, or make a public hosted zone"
        )
    name = found["HostedZone"]["Name"].rstrip(".")
    if found["HostedZone"]["Config"].get("PrivateZone"):
        return failure(f"{name} is a private zone", "Certificates are proven in a public zone: correct dns.zone_id")
    if settings.name != name and not settings.name.endswith(f".{name}"):
        return failure(f"{settings.name} is not in {name}", "Correct dns.name or dns.zone_id")
    return ok(f"{settings.name} is in {name}")


def delegation(patient: Patient) -> Result:
    """The name servers that the parent names are the zone's; otherwise no certificate is ever issued."""
    found = patient.client("route53").get_hosted_zone(Id=patient.settings.dns.zone_id)
    name = found["HostedZone"]["Name"]
    wanted = {each.rstrip(".").lower() for each in found["DelegationSet"]["NameServers"]}
    asked = servers(name)
    if asked is None:
        return warning(f"nobody answered who serves {name}", f"Ask from elsewhere: `dig NS {name}`")
    if asked == wanted:
        return ok(f"{name} is served by its zone")
    said = ", ".join(sorted(asked)) or "nobody"
    return failure(f"{name} is served by {said}", f"At the parent domain, delegate to {', '.join(sorted(wanted))}")


def servers(name: str, resolver: Any = None) -> set[str] | None:
    """Name servers of a domain as the public DNS knows them; None if it does not answer."""
    from dns import exception  # noqa: PLC0415  slow to import
    from dns import resolver as dns_resolver  # noqa: PLC0415

    try:
        answer = (resolver or dns_resolver).resolve(name, "NS", lifetime=SECONDS)
    except (dns_resolver.NXDOMAIN, dns_resolver.NoAnswer):
        return set()
    except exception.DNSException:
        return None
    return {str(each.target).rstrip(".").lower() for each in answer}


CHECKS = (Check(name="hosted zone", run=zone, aws=True), Check(name="delegation", run=delegation, aws=True))
