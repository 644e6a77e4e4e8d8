"""Patches that only the account's server needs: AWS Backup's jobs, IAM's simulator and conditions, key ids."""

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
from moto.kms.models import Key, KmsBackend
from moto.logs.responses import LogsResponse
from moto.rds.models import DBCluster

from functions.index_export.index import entry
from layout.documents import as_list
from rehearsal.account.handlers import KEY_ID_TAG
from rehearsal.account.moto_patches import Function, index_function

INDEX_FUNCTION = "-index-export"
JOBS = {"backup-jobs": "BackupJobs", "copy-jobs": "CopyJobs", "restore-jobs": "RestoreJobs"}


def apply_server_patches() -> None:
    """Patch moto for the rest of this process."""
    for path, key in JOBS.items():
        urls.url_paths[f"{{0}}/{path}/?$"] = BackupResponse.dispatch
        setattr(BackupResponse, f"list_{path.replace('-', '_')}", _no_jobs(key))
    for owner, name, call in (
        # AWS takes automated backups at night and deletes them with their cluster; moto takes one at each change.
        (DBCluster, "save_automated_backup", lambda _: None),
        (KmsBackend, "create_key", _keep_key_id(KmsBackend.create_key)),
        (IAMPolicyStatement, "is_action_permitted", _evaluate_condition(IAMPolicyStatement.is_action_permitted)),
        (LogsResponse, "describe_export_tasks", _filter_by_state(LogsResponse.describe_export_tasks)),
        (IamResponse, "simulate_principal_policy", _simulate),
    ):
        setattr(owner, name, call)


def _keep_key_id(real: Callable[..., Key]) -> Callable[..., Key]:
    """A key keeps the id that the simulated cloud gave it, so that ARNs in state, policies and objects agree."""

    def create(self: KmsBackend, *arguments: Any, **options: Any) -> Key:
        key = real(self, *arguments, **options)
        tags = options.get("tags") or (arguments[4] if len(arguments) > 4 else None) or []  # noqa: PLR2004
        for tag in tags:
            if tag["TagKey"] == KEY_ID_TAG:
                del self.keys[key.id]
                key.arn = key.arn.replace(key.id, tag["TagValue"])
                key.id = tag["TagValue"]
                self.keys[key.id] = key
        return key

    return create


def _evaluate_condition(real: Callable[..., PermissionResult]) -> Callable[..., PermissionResult]:
    """A statement whose condition does not match has no effect; moto takes it for a denial.

    Conditions are assumed to match in an Allow and not in a Deny: a rehearsal has no TLS.
    """

    def is_permitted(self: IAMPolicyStatement, *arguments: Any) -> PermissionResult:
        statement = self._statement
        if not statement.get("Condition"):
            return real(self, *arguments)
        if statement["Effect"] == "Deny":
            return PermissionResult.NEUTRAL
        bare = {key: value for key, value in statement.items() if key != "Condition"}
        return real(IAMPolicyStatement(bare), *arguments)

    return is_permitted


def _filter_by_state(real: Callable[[Any], str]) -> Callable[[Any], str]:
    """Log exports can be filtered by their state."""

    def describe(self: Any) -> str:
        response, wanted = json.loads(real(self)), self._get_param("statusCode")
        tasks = [one for one in response["exportTasks"] if wanted in {None, one["status"]["code"]}]
        return json.dumps({**response, "exportTasks": tasks})

    return describe


def _no_jobs(key: str) -> Any:
    """There are no jobs: AWS Backup's plans run at night."""
    return lambda _: json.dumps({key: []})


def _simulate(response: Any) -> ActionResult:
    """Evaluate a role's managed policies.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
    """
    role = response._get_param("PolicySourceArn").rpartition("/")[2]
    statements = [
        statement
        for policy in response.backend.get_role(role).managed_policies.values()
        for statement in as_list(json.loads(_default_document(policy))["Statement"])
    ]
    actions, resources = (response._get_param(name, []) for name in ("ActionNames", "ResourceArns"))
    results = [
        {
            "EvalActionName": action,
            "EvalResourceName": resource,
            "EvalDecision": evaluate(statements, action, resource),
            "MatchedStatements": [],
            "MissingContextValues": [],
        }
        for action in actions
        for resource in resources or ["*"]
    ]
    return ActionResult({"EvaluationResults": results, "IsTruncated": False})


def _default_document(policy: Any) -> str:
    return next(version.document for version in policy.versions if version.is_default)


def evaluate(statements: list[dict[str, Any]], action: str, resource: str) -> str:
    """IAM's decision, as its simulator names it."""
    found = {IAMPolicyStatement(statement).is_action_permitted(action, resource) for statement in statements}
    if PermissionResult.DENIED in found:
        return "explicitDeny"
    return "allowed" if PermissionResult.PERMITTED in found else "implicitDeny"


class Functions(dict[str, Function]):
    """The Lambda functions by name. The index export writes the rows of the file `index`, read at each call."""

    def __init__(self, account: str, index: Path) -> None:
        super().__init__()
        self._export = index_function(account, lambda: [entry(row) for row in _read_rows(index)])

    def __missing__(self, name: str) -> Function:
        if name.endswith(INDEX_FUNCTION):
            return self._export
        raise KeyError(name)


def _read_rows(index: Path) -> list[list[Any]]:
    return [json.loads(line) for line in index.read_text().splitlines()] if index.exists() else []
