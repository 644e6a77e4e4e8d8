"""Can a role still write images? Reads its policies and the bucket's, and asks IAM's policy simulator."""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from layout.documents import as_list
from ops.study.errors import StudyError, code, explain_failure
from ops.study.outputs import StudyOutputs

if TYPE_CHECKING:
    from types_boto3_iam import IAMClient
    from types_boto3_iam.type_defs import EvaluationResultTypeDef
    from types_boto3_s3 import S3Client

Statement = dict[str, Any]
"""A policy document, or one of its statements."""
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
"""Actions that add, change or hide an object, or let somebody else do it."""

UNKNOWN_CALL = frozenset({"InvalidAction", "NotImplemented", "NotImplementedError", "404", "501"})


def role_writes(iam: IAMClient, outputs: StudyOutputs) -> list[str]:
    """Statements of the task role that allow a write on the image bucket. Deny statements are not considered."""
    with explain_failure(f"reading the policies of {outputs.task_role}"):
        documents = list(_role_documents(iam, outputs.task_role))
    objects = f"arn:aws:s3:::{outputs.image_bucket}/{outputs.image_prefix}/any"
    found = []
    for name, document in documents:
        for statement in as_list(document["Statement"]):
            allowed = [action for action in WRITES if _allows(statement, action, objects, outputs)]
            if allowed:
                found.append(f"{name}, {statement.get('Sid', 'a statement')}: {', '.join(allowed)}")
    return found


def simulated_writes(iam: IAMClient, outputs: StudyOutputs) -> list[str] | None:
    """Writes that IAM's policy simulator allows the task role; None where the simulator is not available."""
    bucket = f"arn:aws:s3:::{outputs.image_bucket}"
    try:
        with explain_failure(
            f"simulating the policies of {outputs.task_role}",
            "This requires iam:SimulatePrincipalPolicy. Nothing was changed: run the same command again.",
        ):
            results = _simulate(iam, outputs, [f"{bucket}/{outputs.image_prefix}/any", bucket])
    except NotImplementedError:
        return None
    except StudyError as error:
        cause = error.__cause__
        if isinstance(cause, ClientError) and code(cause) in UNKNOWN_CALL:
            return None
        raise
    return [
        f"{result['EvalActionName']} on {result.get('EvalResourceName', bucket)}"
        for result in results
        if result["EvalDecision"] == "allowed"
    ]


def _simulate(iam: IAMClient, outputs: StudyOutputs, resources: list[str]) -> list[EvaluationResultTypeDef]:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html"""
    role = iam.get_role(RoleName=outputs.task_role)["Role"]["Arn"]
    pages = iam.get_paginator("simulate_principal_policy").paginate(
        PolicySourceArn=role, ActionNames=list(WRITES), ResourceArns=resources
    )
    return [result for page in pages for result in page["EvaluationResults"]]


def bucket_writes(s3: S3Client, outputs: StudyOutputs) -> list[str]:
    """Statements of the bucket policy that let anybody write."""
    with explain_failure(f"reading the policy of {outputs.image_bucket}"):
        try:
            document = json.loads(s3.get_bucket_policy(Bucket=outputs.image_bucket)["Policy"])
        except ClientError as error:
            if code(error) != "NoSuchBucketPolicy":
                raise
            return []
    objects = f"arn:aws:s3:::{outputs.image_bucket}/{outputs.image_prefix}/any"
    return [
        f"the bucket's policy, {statement.get('Sid', 'a statement')}, for {json.dumps(statement.get('Principal'))}"
        for statement in as_list(document["Statement"])
        if any(_allows(statement, action, objects, outputs) for action in WRITES)
    ]


def _role_documents(iam: IAMClient, role: str) -> Iterator[tuple[str, Statement]]:
    """Names and documents of the role's attached and inline policies."""
    for page in iam.get_paginator("list_attached_role_policies").paginate(RoleName=role):
        for attached in page["AttachedPolicies"]:
            version = iam.get_policy(PolicyArn=attached["PolicyArn"])["Policy"]["DefaultVersionId"]
            policy = iam.get_policy_version(PolicyArn=attached["PolicyArn"], VersionId=version)["PolicyVersion"]
            yield attached["PolicyName"], _parse_document(policy["Document"])
    for inline_page in iam.get_paginator("list_role_policies").paginate(RoleName=role):
        for name in inline_page["PolicyNames"]:
            document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
            yield name, _parse_document(document)


def _parse_document(document: Any) -> Statement:
    return json.loads(document) if isinstance(document, str) else document


def _allows(statement: Statement, action: str, objects: str, outputs: StudyOutputs) -> bool:
    """Whether it allows `action` on the bucket or an image. Assumes that conditions hold and `Not…` includes it."""
    if statement["Effect"] != "Allow":
        return False
    actions, resources = as_list(statement.get("Action")), as_list(statement.get("Resource"))
    has_action = "NotAction" in statement or any(fnmatch.fnmatchcase(action.lower(), one.lower()) for one in actions)
    arns = (objects, f"arn:aws:s3:::{outputs.image_bucket}")
    has_resource = "NotResource" in statement or any(fnmatch.fnmatchcase(a, one) for one in resources for a in arns)
    return has_action and has_resource
