"""Caches decoded resources.

pulumi-policy decodes each resource again for every policy, and all resources of the stack again for every stack policy.
With one policy per rule, that takes most of a preview's time. These wrappers decode each message once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pulumi_policy import policy as engine


class DecoderCache:
    """A decoder that caches results by identity. The engine's messages never change; the cache keeps them alive."""

    def __init__(self, decode: Callable[..., Any]) -> None:
        self._decode = decode
        self._decoded: dict[tuple[int, tuple[Any, ...]], tuple[Any, Any]] = {}

    def __call__(self, message: Any, *options: Any) -> Any:
        """The decoded `message`; `options` are the decoder's other arguments."""
        key = (id(message), options)
        if key not in self._decoded:
            self._decoded[key] = (message, self._decode(message, *options))
        return self._decoded[key][1]


class _CachedJsonFormat:
    """Replaces protobuf's json_format, of which pulumi-policy calls one function."""

    def __init__(self, decode: Callable[[Any], Any]) -> None:
        self.MessageToDict = DecoderCache(decode)


def install() -> None:
    """Patches pulumi_policy; call it before the pack starts to serve."""
    replaced = {"deserialize_properties": DecoderCache(engine.deserialize_properties)}
    replaced["unknown_checking_proxy"] = DecoderCache(engine.unknown_checking_proxy)
    if not isinstance(engine.json_format, _CachedJsonFormat):
        vars(engine).update(replaced, json_format=_CachedJsonFormat(engine.json_format.MessageToDict))
