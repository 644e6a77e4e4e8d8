"""What is wrong with a setting."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A setting that breaks a rule, and what to do about it."""

    key: str
    value: Any
    rule: str
    remedy: str


Problems = Iterator[Problem]
Rule = Callable[..., Problems]
