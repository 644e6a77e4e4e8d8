"""The project's rules for workflows, which no linter knows: each takes a file of `.github` and says what breaks it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

from rehearsal.environment import PROJECT

PINNED = re.compile(r"uses: (?:\./\S+|[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+)$")
MINUTES = 240  # longest job: Aurora and its copies take their time to go
MAY_WRITE = {("comment.yml", "comment"): {"pull-requests"}, ("drift.yml", "drift"): {"id-token", "issues"}}
"""Jobs that write more than the OIDC token. None of them runs a pull request's code."""


def read(path: Path) -> dict[str, Any]:
    """A workflow or an action. BaseLoader: `on` is a word here, not YAML 1.1's true."""
    return yaml.load(path.read_text(), Loader=yaml.BaseLoader)  # noqa: S506


def jobs(path: Path) -> dict[str, dict[str, Any]]:
    """The jobs of a workflow; none of an action."""
    return read(path).get("jobs", {})


def steps(path: Path) -> Iterator[dict[str, Any]]:
    """All steps of a workflow or an action."""
    for job in (jobs(path) or {"action": read(path)["runs"]}).values():
        yield from job.get("steps", ())


def using(path: Path, action: str) -> list[dict[str, str]]:
    """What an action is given each time."""
    return [step.get("with", {}) for step in steps(path) if step.get("uses", "").startswith(f"{action}@")]


def pins(path: Path) -> list[str]:
    """Every action is pinned to a whole commit, and says which version that is."""
    return [
        f"not pinned: {line}" for line in re.findall(r"\buses:.*$", path.read_text(), re.M) if not PINNED.match(line)
    ]


def permissions(path: Path) -> list[str]:
    """A workflow may do nothing, and each job what it needs."""
    if not jobs(path):
        return []
    found = [] if read(path).get("permissions") == {} else ["the workflow's permissions are not empty"]
    for name, job in jobs(path).items():
        given = job.get("permissions")
        if not isinstance(given, dict):
            found.append(f"{name} does not name its permissions")
        elif too_much := writes(job) - MAY_WRITE.get((path.name, name), {"id-token"}):
            found.append(f"{name} may write {sorted(too_much)}")
    return found


def writes(job: dict[str, Any]) -> set[str]:
    """What a job may write."""
    return {scope for scope, access in (job.get("permissions") or {}).items() if access != "read"}


def ends(path: Path) -> list[str]:
    """Every job has a time limit; one that calls a workflow has those of the jobs there."""
    own = {name: job for name, job in jobs(path).items() if "uses" not in job}
    late = [name for name, job in own.items() if not 0 < int(job.get("timeout-minutes", 0)) <= MINUTES]
    return [f"{name} has no time limit" for name in late]


def takes_turns(path: Path) -> list[str]:
    """What changes something waits for the one before; a plan changes nothing, nor does a job that may write nothing."""
    if "concurrency" in read(path):
        return []
    return [
        f"{name} may run beside itself"
        for name, job in jobs(path).items()
        if "concurrency" not in job and name != "plan" and writes(job)
    ]


def forks(path: Path) -> list[str]:
    """A fork's code never runs with the repository's rights."""
    triggers = read(path).get("on", {})
    found = ["pull_request_target"] if "pull_request_target" in triggers else []
    if "workflow_run" in triggers:
        found += [
            "checks out what it was told"
            for given in using(path, "actions/checkout")
            if given.keys() & {"ref", "repository"}
        ]
        found += ["unpacks an artifact" for _ in using(path, "actions/download-artifact")]
    for name, job in jobs(path).items():
        theirs = "pull_request" in triggers and "head.repo.full_name == github.repository" not in job.get("if", "")
        if theirs and (writes(job) or "environment" in job):
            found.append(f"{name} has rights in a fork's pull request")
    return found


def checkouts(path: Path) -> list[str]:
    """No checkout leaves a token behind."""
    kept = [given for given in using(path, "actions/checkout") if given.get("persist-credentials") != "false"]
    return ["a checkout keeps its credentials" for _ in kept]


def scripts(path: Path) -> list[str]:
    """Scripts take values from their environment, skip no preview and show no secret."""
    banned = re.compile(r"\$\{\{|--skip-preview|--show-secrets")
    return [f"{word} in a script" for step in steps(path) for word in banned.findall(step.get("run", ""))]


def pulumi(path: Path) -> list[str]:
    """The SDK's version of the CLI; the policy pack always; deployments from a plan; no destroy, whose preview it skips."""
    found = []
    for given in using(path, "pulumi/actions"):
        if f"pulumi=={given.get('pulumi-version')}" not in (PROJECT / "requirements.txt").read_text().splitlines():
            found.append("the CLI is of another version than the SDK")
        if given.get("command", "preview") not in {"preview", "up"}:
            found.append(f"the action skips the preview of {given['command']}")
        if "command" in given and given.get("policyPacks") != "./policy":
            found.append(f"{given['command']} without the policy pack")
        if given.get("command") == "up" and "plan" not in given:
            found.append("up without a plan")
    return found


def artifacts(path: Path) -> list[str]:
    """What is uploaded is gone after a day."""
    return ["kept longer" for given in using(path, "actions/upload-artifact") if given.get("retention-days") != "1"]


def deployments(path: Path) -> list[str]:
    """What changes a stack runs under the stack's environment, one at a time, and is never cancelled."""
    found = []
    for name, job in jobs(path).items():
        if "AWS_DEPLOY_ROLE_ARN" not in str(job):
            continue
        turn = job.get("concurrency") or read(path).get("concurrency") or {}
        if not isinstance(job.get("environment"), str) or "preview" in job["environment"]:
            found.append(f"{name} deploys without an environment that approves")
        if turn.get("cancel-in-progress") != "false" or not turn["group"].startswith("stack-"):
            found.append(f"{name} may be cancelled, or meet another deployment")
    return found


def stacks(path: Path) -> list[str]:
    """Stacks are the stack files: no workflow names one of them."""
    text = re.sub(r"#.*", "", path.read_text())
    found = [f"names the stack {name}" for name in re.findall(r"\b(?:dev|prod)\b", text)]
    for name, job in jobs(path).items():
        values = job.get("strategy", {}).get("matrix", {}).get("stack")
        if values is not None and "needs.stacks.outputs" not in values:
            found.append(f"{name} has a list of stacks of its own")
    return found


RULES: dict[str, Callable[[Path], list[str]]] = {
    "pins": pins,
    "permissions": permissions,
    "ends": ends,
    "takes_turns": takes_turns,
    "forks": forks,
    "checkouts": checkouts,
    "scripts": scripts,
    "pulumi": pulumi,
    "artifacts": artifacts,
    "deployments": deployments,
    "stacks": stacks,
}
