"""`python -m ops doctor`."""

from __future__ import annotations

import json
from collections import Counter
from typing import Annotated, Any

import typer


def doctor_command(
    stack: Annotated[str, typer.Option("--stack", "-s", help="Name of the stack: its file is Pulumi.<stack>.yaml.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Is everything there that a deployment needs? Changes nothing; exits 1 if something is missing."""
    from ops.deploy.doctor.check import SIGN, examine  # noqa: PLC0415
    from ops.deploy.doctor.checks import CHECKS, patient  # noqa: PLC0415

    found: list[dict[str, Any]] = []
    counted: Counter[str] = Counter()
    for check, result in examine(CHECKS, patient(stack)):
        counted[result.state] += 1
        found.append({"check": check.name, "state": result.state, "found": result.found, "remedy": result.remedy})
        if not as_json:
            remedy = f"\n{'':9}→ {result.remedy}" if result.remedy else ""
            typer.echo(f"{SIGN[result.state]} {check.name}: {result.found}{remedy}")
    if as_json:
        typer.echo(json.dumps({"stack": stack, "checks": found}, indent=2))
    else:
        typer.echo(", ".join(f"{counted[state]} {state}" for state in SIGN))
    if counted["failure"]:
        raise typer.Exit(1)
