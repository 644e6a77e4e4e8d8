"""`pulumi preview --policy-pack policy` on programs of other projects, with the pack in its own process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pulumi.automation.events import OpType

from hipaa.rule import rule_metadata
from rehearsal.environment import PROJECT
from rehearsal.stack.driver import Rehearsal
from tests.policy.foreign.expected import EXPECTED
from tests.policy.test_readme import example


@pytest.fixture
def foreign(fresh: Callable[..., Rehearsal], tmp_path: Path) -> Callable[[str, str], Rehearsal]:
    """One of the programs as a project of another name, without waivers, with a copy of the pack beside it."""

    def project(module: str, stack: str) -> Rehearsal:
        folder = tmp_path / module
        folder.mkdir()
        (folder / "__main__.py").write_text(f"from tests.policy.foreign import {module}\n\n{module}.program()\n")
        (folder / "Pulumi.yaml").write_text(f"{{name: {module}, runtime: python}}\n")
        (folder / f"Pulumi.{stack}.yaml").write_text("config: {}\n")
        (folder / "policy").symlink_to(PROJECT / "policy")
        return fresh(stack, program=folder, env={"HIPAA_WAIVERS": str(folder / "no-waivers.yaml")})

    return project


def test_a_naive_program_is_refused_with_rule_citation_and_remedy(foreign: Callable[[str, str], Rehearsal]):
    refused = foreign("naive", "prod").preview(check=False)
    assert refused.exit_code != 0
    assert refused.message.startswith("preview failed")  # by the pack alone: nothing is wrong with the program itself
    told: dict[tuple[str, str], str] = {}
    for one in refused.violations:
        told[one.policy_name, str(one.resource_urn).rpartition("::")[2]] = " ".join(one.message.split())
    assert set(told) == {(rule_metadata()[code].id, name) for code, names in EXPECTED.items() for name in names}
    for code, names in EXPECTED.items():
        rule = rule_metadata()[code]
        for message in (told[rule.id, name] for name in names):
            assert f" {code}: " in message
            assert all(citation in message for citation in rule.citations)
            assert f"Remedy: {rule.remedy}" in message
        assert f"{code}: " in refused.output
        assert rule.remedy in refused.output


def test_a_clean_program_passes_without_a_waiver_or_any_advice(foreign: Callable[[str, str], Rehearsal]):
    passed = foreign("clean", "production").preview()
    assert passed.exit_code == 0
    assert passed.counts[OpType.CREATE] >= 90
    assert passed.violations == []
    assert "hipaa-aws@v1.0.0" in passed.output


def test_the_configuration_that_the_readme_shows_is_taken(foreign: Callable[[str, str], Rehearsal], tmp_path: Path):
    (config := tmp_path / "thresholds.json").write_text(example("json"))
    pack = str(PROJECT / "policy")
    started = foreign("clean", "production").start(
        "preview", "--policy-pack", pack, "--policy-pack-config", str(config)
    )
    refused = started.wait()
    assert refused.exit_code != 0
    messages = [" ".join(one.message.split()) for one in refused.violations]
    assert {one.policy_name for one in refused.violations} == {"log-group-retention", "required-tags"}
    assert any("events are not said to be kept for at least 1096 days" in message for message in messages)
    assert any("it has no tag owner" in message for message in messages)
