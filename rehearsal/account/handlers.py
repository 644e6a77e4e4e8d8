"""Which function creates, changes or deletes resources of a type in the account's API."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rehearsal.account.clients import Clients
from rehearsal.cloud.resources import Resource

KEY_ID_TAG = "rehearsal:key-id"
"""The tag that carries a key's id in the simulated cloud."""

Inputs = Mapping[str, Any]
Handler = Callable[[Clients, Resource, Inputs], None]
PUT: dict[str, Handler] = {}
DELETE: dict[str, Handler] = {}


def on_put(token: str) -> Callable[[Handler], Handler]:
    """Register the function that creates or changes resources of a type."""
    return lambda handler: PUT.setdefault(token, handler)


def on_delete(token: str) -> Callable[[Handler], Handler]:
    """Register the function that deletes resources of a type."""
    return lambda handler: DELETE.setdefault(token, handler)
