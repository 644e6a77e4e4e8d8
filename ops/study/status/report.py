"""The status in a few lines."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from ops.study.status.state import Status, age


def lines(found: Status) -> str:
    """One line for each thing that is known, objections below, and what to do next."""
    return "\n".join(_lines(found))


def _lines(found: Status) -> Iterator[str]:
    yield f"phase     {found.settings} in Pulumi.{found.stack}.yaml, {found.deployed or 'nothing'} deployed"
    if found.freeze:
        days = age(datetime.fromisoformat(found.freeze["frozen_at"]))
        yield f"freeze    since {found.freeze['frozen_at']} ({days} days), {found.freeze['objects']} objects"
    else:
        yield "freeze    none on record"
    if found.verified:
        yield f"archive   verified {found.verified['verified_at']} ({found.verified['age_days']} days ago)"
    elif found.unverified:
        yield f"archive   {found.unverified}"
    if found.teardown:
        proved = found.teardown.get("proved_at")
        end = f"proved {proved}, {found.teardown['yearly_usd']:.2f} USD a year" if proved else "not proved yet"
        yield f"teardown  begun {found.teardown['begun_at']}, {end}"
    if found.objections:
        yield "a teardown would refuse, because:"
        yield from (f"  - {objection}" for objection in found.objections)
    yield f"next      {found.next}"
