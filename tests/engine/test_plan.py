"""What the pipeline does with prod: exactly the plan that was read is carried out, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from rehearsal.stack.driver import Rehearsal
from rehearsal.stack.operations import Result


def carry_out(stack: Rehearsal, command: str, *arguments: str) -> Result:
    return stack.start(command, *arguments).wait()


def test_only_the_plan_that_was_read_is_deployed(fresh: Callable[..., Rehearsal], tmp_path: Path) -> None:
    stack, file = fresh("dev", policies=False), tmp_path / "plan.json"
    up = ("up", "--yes", "--skip-preview", "--plan", str(file))

    assert carry_out(stack, "preview", "--save-plan", str(file)).exit_code == 0
    written = file.read_text()
    assert '"ciphertext"' in written, "the plan holds the secrets of the stack, encrypted"
    assert '"plaintext"' not in written
    assert carry_out(stack, *up).exit_code == 0, "a first deployment goes by its plan"
    assert carry_out(stack, "preview", "--refresh", "--expect-no-changes").exit_code == 0

    assert carry_out(stack, "preview", "--save-plan", str(file)).exit_code == 0
    stack.configure({"image-store:logging": {"retention_days": 400}})
    refused = carry_out(stack, *up)
    assert refused.exit_code != 0
    assert "violates plan" in refused.output
