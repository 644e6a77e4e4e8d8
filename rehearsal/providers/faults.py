"""Faults on demand: `REHEARSAL_FAULT="<type>:<create|update|delete>:<n>[:fail|kill|hang]"`.

`fail` returns an error before anything happens. `kill` ends the provider after the cloud has changed and before the
engine knows it, which is the worst moment; `hang` stops there instead. Each process counts for itself.
"""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass

VARIABLE = "REHEARSAL_FAULT"


class InjectedError(RuntimeError):
    """The requested fault."""


@dataclass(frozen=True)
class Fault:
    """The n-th operation of a type, and how it fails."""

    type: str
    operation: str
    number: int
    mode: str

    @classmethod
    def parse(cls, text: str) -> Fault:
        """Parse the value of the variable."""
        parts = text.rsplit(":", 3)
        if parts[-1] not in {"fail", "kill", "hang"}:
            parts = [*text.rsplit(":", 2), "fail"]
        if len(parts) != 4 or not parts[2].isdigit() or parts[1] not in {"create", "update", "delete"}:  # noqa: PLR2004
            raise ValueError(f"{VARIABLE}={text!r}: write <type>:<create|update|delete>:<n>[:fail|kill|hang]")
        return cls(parts[0], parts[1], int(parts[2]), parts[3])


class Faults:
    """Counts operations, and fails the requested one."""

    def __init__(self) -> None:
        text = os.environ.get(VARIABLE)
        self._fault = Fault.parse(text) if text else None
        self._seen = 0
        self._due = False
        self._lock = threading.Lock()

    def count(self, token: str, operation: str) -> bool:
        """Count an operation. Raise InjectedError for `fail`; return True if the fault strikes after this operation."""
        fault = self._fault
        if fault is None or (fault.type, fault.operation) != (token, operation):
            return False
        with self._lock:
            self._seen += 1
            due = self._seen == fault.number
        if due and fault.mode == "fail":
            raise InjectedError(f"InternalFailure: {operation} of {token} failed as requested by {VARIABLE}")
        return due

    def strike(self) -> None:
        """End this process, or stop it for `hang`."""
        if self._fault is not None and self._fault.mode == "hang":
            time.sleep(3600)
        os._exit(1)
