"""Checks and their results. Each check has a time limit, and none can stop the others."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from ops.deploy.doctor.context import Context

State = Literal["ok", "warning", "failure", "skipped"]
SECONDS = 20
SIGN: dict[State, str] = {"ok": "ok      ", "warning": "warning ", "failure": "FAILURE ", "skipped": "skipped "}


@dataclass(frozen=True, kw_only=True)
class Result:
    """The result of a check. `remedy` says what to do about a warning or a failure."""

    state: State
    found: str
    remedy: str = ""


def ok(found: str) -> Result:
    """Everything is as it should be."""
    return Result(state="ok", found=found)


def warning(found: str, remedy: str) -> Result:
    """A deployment works, but somebody should look at this."""
    return Result(state="warning", found=found, remedy=remedy)


def failure(found: str, remedy: str) -> Result:
    """A deployment would fail, or the store would not work."""
    return Result(state="failure", found=found, remedy=remedy)


def skip(found: str) -> Result:
    """The check cannot run here, or does not apply."""
    return Result(state="skipped", found=found)


@dataclass(frozen=True, kw_only=True)
class Check:
    """One check. `aws`: it needs credentials. An exception of `run` is reported as a failure of the check."""

    name: str
    run: Callable[[Context], Result]
    aws: bool = False
    seconds: float = SECONDS


def run_checks(checks: Iterable[Check], context: Context) -> Iterator[tuple[Check, Result]]:
    """Runs the checks in order. Those that need AWS are skipped, with the reason, if AWS cannot be asked."""
    for check in checks:
        if check.aws and context.refusal:
            yield check, skip(context.refusal)
            continue
        yield check, _run_within_limit(check, context)


def _run_within_limit(check: Check, context: Context) -> Result:
    results: list[Result] = []

    def run() -> None:
        try:
            results.append(check.run(context))
        except Exception as error:
            results.append(_explain(error))

    # A daemon thread, so that a check that never ends does not keep the process alive.
    thread = threading.Thread(target=run, name=check.name, daemon=True)
    thread.start()
    thread.join(check.seconds)
    if not results:
        return failure(f"no answer in {check.seconds:g} s", "Check the connection (proxy, VPN, DNS) and run it again")
    return results[0]


def _explain(error: Exception) -> Result:
    response = getattr(error, "response", None)
    code = response.get("Error", {}).get("Code", "") if isinstance(response, dict) else ""
    if "AccessDenied" in code or "Unauthorized" in code:
        operation = getattr(error, "operation_name", "it")
        return skip(f"these credentials may not ask ({operation}: {code})")
    lines = str(error).strip().splitlines()
    remedy = "Run it again, or check this by hand"
    return failure(f"it could not be asked: {type(error).__name__}: {lines[0] if lines else ''}", remedy)
