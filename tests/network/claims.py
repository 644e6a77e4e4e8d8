"""The connections that docs/architecture.md claims, and those that its rules open besides."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from settings import Settings

SERVICES = ("ecr.api", "ecr.dkr", "logs", "secretsmanager")


class Flow(NamedTuple):
    """TCP connections from one endpoint to a port of another."""

    source: str
    target: str
    port: int


CLAIMED = {
    "request paths": [
        ("clients", "alb", 443),
        ("people", "alb", 443),
        ("alb", "web", 8443),
        ("web", "app", 8042),
        ("app", "database", 5432),
        ("app", "s3", 443),
    ],
    "DICOM": [("senders", "nlb", 104), ("dicom", "app", 11112), ("dicom", "app", 8042)],
    "sign-in egress": [("sign-in", "internet", 443)],
    "image pull, secrets and logs of tasks": [
        ("web", "endpoints", 443),
        ("app", "endpoints", 443),
        ("web", "s3", 443),
    ],
    "rotation": [("rotation", "database", 5432), ("rotation", "endpoint:secretsmanager", 443)],
    "export": [
        ("export", "database", 5432),
        ("export", "endpoint:secretsmanager", 443),
        ("export", "s3", 443),
    ],
}
"""By section. A name stands for the endpoints that `members` gives for the settings, which may be none."""

BESIDES = {
    "HTTPS to anywhere, for the sign-in, includes what routes lead to": [
        ("sign-in", "s3", 443),
        ("sign-in", "centers", 443),
        ("sign-in", "allowed", 443),
    ],
    "all interface endpoints share one security group": [
        ("rotation", "endpoints", 443),
        ("export", "endpoints", 443),
    ],
    "the client VPN leads to every listener": [("people", "dicom", 104)],
}
"""Connections that no document claims, and that are open because the rules of a claimed one allow them."""


def members(settings: Settings) -> dict[str, list[str]]:
    """Endpoints by the names in the tables."""
    private = not settings.access.public
    allowed = [] if private else [f"network:{block}" for block in settings.access.clients]
    centers = [f"center:{center}" for center in connected_centers(settings)]
    return {
        "allowed": allowed,
        "centers": centers,
        "clients": allowed or centers,
        "people": ["client-vpn"] if settings.client_vpn else [],
        "senders": centers,
        "dicom": ["nlb"] if private else [],
        "sign-in": ["alb"] if settings.identity else [],
        "endpoints": [f"endpoint:{service}" for service in SERVICES],
        "export": ["index-export"] if settings.lifecycle.archiving else [],
    }


def connected_centers(settings: Settings) -> list[str]:
    """Centers with a path to the store: by their own gateway, or by another center's.

    With a VPN gateway, BGP announces the networks of the others; with a transit gateway, every center's are routes.
    """
    if settings.access.public:
        return []
    own = [center.name for center in settings.centers if center.gateway]
    if not own:
        return []
    return [center.name for center in settings.centers if center.networks]


def flows(table: dict[str, list[tuple[str, str, int]]], settings: Settings) -> set[Flow]:
    """The connections of a table for these settings."""
    return {flow for rows in table.values() for row in rows for flow in _expand(row, members(settings))}


def _expand(row: tuple[str, str, int], known: dict[str, list[str]]) -> Iterator[Flow]:
    source, target, port = row
    for one in known.get(source, [source]):
        for other in known.get(target, [target]):
            yield Flow(one, other, port)
