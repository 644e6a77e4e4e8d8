"""Faults on demand: `REHEARSAL_FAULT="<type>:<create|update|delete>:<n>[:fail|kill|hang]"`.

`fail` answers with an error before anything happens. `kill` ends the provider after the cloud has done the work and
before the engine learns of it, the worst moment there is; `hang` stops there instead. The count is per process.
"""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass

VARIABLE = "REHEARSAL_FAULT"


class InjectedError(RuntimeError):
    """The fault that was asked for."""


@dataclass(frozen=True)
class Fault:
    """The n-th operation of a type, and what becomes of it."""

    type: str
    operation: str
    number: int
    mode: str

    @classmethod
    def parse(cls, text: str) -> Fault:
        """Reads the variable's form."""
        parts = text.rsplit(":", 3)
        if parts[-1] not in {"fail", "kill", "hang"}:
            parts = [*text.rsplit(":", 2), "fail"]
        if len(parts) != 4 or not parts[2].isdigit() or parts[1] not in {"create", "update", "delete"}:  # noqa: PLR2004
            raise ValueError(f"{VARIABLE}={text!r}: write <type>:<create|update|delete>:<n>[:fail|kill|hang]")
        return cls(parts[0], parts[1], int(parts[2]), parts[3])


class Faults:
    """Counts operations and strikes when the one that was asked for comes."""

    def __init__(self) -> None:
        text = os.environ.get(VARIABLE)
        self._fault = Fault.parse(text) if text else None
        self._seen = 0
        self._due = False
        self._lock = threading.Lock()

    def before(self, token: str, operation: str) -> bool:
        """Raises for `fail`; True if the fault strikes after this operation."""
        fault = self._fault
        if fault is None or (fault.type, fault.operation) != (token, operation):
            return False
        with self._lock:
            self._seen += 1
            due = self._seen == fault.number
        if due and fault.mode == "fail":
            raise InjectedError(f"InternalFailure: {operation} of {token} failed, as {VARIABLE} asked")
        return due

    def after(self) -> None:
        """Ends or stops this process."""
        if self._fault is not None and self._fault.mode == "hang":
            time.sleep(3600)
        os._exit(1)
