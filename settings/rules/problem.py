"""What is wrong with a setting."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

MAX_SHOWN = 80
"""Characters of a value that a message shows."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A setting that breaks a rule, and what to do about it."""

    key: str
    value: Any
    rule: str
    remedy: str


Problems = Iterator[Problem]
Rule = Callable[..., Problems]


def shorten(text: str) -> str:
    """`text` on one line, cut where a message would become unreadable."""
    text = " ".join(text.split())
    return text if len(text) <= MAX_SHOWN else f"{text[: MAX_SHOWN - 3]}…"
