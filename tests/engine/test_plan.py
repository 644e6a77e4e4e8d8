"""Deployment by a saved plan, as the pipeline does it for prod: exactly the reviewed plan is applied."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from rehearsal.stack.driver import Rehearsal
from rehearsal.stack.operations import Result


def run(stack: Rehearsal, command: str, *arguments: str) -> Result:
    return stack.start(command, *arguments).wait()


def test_only_the_reviewed_plan_is_deployed(fresh: Callable[..., Rehearsal], tmp_path: Path) -> None:
    stack, file = fresh("dev", policies=False), tmp_path / "plan.json"
    up = ("up", "--yes", "--skip-preview")
    with_plan = (*up, "--plan", str(file))

    assert run(stack, *up).exit_code == 0
    stack.configure({"image-store:logging": {"retention_days": 365}})
    assert run(stack, "preview", "--save-plan", str(file)).exit_code == 0
    written = file.read_text()
    assert '"ciphertext"' in written, "the plan contains the secrets of the stack, encrypted"
    assert '"plaintext"' not in written
    assert run(stack, *with_plan).exit_code == 0
    assert run(stack, "preview", "--refresh", "--expect-no-changes").exit_code == 0

    assert run(stack, "preview", "--save-plan", str(file)).exit_code == 0
    stack.configure({"image-store:logging": {"retention_days": 400}})
    refused = run(stack, *with_plan)
    assert refused.exit_code != 0
    assert "violates plan" in refused.output


def test_a_first_deployment_cannot_use_a_plan(fresh: Callable[..., Rehearsal], tmp_path: Path) -> None:
    stack, file = fresh("dev", policies=False), tmp_path / "plan.json"
    assert run(stack, "preview", "--save-plan", str(file)).exit_code == 0
    refused = run(stack, "up", "--yes", "--skip-preview", "--plan", str(file))
    assert refused.exit_code != 0, (
        "a preview does not show the builds of images whose repository is still to be created"
    )
    assert run(stack, "up", "--yes", "--skip-preview").exit_code == 0, "an update without a plan goes on"
