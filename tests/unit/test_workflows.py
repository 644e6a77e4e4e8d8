"""Workflows are sound for actionlint and zizmor and hold the project's own rules; each is shown broken ones too."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from hipaa.pack import WAIVERS
from rehearsal import environment as env
from rehearsal.engine import cli, linting
from tests.unit.contracts.workflows import RULES, jobs, pins, read

GITHUB = env.PROJECT / ".github"
WORKFLOWS = sorted(GITHUB.glob("workflows/*.yml"))
FILES = [*WORKFLOWS, *sorted(GITHUB.glob("actions/*/action.yml"))]
ACTION = "actions/prepare/action.yml"

MUTATIONS = [
    ("pins", "workflows/ci.yml", "@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1", "@v7"),
    ("pins", "workflows/ci.yml", "@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1", "@3d3c42e # v7.0.1"),
    ("pins", ACTION, " # v6.2.3", ""),
    ("permissions", "workflows/ci.yml", "permissions: {}", "permissions: read-all"),
    ("permissions", "workflows/ci.yml", "contents: read", "contents: write"),
    ("permissions", "workflows/ci.yml", "    permissions:\n      contents: read\n", ""),
    ("permissions", "workflows/ci.yml", "    permissions:\n      contents: read\n", "    permissions: write-all\n"),
    ("permissions", "workflows/preview.yml", "id-token: write", "pull-requests: write"),
    ("ends", "workflows/drift.yml", "    timeout-minutes: 30\n", ""),
    ("takes_turns", "workflows/drift.yml", "    concurrency:\n", "    x:\n"),
    ("forks", "workflows/ci.yml", "  pull_request:\n", "  pull_request_target:\n"),
    ("forks", "workflows/preview.yml", "== github.repository", "!= ''"),
    ("forks", "workflows/comment.yml", "persist-credentials: false", "ref: ${{ github.event.workflow_run.head_sha }}"),
    ("forks", "workflows/comment.yml", "actions/checkout@", "actions/download-artifact@"),
    ("checkouts", "workflows/ci.yml", "persist-credentials: false", "persist-credentials: true"),
    ("scripts", "workflows/preview.yml", '--stack "$STACK"', "--stack ${{ matrix.stack }}"),
    ("scripts", "workflows/destroy.yml", "pulumi destroy --yes", "pulumi destroy --yes --skip-preview"),
    ("scripts", "workflows/destroy.yml", "--preview-only", "--preview-only --show-secrets"),
    ("pulumi", "workflows/drift.yml", "pulumi-version: 3", "pulumi-version: 2"),
    ("pulumi", "workflows/preview.yml", "policyPacks: ./policy", "refresh: true"),
    ("pulumi", "workflows/deploy.yml", "          plan: plan.json\n", ""),
    ("pulumi", "workflows/drift.yml", "command: preview", "command: destroy"),
    ("artifacts", "workflows/deploy.yml", "retention-days: 1", "retention-days: 30"),
    ("deployments", "workflows/deploy.yml", "environment: ${{ matrix.stack }}\n", "environment: any-preview\n"),
    ("deployments", "workflows/deploy.yml", "environment: ${{ matrix.stack }}\n", "env: {}\n"),
    ("deployments", "workflows/destroy.yml", "cancel-in-progress: false", "cancel-in-progress: true"),
    ("stacks", "workflows/preview.yml", "${{ fromJSON(needs.stacks.outputs.names) }}", "[test]"),
    ("stacks", "workflows/drift.yml", "${{ fromJSON(needs.stacks.outputs.names) }}", "[dev, prod]"),
    ("stacks", "workflows/destroy.yml", "environment: ${{ inputs.stack }}-destroy", "environment: prod-destroy"),
]


def name(path: Path) -> str:
    return path.relative_to(GITHUB).as_posix()


def actionlint(*paths: Path) -> str:
    # Without shellcheck and pyflakes, which a machine may or may not have: the answer is the same everywhere.
    command = [linting.ACTIONLINT, "-no-color", "-oneline", "-shellcheck=", "-pyflakes=", *paths]
    done = subprocess.run(command, cwd=env.PROJECT, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def zizmor(folder: Path) -> subprocess.CompletedProcess[str]:
    # The regular persona reports what can be exploited; beyond it are tastes. Of that, any severity fails: there is no
    # backlog to live with. Exceptions stand with their reason beside what they excuse, or in zizmor.yml.
    # Strict: a file that it cannot read is an error, not a file without findings.
    command = [env.VENV / "bin" / "zizmor", "--offline", "--no-progress", "--quiet", "--strict-collection", folder]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def broken(tmp_path: Path) -> Callable[[str, str, str], Path]:
    """`broken("workflows/ci.yml", "old", "new")`: that file in a copy of `.github`, changed."""

    def change(file: str, old: str, new: str) -> Path:
        shutil.copytree(GITHUB, tmp_path / ".github")
        path = tmp_path / ".github" / file
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))
        return path

    return change


def test_actionlint_finds_nothing():
    assert actionlint(*WORKFLOWS) == ""


def test_actionlint_catches_a_needed_job_that_does_not_exist(broken):
    assert "plann" in actionlint(broken("workflows/deploy.yml", "needs: [stacks, plan]", "needs: [stacks, plann]"))


def test_zizmor_finds_nothing():
    done = zizmor(GITHUB)
    assert done.returncode == 0, done.stdout + done.stderr


def test_zizmor_catches_a_title_in_a_script(broken):
    path = broken("workflows/ci.yml", "run: make test", "run: echo ${{ github.event.pull_request.title }}")
    done = zizmor(path.parents[1])
    assert done.returncode != 0
    assert "template-injection" in done.stdout


def test_zizmor_reads_the_action_too(broken):
    path = broken(ACTION, "@5fda3b95a4ea91299a34e894583c3862153e4b97 # v7.0.0", "@v7")
    assert "unpinned-uses" in zizmor(path.parents[2]).stdout


@pytest.mark.parametrize("path", FILES, ids=name)
@pytest.mark.parametrize("rule", RULES)
def test_rules_hold(rule: str, path: Path):
    assert RULES[rule](path) == []


@pytest.mark.parametrize(("rule", "file", "old", "new"), MUTATIONS, ids=lambda text: text.strip()[:40])
def test_what_breaks_a_rule_is_noticed(rule: str, file: str, old: str, new: str, broken):
    assert RULES[rule](broken(file, old, new))


def test_every_rule_was_broken():
    assert {rule for rule, *_ in MUTATIONS} == RULES.keys()


def test_an_action_has_one_version_everywhere():
    used = {line for path in FILES for line in re.findall(r"uses: (\S+@.*)$", path.read_text(), re.MULTILINE)}
    actions = [line.partition("@")[0] for line in used]
    assert sorted(actions) == sorted(set(actions))


def test_an_image_is_not_a_pinned_action(tmp_path: Path):
    path = tmp_path / "workflow.yml"
    path.write_text("jobs: {a: {steps: [\nuses: docker://alpine:3\n]}}")
    assert pins(path)


def test_patients_data_gets_the_plan_that_was_approved():
    found = jobs(GITHUB / "workflows" / "deploy.yml")
    assert found["plan"]["needs"] == ["stacks", "synthetic"]
    assert "needs.synthetic.result == 'success'" in found["plan"]["if"]
    assert found["patients"]["needs"] == ["stacks", "plan"]
    assert "needs.plan.result == 'success'" in found["patients"]["if"]
    for job in ("plan", "patients"):
        assert found[job]["strategy"]["matrix"]["stack"] == "${{ fromJSON(needs.stacks.outputs.patients) }}"
    names = {
        step["with"]["name"]
        for job in found.values()
        for step in job.get("steps", ())
        if "artifact" in step.get("uses", "")
    }
    assert names == {"plan-${{ matrix.stack }}"}


def test_a_workflow_that_follows_another_names_one_that_is_there():
    followed = read(GITHUB / "workflows" / "comment.yml")["on"]["workflow_run"]["workflows"]
    assert followed == [read(GITHUB / "workflows" / "preview.yml")["name"]]


def test_destroy_asks_before_and_after_the_approval():
    found = jobs(GITHUB / "workflows" / "destroy.yml")
    assert found["destroy"]["needs"] == "check"
    assert found["destroy"]["environment"] == "${{ inputs.stack }}-destroy"
    assert found["check"]["needs"] == "stacks"
    assert found["stacks"]["with"] == {"only": "${{ inputs.stack }}"}
    for job in (found["check"], found["destroy"]):
        scripts = [step.get("run", "") for step in job["steps"]]
        asked = next(index for index, text in enumerate(scripts) if "python -m ops.study.destroy_check" in text)
        assert asked < next(index for index, text in enumerate(scripts) if "pulumi destroy" in text)


def test_waivers_have_owners():
    owned = [line.split()[0] for line in (GITHUB / "CODEOWNERS").read_text().splitlines() if line.startswith("/")]
    assert f"/{WAIVERS.relative_to(env.PROJECT)}" in owned


def test_actionlint_needs_no_newer_go_than_the_engine():
    found = re.search(r"^go (\S+)$", (linting.FOLDER / "go.mod").read_text(), re.MULTILINE)
    assert found
    assert tuple(map(int, found[1].split("."))) <= cli.go_minimum()
