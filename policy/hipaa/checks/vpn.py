"""VPNs: of a campus and of people."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from hipaa import types
from hipaa.model import ABSENT, UNKNOWN, Finding, Resource, Settings, Undecided, Violation, look
from hipaa.rule import rule
from hipaa.values import number

TUNNELS = ("tunnel1", "tunnel2")
CIPHERS = ("AES256", "AES256-GCM-16")
VENDED = ":log-group:/aws/vendedlogs/"


@rule(
    "OWN-01",
    types.VPN_CONNECTION,
    schema={"lowest_group": {"type": "integer", "default": 14, "minimum": 14, "maximum": 24}},
)
def strong_tunnels(connection: Resource, settings: Settings) -> Iterator[Finding]:
    """Both tunnels accept IKEv2 and strong algorithms alone. A list absent or empty accepts all that AWS knows."""
    for tunnel in TUNNELS:
        yield from _all(connection, f"{tunnel}IkeVersions", lambda one: one == "ikev2", "accepts another than IKEv2")
        for phase in (f"{tunnel}Phase1", f"{tunnel}Phase2"):
            yield from _all(
                connection,
                f"{phase}EncryptionAlgorithms",
                lambda one: one in CIPHERS,
                "accepts encryption below AES256",
            )
            yield from _all(
                connection, f"{phase}IntegrityAlgorithms", lambda one: one != "SHA1", "accepts integrity by SHA1"
            )
            yield from _all(
                connection,
                f"{phase}DhGroupNumbers",
                lambda one: (number(one) or 0) >= settings["lowest_group"],
                f"accepts a Diffie-Hellman group below {settings['lowest_group']}",
            )


def _all(connection: Resource, path: str, holds: Callable[[Any], bool], message: str) -> Iterator[Finding]:
    values = [value for _, value in connection.each(path)]
    if any(value is not UNKNOWN and not holds(value) for value in values) or not values:
        yield Violation(message=f"the tunnel {message}", path=path)
    elif UNKNOWN in values:
        yield Undecided(path=path)


@rule("OWN-02", types.VPN_CONNECTION)
def tunnels_logged(connection: Resource, _settings: Settings) -> Iterator[Finding]:
    """Both tunnels log to a group under /aws/vendedlogs/, BGP too unless routes are static; absent, nothing is logged.

    That the group is encrypted is the rule of log groups.
    """
    logs = ["log"] if connection.get("staticRoutesOnly") is True else ["log", "bgpLog"]
    for tunnel in TUNNELS:
        for log in logs:
            options = f"{tunnel}LogOptions.cloudwatchLogOptions"
            yield from connection.is_true(f"{options}.{log}Enabled", "the tunnel is not logged in full")
            group = connection.get(f"{options}.{log}GroupArn")
            if group is UNKNOWN:
                continue
            if group is ABSENT or VENDED not in str(group):
                message = "the tunnel does not log to a group under /aws/vendedlogs/"
                yield Violation(message=message, path=f"{options}.{log}GroupArn")


@rule(
    "OWN-03",
    types.ENDPOINT,
    types.AUTHORIZATION_RULE,
    schema={"hours": {"type": "integer", "default": 12, "minimum": 8, "maximum": 24}},
)
def client_vpn(resource: Resource, settings: Settings) -> Iterator[Finding]:
    """People sign in at their identity provider, see a banner, are logged, and reach what their group may reach.

    AWS's defaults are 24 hours and no banner, so absent is broken.
    """
    if resource.type == types.AUTHORIZATION_RULE:
        if resource.get("authorizeAllGroups") is True:
            yield Violation(message="everybody who signs in may reach it", path="authorizeAllGroups")
        yield from resource.is_set("accessGroupId", "no group is named that may reach it")
        return
    ways = list(resource.each("authenticationOptions"))
    if not ways:
        yield Violation(message="nobody has to sign in", path="authenticationOptions")
    for path, way in ways:
        kind = look(way, "type")
        if kind is UNKNOWN:
            yield Undecided(path=f"{path}.type")
        elif kind != "federated-authentication":
            yield Violation(message="people sign in without the identity provider", path=f"{path}.type")
    yield from resource.is_true("connectionLogOptions.enabled", "connections are not logged")
    yield from resource.is_true("clientLoginBannerOptions.enabled", "no banner is shown")
    yield from resource.expect(
        "sessionTimeoutHours",
        lambda hours: 0 < (number(hours) or 0) <= settings["hours"],
        f"a session may last longer than {settings['hours']} hours",
    )
