"""Unpacks each resource once.

pulumi-policy decodes a resource anew for every policy, and all resources of the stack anew for every stack policy. With
a policy per rule that is most of a preview's time, so this stands in for its decoder and hands out what it made before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pulumi_policy import policy as engine


class Once:
    """A decoder that remembers, by identity: the engine's messages never change, and are kept alive here."""

    def __init__(self, decode: Callable[..., Any]) -> None:
        self._decode = decode
        self._made: dict[tuple[int, tuple[Any, ...]], tuple[Any, Any]] = {}

    def __call__(self, message: Any, *how: Any) -> Any:
        """What `message` decodes to, `how` being whatever else the decoder is told."""
        key = (id(message), how)
        if key not in self._made:
            self._made[key] = (message, self._decode(message, *how))
        return self._made[key][1]


class _JsonFormat:
    """The one function of protobuf's json_format that pulumi-policy calls."""

    def __init__(self, decode: Callable[[Any], Any]) -> None:
        self.MessageToDict = Once(decode)


def install() -> None:
    """Puts it in place, before the pack begins to serve."""
    replaced = {"deserialize_properties": Once(engine.deserialize_properties)}
    replaced["unknown_checking_proxy"] = Once(engine.unknown_checking_proxy)
    if not isinstance(engine.json_format, _JsonFormat):
        vars(engine).update(replaced, json_format=_JsonFormat(engine.json_format.MessageToDict))
