"""The policy pack in the engine: it accepts the stacks, and stops a preview and an update that break a rule."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hipaa.rule import rule_metadata
from rehearsal.stack.driver import Rehearsal
from rehearsal.stack.operations import Result

SHORT_LOGS = {"image-store:logging": {"retention_days": 30}}
"""A setting that is allowed without patient data, and that the pack rejects."""


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_a_deployed_stack_passes_every_rule(stack: str, deployed: Callable[[str], Rehearsal]):
    preview = deployed(stack).preview(expect_no_changes=True)
    assert preview.summary is not None
    assert [pack.partition("|")[0] for pack in preview.summary.policy_packs] == ["hipaa-aws"]
    assert preview.violations == []


def all_messages(result: Result) -> str:
    assert result.exit_code != 0
    return " ".join(result.output.split())


def test_a_broken_rule_stops_the_preview_and_the_update(fresh: Callable[..., Rehearsal]):
    rehearsal = fresh("dev", config=SHORT_LOGS)
    known = rule_metadata()["LOG-02"]
    for result in (rehearsal.preview(check=False), rehearsal.up(check=False)):
        output = all_messages(result)
        assert known.id in output
        assert f"{known.code}: retentionInDays" in output
        assert f"45 CFR {known.citations[0]}" in output
        assert known.remedy in output
        broken = {event.policy_name for event in result.violations if event.enforcement_level == "mandatory"}
        assert broken == {known.id}


def test_a_missing_or_unused_waiver_stops_it_too(fresh: Callable[..., Rehearsal]):
    without = fresh("dev", env={"HIPAA_WAIVERS": "/nowhere.yaml"}).preview(check=False)
    assert {"NET-07", "LB-06", "SEC-01"} <= {word.strip(":") for word in all_messages(without).split()}
    needless = fresh("dev")
    waivers = needless.workspace.program / "policy" / "waivers.yaml"
    mistaken = needless.workspace.folder / "waivers.yaml"
    mistaken.write_text(waivers.read_text() + NEEDLESS)
    needless.env["HIPAA_WAIVERS"] = str(mistaken)
    assert "waiver of RDS-10 for no-such-snapshot: it is not needed in the stack dev" in all_messages(
        needless.preview(check=False)
    )


NEEDLESS = """
  - rule: RDS-10
    resources: [no-such-snapshot]
    stacks: [dev]
    reason: There is no such snapshot in any stack.
    approver: security officer
    expires: 2027-12-31
"""
