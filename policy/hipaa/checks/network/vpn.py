"""VPNs: site-to-site connections and the client VPN."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from hipaa import types
from hipaa.model import ABSENT, UNKNOWN, Finding, Resource, Settings, Undecided, Violation, value_at
from hipaa.reading.values import number
from hipaa.rule import rule

TUNNELS = ("tunnel1", "tunnel2")
CIPHERS = ("AES256", "AES256-GCM-16")
VENDED_LOGS = ":log-group:/aws/vendedlogs/"


@rule(
    "OWN-01",
    types.VPN_CONNECTION,
    schema={"lowest_group": {"type": "integer", "default": 14, "minimum": 14, "maximum": 24}},
)
def has_strong_tunnels(connection: Resource, settings: Settings) -> Iterator[Finding]:
    """Both tunnels accept only IKEv2 and strong algorithms. An absent or empty list accepts everything AWS supports."""
    for tunnel in TUNNELS:
        yield from _require_all(
            connection, f"{tunnel}IkeVersions", lambda one: one == "ikev2", "accepts IKE versions other than IKEv2"
        )
        for phase in (f"{tunnel}Phase1", f"{tunnel}Phase2"):
            yield from _require_all(
                connection,
                f"{phase}EncryptionAlgorithms",
                lambda one: one in CIPHERS,
                "accepts encryption weaker than AES256",
            )
            yield from _require_all(
                connection, f"{phase}IntegrityAlgorithms", lambda one: one != "SHA1", "accepts SHA1 for integrity"
            )
            yield from _require_all(
                connection,
                f"{phase}DhGroupNumbers",
                lambda one: (number(one) or 0) >= settings["lowest_group"],
                f"accepts a Diffie-Hellman group below {settings['lowest_group']}",
            )


def _require_all(connection: Resource, path: str, condition: Callable[[Any], bool], message: str) -> Iterator[Finding]:
    values = [value for _, value in connection.elements(path)]
    if any(value is not UNKNOWN and not condition(value) for value in values) or not values:
        yield Violation(message=f"the tunnel {message}", path=path)
    elif UNKNOWN in values:
        yield Undecided(path=path)


@rule("OWN-02", types.VPN_CONNECTION)
def logs_tunnels(connection: Resource, _settings: Settings) -> Iterator[Finding]:
    """Both tunnels log to a group under /aws/vendedlogs/, and BGP too unless routes are static. By default nothing is
    logged.

    The rule for log groups checks the encryption of the group.
    """
    logs = ["log"] if connection.get("staticRoutesOnly") is True else ["log", "bgpLog"]
    for tunnel in TUNNELS:
        for log in logs:
            options = f"{tunnel}LogOptions.cloudwatchLogOptions"
            yield from connection.require_true(f"{options}.{log}Enabled", "the tunnel is not fully logged")
            group = connection.get(f"{options}.{log}GroupArn")
            if group is UNKNOWN:
                continue
            if group is ABSENT or VENDED_LOGS not in str(group):
                message = "the tunnel does not log to a group under /aws/vendedlogs/"
                yield Violation(message=message, path=f"{options}.{log}GroupArn")


@rule(
    "OWN-03",
    types.ENDPOINT,
    types.AUTHORIZATION_RULE,
    schema={"hours": {"type": "integer", "default": 12, "minimum": 8, "maximum": 24}},
)
def has_hardened_client_vpn(resource: Resource, settings: Settings) -> Iterator[Finding]:
    """Users sign in with their identity provider, see a banner, are logged, and reach only what their group may reach.

    Absent settings are violations: AWS's defaults are 24 hours and no banner.
    """
    if resource.type == types.AUTHORIZATION_RULE:
        if resource.get("authorizeAllGroups") is True:
            yield Violation(message="every user who signs in can reach it", path="authorizeAllGroups")
        yield from resource.require_set("accessGroupId", "access is not limited to a group")
        return
    methods = list(resource.elements("authenticationOptions"))
    if not methods:
        yield Violation(message="sign-in is not required", path="authenticationOptions")
    for path, method in methods:
        kind = value_at(method, "type")
        if kind is UNKNOWN:
            yield Undecided(path=f"{path}.type")
        elif kind != "federated-authentication":
            yield Violation(message="users sign in without the identity provider", path=f"{path}.type")
    yield from resource.require_true("connectionLogOptions.enabled", "connections are not logged")
    yield from resource.require_true("clientLoginBannerOptions.enabled", "no banner is shown")
    yield from resource.require(
        "sessionTimeoutHours",
        lambda hours: 0 < (number(hours) or 0) <= settings["hours"],
        f"a session may last longer than {settings['hours']} hours",
    )
