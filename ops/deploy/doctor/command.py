"""`python -m ops doctor`."""

from __future__ import annotations

import json
from collections import Counter
from typing import Annotated

import typer

from ops.deploy.doctor.check import SIGN, run_checks
from ops.deploy.doctor.checks import CHECKS
from ops.deploy.doctor.context import create_context
from ops.options import Stack


def doctor_command(
    stack: Stack,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print the results as JSON.")] = False,
) -> None:
    """Check that everything a deployment needs is there. Changes nothing; exits 1 if something is missing."""
    results: list[dict[str, str]] = []
    counts: Counter[str] = Counter()
    for check, result in run_checks(CHECKS, create_context(stack)):
        counts[result.state] += 1
        results.append({"check": check.name, "state": result.state, "found": result.found, "remedy": result.remedy})
        if not as_json:
            remedy = f"\n{'':9}→ {result.remedy}" if result.remedy else ""
            typer.echo(f"{SIGN[result.state]} {check.name}: {result.found}{remedy}")
    if as_json:
        typer.echo(json.dumps({"stack": stack, "checks": results}, indent=2))
    else:
        typer.echo(", ".join(f"{counts[state]} {state}" for state in SIGN))
    if counts["failure"]:
        raise typer.Exit(1)
