"""GitHub as an identity provider, and the two roles of its jobs: to preview, and to deploy within a boundary."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ops.deploy.bootstrap import documents, permissions
from ops.deploy.bootstrap.resources import Property, Resource, find, tag_list, tags_of, tags_property
from ops.deploy.bootstrap.target import AUDIENCE, ISSUER, OWNER_KEY, OWNER_VALUE, BootstrapError, Target

if TYPE_CHECKING:
    from types_boto3_iam import IAMClient
    from types_boto3_iam.type_defs import (
        GetOpenIDConnectProviderResponseTypeDef,
        PolicyTypeDef,
        PolicyVersionTypeDef,
        RoleTypeDef,
    )

MISSING = "NoSuchEntity"
HOURS = {"preview": 1, "deploy": 4}
"""Maximum session of each role; a deployment may wait hours for a database."""


def provider(iam: IAMClient, target: Target) -> Resource:
    """GitHub's identity provider. An account has one for all repositories, so an existing one is used unchanged.

    It needs no thumbprint: AWS trusts GitHub's certificate authority.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc_verify-thumbprint.html
    """
    arn = target.provider

    def describe() -> GetOpenIDConnectProviderResponseTypeDef | None:
        return find(lambda: iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn), MISSING)

    def is_ours(answer: GetOpenIDConnectProviderResponseTypeDef) -> bool:
        return tags_of(answer.get("Tags", [])).get(OWNER_KEY) == OWNER_VALUE

    def exists() -> bool:
        answer = describe()
        if answer and not is_ours(answer) and AUDIENCE not in answer["ClientIDList"]:
            raise BootstrapError(
                f"the account's identity provider {ISSUER} does not admit the audience {AUDIENCE} and was not created "
                f"by this command: let its owner add the audience, or tag it {OWNER_KEY}={OWNER_VALUE} to have it added"
            )
        return answer is not None

    def has_audience() -> bool:
        answer = describe()
        return answer is not None and AUDIENCE in answer["ClientIDList"]

    def keep() -> str | None:
        answer = describe()
        if answer is None or not is_ours(answer):
            return "it was created by somebody else"
        users = [name for name in _roles_that_trust(iam, arn) if name not in {target.role(use) for use in HOURS}]
        return f"it is used by {', '.join(users)}" if users else None

    return Resource(
        name=f"identity provider {ISSUER}",
        exists=exists,
        create=lambda: iam.create_open_id_connect_provider(
            Url=f"https://{ISSUER}", ClientIDList=[AUDIENCE], Tags=tag_list({OWNER_KEY: OWNER_VALUE})
        ),
        remove=lambda: iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn),
        keep=keep,
        properties=[
            Property(
                what="audience",
                read=has_audience,
                wanted=lambda: True,
                write=lambda _: iam.add_client_id_to_open_id_connect_provider(
                    OpenIDConnectProviderArn=arn, ClientID=AUDIENCE
                ),
            )
        ],
    )


def policies(iam: IAMClient, target: Target) -> list[Resource]:
    """The permissions boundary, and the policies of both roles."""
    texts = {
        target.boundary: permissions.boundary(target),
        target.policy("preview"): permissions.preview(target),
        **{target.policy(f"deploy-{group}"): text for group, text in permissions.deploy(target).items()},
    }
    return [_policy(iam, target, name, text) for name, text in texts.items()]


def roles(iam: IAMClient, target: Target) -> list[Resource]:
    """The roles `preview` and `deploy`."""
    reading = [permissions.READ_ONLY]
    previewing = [target.iam(f"policy/{target.policy('preview')}")]
    deploying = [target.iam(f"policy/{target.policy(f'deploy-{group}')}") for group in permissions.deploy(target)]
    return [
        _role(iam, target, "preview", [*reading, *previewing], None),
        _role(iam, target, "deploy", [*reading, *deploying], target.iam(f"policy/{target.boundary}")),
    ]


def _policy(iam: IAMClient, target: Target, name: str, text: str) -> Resource:
    arn = target.iam(f"policy/{name}")

    def describe() -> PolicyTypeDef:
        return iam.get_policy(PolicyArn=arn)["Policy"]

    def list_old_versions() -> list[PolicyVersionTypeDef]:
        versions = iam.list_policy_versions(PolicyArn=arn)["Versions"]
        return [each for each in versions if not each.get("IsDefaultVersion")]

    def read() -> Any:
        version = describe().get("DefaultVersionId", "")
        current = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]
        return documents.normalize(current.get("Document"))

    def write(_: object) -> None:
        old = list_old_versions()
        for each in sorted(old, key=lambda each: str(each.get("CreateDate")))[: max(0, len(old) - 3)]:  # AWS keeps five
            iam.delete_policy_version(PolicyArn=arn, VersionId=each.get("VersionId", ""))
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=text, SetAsDefault=True)

    def remove() -> None:
        for each in list_old_versions():
            iam.delete_policy_version(PolicyArn=arn, VersionId=each.get("VersionId", ""))
        iam.delete_policy(PolicyArn=arn)

    return Resource(
        name=f"policy {name}",
        exists=lambda: _is_ours(f"policy {name}", find(lambda: describe().get("Tags", []), MISSING)),
        create=lambda: iam.create_policy(PolicyName=name, PolicyDocument=text, Tags=tag_list(target.tags)),
        remove=remove,
        properties=[
            tags_property(
                target.tags,
                lambda: tags_of(describe().get("Tags", [])),
                lambda tags: iam.tag_policy(PolicyArn=arn, Tags=tag_list(tags)),
            ),
            Property(what="document", read=read, wanted=lambda: documents.normalize(text), write=write),
        ],
    )


def _role(iam: IAMClient, target: Target, use: str, attached: list[str], boundary: str | None) -> Resource:
    name, trust, seconds = target.role(use), documents.trust(target, use), HOURS[use] * 3600
    bounds: dict[str, Any] = {"PermissionsBoundary": boundary} if boundary else {}

    def describe() -> RoleTypeDef:
        return iam.get_role(RoleName=name)["Role"]

    def list_inline() -> list[str]:
        return iam.list_role_policies(RoleName=name)["PolicyNames"]

    def delete_inline(_: object = None) -> None:
        for policy in list_inline():
            iam.delete_role_policy(RoleName=name, PolicyName=policy)

    def remove() -> None:
        _attach(iam, name, [])
        delete_inline()
        iam.delete_role(RoleName=name)

    return Resource(
        name=f"role {name}",
        exists=lambda: _is_ours(f"role {name}", find(lambda: describe().get("Tags", []), MISSING)),
        create=lambda: iam.create_role(
            RoleName=name,
            Description=f"{use} of {target.stack} by {target.repository}",
            AssumeRolePolicyDocument=trust,
            MaxSessionDuration=seconds,
            Tags=tag_list(target.tags),
            **bounds,
        ),
        remove=remove,
        properties=[
            tags_property(
                target.tags,
                lambda: tags_of(describe().get("Tags", [])),
                lambda tags: iam.tag_role(RoleName=name, Tags=tag_list(tags)),
            ),
            Property(
                what="trust",
                read=lambda: documents.normalize(describe().get("AssumeRolePolicyDocument")),
                wanted=lambda: documents.normalize(trust),
                write=lambda _: iam.update_assume_role_policy(RoleName=name, PolicyDocument=trust),
            ),
            Property(
                what="maximum session",
                read=lambda: describe().get("MaxSessionDuration"),
                wanted=lambda: seconds,
                write=lambda wanted: iam.update_role(RoleName=name, MaxSessionDuration=wanted),
            ),
            *_boundary_properties(iam, name, describe, boundary),
            Property(
                what="policies",
                read=lambda: _list_attached(iam, name),
                wanted=lambda: sorted(attached),
                write=lambda wanted: _attach(iam, name, wanted),
            ),
            Property(what="no inline policies", read=list_inline, wanted=list, write=delete_inline),
        ],
    )


def _boundary_properties(
    iam: IAMClient, name: str, describe: Callable[[], RoleTypeDef], boundary: str | None
) -> list[Property]:
    if boundary is None:
        return []
    return [
        Property(
            what="permissions boundary",
            read=lambda: describe().get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
            wanted=lambda: boundary,
            write=lambda wanted: iam.put_role_permissions_boundary(RoleName=name, PermissionsBoundary=wanted),
        )
    ]


def _list_attached(iam: IAMClient, role: str) -> list[str]:
    pages = iam.get_paginator("list_attached_role_policies").paginate(RoleName=role)
    return sorted(each.get("PolicyArn", "") for page in pages for each in page["AttachedPolicies"])


def _attach(iam: IAMClient, role: str, wanted: Sequence[str]) -> None:
    attached = _list_attached(iam, role)
    for arn in set(attached) - set(wanted):
        iam.detach_role_policy(RoleName=role, PolicyArn=arn)
    for arn in sorted(set(wanted) - set(attached)):
        iam.attach_role_policy(RoleName=role, PolicyArn=arn)


def _is_ours(what: str, tags: Sequence[Mapping[str, Any]] | None) -> bool:
    if tags is None:
        return False
    if tags_of(tags).get(OWNER_KEY) != OWNER_VALUE:
        raise BootstrapError(
            f"{what} exists and was not created by this command (no tag {OWNER_KEY}={OWNER_VALUE}): rename or "
            f"delete it, or tag it so to have its settings corrected"
        )
    return True


def _roles_that_trust(iam: IAMClient, arn: str) -> list[str]:
    pages = iam.get_paginator("list_roles").paginate()
    roles = (role for page in pages for role in page["Roles"])
    return sorted(role["RoleName"] for role in roles if arn in json.dumps(role.get("AssumeRolePolicyDocument")))
