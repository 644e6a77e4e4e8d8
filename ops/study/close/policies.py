"""Can a role still write images? Read from its policies, and asked of IAM itself."""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from ops.study.errors import StudyError, code, explained
from ops.study.facts import Facts

WRITES = (
    "s3:PutObject",
    "s3:DeleteObject",
    "s3:DeleteObjectVersion",
    "s3:PutObjectAcl",
    "s3:PutObjectTagging",
    "s3:ReplicateObject",
    "s3:ReplicateDelete",
    "s3:PutBucketPolicy",
    "s3:PutLifecycleConfiguration",
)
"""Calls that add, change or hide an object, or let somebody else do it."""

UNKNOWN_CALL = frozenset({"InvalidAction", "NotImplemented", "NotImplementedError", "404", "501"})


def role_writes(iam: Any, facts: Facts) -> list[str]:
    """Statements of the task role that allow any of the writes on the image bucket; a Deny is not counted in."""
    with explained(f"reading the policies of {facts.task_role}"):
        documents = list(_documents(iam, facts.task_role))
    objects = f"arn:aws:s3:::{facts.image_bucket}/{facts.image_prefix}/any"
    found = []
    for name, document in documents:
        for statement in _listed(document["Statement"]):
            allowed = [action for action in WRITES if _allows(statement, action, objects, facts)]
            if allowed:
                found.append(f"{name}, {statement.get('Sid', 'a statement')}: {', '.join(allowed)}")
    return found


def simulated_writes(iam: Any, facts: Facts) -> list[str] | None:
    """Writes that IAM's own simulator allows the role; None where the simulator cannot be asked."""
    bucket = f"arn:aws:s3:::{facts.image_bucket}"
    try:
        with explained(
            f"asking IAM what {facts.task_role} may do",
            "You need iam:SimulatePrincipalPolicy for it. Nothing was changed: run the same command again.",
        ):
            answer = _simulate(iam, facts, [f"{bucket}/{facts.image_prefix}/any", bucket])
    except NotImplementedError:
        return None
    except StudyError as error:
        cause = error.__cause__
        if isinstance(cause, ClientError) and code(cause) in UNKNOWN_CALL:
            return None
        raise
    return [
        f"{result['EvalActionName']} on {result.get('EvalResourceName', bucket)}"
        for result in answer
        if result["EvalDecision"] == "allowed"
    ]


def _simulate(iam: Any, facts: Facts, resources: list[str]) -> list[dict[str, Any]]:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html"""
    role = iam.get_role(RoleName=facts.task_role)["Role"]["Arn"]
    pages = iam.get_paginator("simulate_principal_policy").paginate(
        PolicySourceArn=role, ActionNames=list(WRITES), ResourceArns=resources
    )
    return [result for page in pages for result in page["EvaluationResults"]]


def bucket_writes(s3: Any, facts: Facts) -> list[str]:
    """Statements of the bucket's own policy that let anybody write."""
    with explained(f"reading the policy of {facts.image_bucket}"):
        try:
            document = json.loads(s3.get_bucket_policy(Bucket=facts.image_bucket)["Policy"])
        except ClientError as error:
            if code(error) != "NoSuchBucketPolicy":
                raise
            return []
    objects = f"arn:aws:s3:::{facts.image_bucket}/{facts.image_prefix}/any"
    return [
        f"the bucket's policy, {statement.get('Sid', 'a statement')}, for {json.dumps(statement.get('Principal'))}"
        for statement in _listed(document["Statement"])
        if any(_allows(statement, action, objects, facts) for action in WRITES)
    ]


def _documents(iam: Any, role: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for page in iam.get_paginator("list_attached_role_policies").paginate(RoleName=role):
        for attached in page["AttachedPolicies"]:
            version = iam.get_policy(PolicyArn=attached["PolicyArn"])["Policy"]["DefaultVersionId"]
            held = iam.get_policy_version(PolicyArn=attached["PolicyArn"], VersionId=version)["PolicyVersion"]
            yield attached["PolicyName"], _parsed(held["Document"])
    for page in iam.get_paginator("list_role_policies").paginate(RoleName=role):
        for name in page["PolicyNames"]:
            yield name, _parsed(iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"])


def _parsed(document: Any) -> dict[str, Any]:
    return json.loads(document) if isinstance(document, str) else document


def _allows(statement: dict[str, Any], action: str, objects: str, facts: Facts) -> bool:
    """Whether it allows `action` on the bucket or an image; conditions are taken to be met, `Not…` to include it."""
    if statement["Effect"] != "Allow":
        return False
    actions, resources = _listed(statement.get("Action")), _listed(statement.get("Resource"))
    named = "NotAction" in statement or any(fnmatch.fnmatchcase(action.lower(), one.lower()) for one in actions)
    places = (objects, f"arn:aws:s3:::{facts.image_bucket}")
    there = "NotResource" in statement or any(fnmatch.fnmatchcase(p, one) for one in resources for p in places)
    return named and there


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]
