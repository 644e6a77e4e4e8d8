"""The status as text."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from ops.study.status.state import Status, days_since


def format_status(status: Status) -> str:
    """One line for each known fact, then the blockers and the next command."""
    return "\n".join(_lines(status))


def _lines(status: Status) -> Iterator[str]:
    yield f"phase     {status.settings} in Pulumi.{status.stack}.yaml, {status.deployed or 'nothing'} deployed"
    if status.freeze:
        days = days_since(datetime.fromisoformat(status.freeze["frozen_at"]))
        yield f"freeze    since {status.freeze['frozen_at']} ({days} days), {status.freeze['objects']} objects"
    else:
        yield "freeze    no record"
    if status.verified:
        yield f"archive   verified {status.verified['verified_at']} ({status.verified['age_days']} days ago)"
    elif status.unverified:
        yield f"archive   {status.unverified}"
    if status.teardown:
        proved = status.teardown.get("proved_at")
        end = f"proved {proved}, {status.teardown['yearly_usd']:.2f} USD a year" if proved else "not proved yet"
        yield f"teardown  begun {status.teardown['begun_at']}, {end}"
    if status.blockers:
        yield "a teardown is blocked:"
        yield from (f"  - {blocker}" for blocker in status.blockers)
    yield f"next      {status.next}"
