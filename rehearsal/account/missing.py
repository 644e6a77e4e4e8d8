"""What operators' tools meet and moto lacks: jobs of AWS Backup, IAM's simulator, conditions, and filters."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from moto.backup import urls
from moto.backup.responses import BackupResponse
from moto.core.responses import ActionResult
from moto.iam.access_control import IAMPolicyStatement, PermissionResult
from moto.iam.responses import IamResponse
from moto.logs.responses import LogsResponse
from moto.rds.models import DBCluster

from functions.index_export.index import entry
from rehearsal.gaps import Function, index_function

INDEX_FUNCTION = "-index-export"
JOBS = {"backup-jobs": "BackupJobs", "copy-jobs": "CopyJobs", "restore-jobs": "RestoreJobs"}


def add() -> None:
    """Adds them to moto."""
    for path, answer in JOBS.items():
        urls.url_paths[f"{{0}}/{path}/?$"] = BackupResponse.dispatch
        setattr(BackupResponse, f"list_{path.replace('-', '_')}", _no_jobs(answer))
    for owner, name, call in (
        # Automated backups are made at night, and end with their cluster; moto makes one at each change.
        (DBCluster, "save_automated_backup", lambda _: None),
        (IAMPolicyStatement, "is_action_permitted", _conditional(IAMPolicyStatement.is_action_permitted)),
        (LogsResponse, "describe_export_tasks", _in_the_state_asked_for(LogsResponse.describe_export_tasks)),
        (IamResponse, "simulate_principal_policy", _simulate),
    ):
        setattr(owner, name, call)


def _conditional(real: Callable[..., PermissionResult]) -> Callable[..., PermissionResult]:
    """A statement whose condition does not hold says nothing, where moto takes it for a refusal.

    Conditions are taken to hold where they allow, and not where they deny: a rehearsal has no TLS.
    """

    def permitted(self: IAMPolicyStatement, *arguments: Any) -> PermissionResult:
        statement = self._statement
        if not statement.get("Condition"):
            return real(self, *arguments)
        if statement["Effect"] == "Deny":
            return PermissionResult.NEUTRAL
        bare = {key: value for key, value in statement.items() if key != "Condition"}
        return real(IAMPolicyStatement(bare), *arguments)

    return permitted


def _in_the_state_asked_for(real: Callable[[Any], str]) -> Callable[[Any], str]:
    """Exports of logs can be asked for by their state."""

    def described(self: Any) -> str:
        answer, wanted = json.loads(real(self)), self._get_param("statusCode")
        tasks = [one for one in answer["exportTasks"] if wanted in {None, one["status"]["code"]}]
        return json.dumps({**answer, "exportTasks": tasks})

    return described


def _no_jobs(answer: str) -> Any:
    """A rehearsal has no jobs: AWS Backup's plans run at night."""
    return lambda _: json.dumps({answer: []})


def _simulate(response: Any) -> ActionResult:
    """What a role's managed policies say.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
    """
    role = response._get_param("PolicySourceArn").rpartition("/")[2]
    statements = [
        statement
        for policy in response.backend.get_role(role).managed_policies.values()
        for statement in _listed(json.loads(_document(policy))["Statement"])
    ]
    actions, resources = (response._get_param(name, []) for name in ("ActionNames", "ResourceArns"))
    results = [
        {
            "EvalActionName": action,
            "EvalResourceName": resource,
            "EvalDecision": decision(statements, action, resource),
            "MatchedStatements": [],
            "MissingContextValues": [],
        }
        for action in actions
        for resource in resources or ["*"]
    ]
    return ActionResult({"EvaluationResults": results, "IsTruncated": False})


def _document(policy: Any) -> str:
    return next(version.document for version in policy.versions if version.is_default)


def decision(statements: list[dict[str, Any]], action: str, resource: str) -> str:
    """IAM's word for it."""
    found = {IAMPolicyStatement(statement).is_action_permitted(action, resource) for statement in statements}
    if PermissionResult.DENIED in found:
        return "explicitDeny"
    return "allowed" if PermissionResult.PERMITTED in found else "implicitDeny"


class Functions(dict[str, Function]):
    """What Lambda functions do: the index export writes the rows of `index`, a file that is read at each call."""

    def __init__(self, account: str, index: Path) -> None:
        super().__init__()
        self._export = index_function(account, lambda: [entry(row) for row in _rows(index)])

    def __missing__(self, name: str) -> Function:
        if name.endswith(INDEX_FUNCTION):
            return self._export
        raise KeyError(name)


def _rows(index: Path) -> list[list[Any]]:
    return [json.loads(line) for line in index.read_text().splitlines()] if index.exists() else []


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
