"""After a rotation the program never overwrites the login, even if a refresh has read the moved labels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pulumi.automation import OpType

from rehearsal.stack.driver import Rehearsal

VERSION = "aws:secretsmanager/secretVersion:SecretVersion"
NAMES = {"database-mb-db-user-value", "database-mb-db-password-value"}


def is_login(resource: dict[str, Any]) -> bool:
    return resource["type"] == VERSION and resource["urn"].rpartition("::")[2] in NAMES


def move_labels(resource: dict[str, Any]) -> None:
    """Change the state as a refresh does after the rotation has moved AWSCURRENT to another version."""
    if is_login(resource):
        for side in ("inputs", "outputs"):
            resource[side]["versionStages"] = ["AWSPREVIOUS", "FIRST"]


def outdate_value(resource: dict[str, Any]) -> None:
    """Change the state so that the program would write another first value."""
    if is_login(resource):
        resource["inputs"]["secretStringWoVersion"] = 0


def test_a_rotated_login_is_never_overwritten(fresh: Callable[..., Rehearsal]) -> None:
    rehearsal = fresh("dev")
    rehearsal.up()
    rehearsal.edit(move_labels)
    rehearsal.preview(expect_no_changes=True)
    rehearsal.edit(outdate_value)
    steps = rehearsal.preview(check=False).steps
    written = {step.urn.rpartition("::")[2] for step in steps if step.op in (OpType.UPDATE, OpType.REPLACE)}
    assert written >= NAMES, "the test would not see a write"
