"""What a check is, and how checks are run: each within its time, none able to stop the others."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from ops.plan.configuration import PROJECT, configuration

State = Literal["ok", "warning", "failure", "skipped"]
SECONDS = 20
SIGN = {"ok": "ok      ", "warning": "warning ", "failure": "FAILURE ", "skipped": "skipped "}


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a check found. `remedy` is what to do unless it is fine."""

    state: State
    found: str
    remedy: str = ""


def ok(found: str) -> Result:
    """It is as it should be."""
    return Result(state="ok", found=found)


def warning(found: str, remedy: str) -> Result:
    """A deployment works, but somebody should look at it."""
    return Result(state="warning", found=found, remedy=remedy)


def failure(found: str, remedy: str) -> Result:
    """A deployment would fail, or the store would not work."""
    return Result(state="failure", found=found, remedy=remedy)


def skipped(found: str) -> Result:
    """It cannot be asked here, or there is nothing to ask."""
    return Result(state="skipped", found=found)


@dataclass(frozen=True, kw_only=True)
class Check:
    """A question. `aws`: it needs credentials. `run` may raise whatever it wants; that is a failure of the check."""

    name: str
    run: Callable[[Patient], Result]
    aws: bool = False
    seconds: float = SECONDS


@dataclass(kw_only=True)
class Patient:
    """What is examined: a stack, its settings and plan, and AWS as the credentials at hand see it."""

    stack: str
    folder: Path = PROJECT
    settings: Any
    session: Any = None
    refusal: str = ""
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _clients: dict[tuple[str, str], Any] = field(default_factory=dict)

    def client(self, service: str, region: str | None = None) -> Any:
        """A client of AWS that gives up soon."""
        from botocore.config import Config  # noqa: PLC0415  slow to import

        where = region or self.settings.account.region
        with self._lock:  # boto3 sessions are not made for threads, clients are
            if (service, where) not in self._clients:
                config = Config(
                    connect_timeout=4, read_timeout=8, retries={"mode": "standard", "total_max_attempts": 2}
                )
                self._clients[service, where] = self.session.client(service, region_name=where, config=config)
            return self._clients[service, where]

    @cached_property
    def plan(self) -> Any:
        """What the stack declares."""
        from ops.plan import plan  # noqa: PLC0415  the SDK is slow to import

        return plan(self.stack)

    @cached_property
    def configured(self) -> dict[str, Any]:
        """The stack's configuration, by full key."""
        return configuration(self.stack, folder=self.folder)


def examine(checks: Iterable[Check], patient: Patient) -> Iterator[tuple[Check, Result]]:
    """Runs the checks one after another; what needs AWS is skipped, with the reason, where AWS cannot be asked."""
    for check in checks:
        if check.aws and patient.refusal:
            yield check, skipped(patient.refusal)
            continue
        yield check, _within(check, patient)


def _within(check: Check, patient: Patient) -> Result:
    answer: list[Result] = []

    def run() -> None:
        try:
            answer.append(check.run(patient))
        except Exception as error:
            answer.append(_broken(error))

    # A daemon: a check that never ends does not keep the process.
    thread = threading.Thread(target=run, name=check.name, daemon=True)
    thread.start()
    thread.join(check.seconds)
    if not answer:
        return failure(f"no answer in {check.seconds:g} s", "Look at the connection (proxy, VPN, DNS), and ask again")
    return answer[0]


def _broken(error: Exception) -> Result:
    response = getattr(error, "response", None)
    code = response.get("Error", {}).get("Code", "") if isinstance(response, dict) else ""
    if "AccessDenied" in code or "Unauthorized" in code:
        operation = getattr(error, "operation_name", "it")
        return skipped(f"these credentials may not ask ({operation}: {code})")
    text = str(error).strip().splitlines()
    return failure(f"it could not be asked: {type(error).__name__}: {text[0] if text else ''}", "Ask again, or by hand")
