"""GitHub as an identity provider, and the two roles that its jobs take: one reads, one deploys within a ceiling."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from ops.deploy.bootstrap import documents, rights
from ops.deploy.bootstrap.target import AUDIENCE, ISSUER, MAKER, MARK, BootstrapError, Target
from ops.deploy.bootstrap.things import Aspect, Thing, found, tag_list, tags_aspect, tags_of

GONE = "NoSuchEntity"
HOURS = {"preview": 1, "deploy": 4}
"""Longest session of each role; a deployment may wait hours for a database."""


def provider(iam: Any, target: Target) -> Thing:
    """GitHub's identity provider. An account has one for all its repositories, so one that is there is used as it is.

    No thumbprint: AWS trusts GitHub's certificate authority by itself.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc_verify-thumbprint.html
    """
    arn = target.provider

    def described() -> dict[str, Any] | None:
        return found(lambda: iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn), GONE)

    def ours(answer: dict[str, Any]) -> bool:
        return tags_of(answer.get("Tags", [])).get(MARK) == MAKER

    def exists() -> bool:
        answer = described()
        if answer and not ours(answer) and AUDIENCE not in answer["ClientIDList"]:
            raise BootstrapError(
                f"the account's identity provider {ISSUER} does not admit the audience {AUDIENCE} and was not made by "
                f"this command: let its owner add the audience, or tag it {MARK}={MAKER} to have it added"
            )
        return answer is not None

    def keep() -> str | None:
        if not ours(described() or {}):
            return "it was made by somebody else"
        users = [name for name in _trusting(iam, arn) if name not in {target.role(use) for use in HOURS}]
        return f"it is used by {', '.join(users)}" if users else None

    return Thing(
        name=f"identity provider {ISSUER}",
        exists=exists,
        create=lambda: iam.create_open_id_connect_provider(
            Url=f"https://{ISSUER}", ClientIDList=[AUDIENCE], Tags=tag_list({MARK: MAKER})
        ),
        remove=lambda: iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn),
        keep=keep,
        aspects=[
            Aspect(
                what="audience",
                read=lambda: AUDIENCE in (described() or {}).get("ClientIDList", ()),
                wanted=lambda: True,
                write=lambda _: iam.add_client_id_to_open_id_connect_provider(
                    OpenIDConnectProviderArn=arn, ClientID=AUDIENCE
                ),
            )
        ],
    )


def policies(iam: Any, target: Target) -> list[Thing]:
    """The boundary, and the policies of both roles."""
    named = {
        target.boundary: rights.boundary(target),
        target.policy("preview"): rights.preview(target),
        **{target.policy(f"deploy-{group}"): text for group, text in rights.deploy(target).items()},
    }
    return [_policy(iam, target, name, text) for name, text in named.items()]


def roles(iam: Any, target: Target) -> list[Thing]:
    """The roles `preview` and `deploy`."""
    reading = [rights.READING]
    previewing = [target.iam(f"policy/{target.policy('preview')}")]
    deploying = [target.iam(f"policy/{target.policy(f'deploy-{group}')}") for group in rights.deploy(target)]
    return [
        _role(iam, target, "preview", [*reading, *previewing], None),
        _role(iam, target, "deploy", [*reading, *deploying], target.iam(f"policy/{target.boundary}")),
    ]


def _policy(iam: Any, target: Target, name: str, text: str) -> Thing:
    arn = target.iam(f"policy/{name}")

    def described() -> dict[str, Any]:
        return iam.get_policy(PolicyArn=arn)["Policy"]

    def versions() -> list[dict[str, Any]]:
        return iam.list_policy_versions(PolicyArn=arn)["Versions"]

    def read() -> Any:
        version = described()["DefaultVersionId"]
        found_document = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
        return documents.normal(found_document)

    def write(_: object) -> None:
        kept = [each for each in versions() if not each["IsDefaultVersion"]]
        for old in sorted(kept, key=lambda each: each["CreateDate"])[: max(0, len(kept) - 3)]:  # AWS keeps five
            iam.delete_policy_version(PolicyArn=arn, VersionId=old["VersionId"])
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=text, SetAsDefault=True)

    def remove() -> None:
        for old in versions():
            if not old["IsDefaultVersion"]:
                iam.delete_policy_version(PolicyArn=arn, VersionId=old["VersionId"])
        iam.delete_policy(PolicyArn=arn)

    return Thing(
        name=f"policy {name}",
        exists=lambda: _marked(f"policy {name}", found(lambda: described().get("Tags", []), GONE)),
        create=lambda: iam.create_policy(PolicyName=name, PolicyDocument=text, Tags=tag_list(target.tags)),
        remove=remove,
        aspects=[
            tags_aspect(
                target.tags,
                lambda: tags_of(described().get("Tags", [])),
                lambda tags: iam.tag_policy(PolicyArn=arn, Tags=tag_list(tags)),
            ),
            Aspect(what="document", read=read, wanted=lambda: documents.normal(text), write=write),
        ],
    )


def _role(iam: Any, target: Target, use: str, attached: list[str], boundary: str | None) -> Thing:
    name, trust, seconds = target.role(use), documents.trust(target, use), HOURS[use] * 3600
    bounds = {"PermissionsBoundary": boundary} if boundary else {}

    def described() -> dict[str, Any]:
        return iam.get_role(RoleName=name)["Role"]

    def inline() -> list[str]:
        return iam.list_role_policies(RoleName=name)["PolicyNames"]

    def drop_inline(_: object = None) -> None:
        for policy in inline():
            iam.delete_role_policy(RoleName=name, PolicyName=policy)

    def remove() -> None:
        _attach(iam, name, [])
        drop_inline()
        iam.delete_role(RoleName=name)

    return Thing(
        name=f"role {name}",
        exists=lambda: _marked(f"role {name}", found(lambda: described().get("Tags", []), GONE)),
        create=lambda: iam.create_role(
            RoleName=name,
            Description=f"{use} of {target.stack} by {target.repository}",
            AssumeRolePolicyDocument=trust,
            MaxSessionDuration=seconds,
            Tags=tag_list(target.tags),
            **bounds,
        ),
        remove=remove,
        aspects=[
            tags_aspect(
                target.tags,
                lambda: tags_of(described().get("Tags", [])),
                lambda tags: iam.tag_role(RoleName=name, Tags=tag_list(tags)),
            ),
            Aspect(
                what="trust",
                read=lambda: documents.normal(described()["AssumeRolePolicyDocument"]),
                wanted=lambda: documents.normal(trust),
                write=lambda _: iam.update_assume_role_policy(RoleName=name, PolicyDocument=trust),
            ),
            Aspect(
                what="longest session",
                read=lambda: described()["MaxSessionDuration"],
                wanted=lambda: seconds,
                write=lambda wanted: iam.update_role(RoleName=name, MaxSessionDuration=wanted),
            ),
            *_bounded(iam, name, described, boundary),
            Aspect(
                what="policies",
                read=lambda: _attached(iam, name),
                wanted=lambda: sorted(attached),
                write=lambda wanted: _attach(iam, name, wanted),
            ),
            Aspect(what="no inline policies", read=inline, wanted=list, write=drop_inline),
        ],
    )


def _bounded(iam: Any, name: str, described: Callable[[], dict[str, Any]], boundary: str | None) -> list[Aspect]:
    if boundary is None:
        return []
    return [
        Aspect(
            what="permission boundary",
            read=lambda: described().get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
            wanted=lambda: boundary,
            write=lambda wanted: iam.put_role_permissions_boundary(RoleName=name, PermissionsBoundary=wanted),
        )
    ]


def _attached(iam: Any, role: str) -> list[str]:
    pages = iam.get_paginator("list_attached_role_policies").paginate(RoleName=role)
    return sorted(each["PolicyArn"] for page in pages for each in page["AttachedPolicies"])


def _attach(iam: Any, role: str, wanted: Sequence[str]) -> None:
    there = _attached(iam, role)
    for arn in set(there) - set(wanted):
        iam.detach_role_policy(RoleName=role, PolicyArn=arn)
    for arn in sorted(set(wanted) - set(there)):
        iam.attach_role_policy(RoleName=role, PolicyArn=arn)


def _marked(what: str, tags: list[dict[str, str]] | None) -> bool:
    if tags is None:
        return False
    if tags_of(tags).get(MARK) != MAKER:
        raise BootstrapError(
            f"{what} exists and was not made by this command (no tag {MARK}={MAKER}): rename or delete it, "
            f"or tag it so to have it brought in line"
        )
    return True


def _trusting(iam: Any, arn: str) -> list[str]:
    pages = iam.get_paginator("list_roles").paginate()
    listed = (role for page in pages for role in page["Roles"])
    return sorted(role["RoleName"] for role in listed if arn in json.dumps(role["AssumeRolePolicyDocument"]))
