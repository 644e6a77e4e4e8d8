"""After a rotation the program leaves the login alone, even when a refresh has seen its labels move."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pulumi.automation import OpType

from rehearsal.stack.driver import Rehearsal

VERSION = "aws:secretsmanager/secretVersion:SecretVersion"
NAMES = {"database-mb-db-user-value", "database-mb-db-password-value"}


def ours(resource: dict[str, Any]) -> bool:
    return resource["type"] == VERSION and resource["urn"].rpartition("::")[2] in NAMES


def moved(resource: dict[str, Any]) -> None:
    """The state as the provider reads it back once the rotation has moved AWSCURRENT to a version of its own."""
    if ours(resource):
        for side in ("inputs", "outputs"):
            resource[side]["versionStages"] = ["AWSPREVIOUS", "FIRST"]


def outdated(resource: dict[str, Any]) -> None:
    """As if the program wanted another first value: what a write would look like, if there were one."""
    if ours(resource):
        resource["inputs"]["secretStringWoVersion"] = 0


def test_a_rotated_login_is_never_overwritten(fresh: Callable[..., Rehearsal]) -> None:
    rehearsal = fresh("dev")
    rehearsal.up()
    rehearsal.edit(moved)
    rehearsal.preview(expect_no_changes=True)
    rehearsal.edit(outdated)
    steps = rehearsal.preview(check=False).steps
    written = {step.urn.rpartition("::")[2] for step in steps if step.op in (OpType.UPDATE, OpType.REPLACE)}
    assert written >= NAMES, "the test would not see a write"
