"""IAM roles for AWS services: one trust policy, one managed policy of named actions on named resources."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
from pulumi_aws import iam

from components.core.component import ScopedComponent
from components.core.scope import Scope
from layout.documents import Statement, document


class ServiceRole(ScopedComponent):
    """Creates a role, its policy and their attachment; never an inline policy, which no review tool lists.

    `arn` is known before the role exists, so that documents that name it stay plain text; whatever *uses* the role
    takes `ready`, which resolves once its policy is attached. `session_hours` is for people's work, which may be long;
    services renew their sessions.
    """

    TYPE = "imgstore:roles:ServiceRole"

    def __init__(
        self,
        name: str,
        scope: Scope,
        *,
        assume: str,
        statements: Sequence[Statement] = (),
        managed: Sequence[str] = (),
        session_hours: int | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, scope, opts)
        role_name = self.names.of("iam.Role", name)
        self.name, self.arn = role_name, self.names.arn("iam", f"role/{role_name}", region="")
        self.role = iam.Role(
            self.child("role"),
            name=role_name,
            assume_role_policy=assume,
            max_session_duration=session_hours and session_hours * 3600,
            tags=self.names.tags(name),
            opts=self.options(),
        )
        attached: list[pulumi.Output[str]] = [self._attach(arn.rpartition("/")[2], arn).id for arn in managed]
        if statements:
            policy = iam.Policy(
                self.child("policy"),
                name=self.names.of("iam.Policy", name),
                policy=document(*statements),
                tags=self.names.tags(name),
                opts=self.options(),
            )
            attached.append(self._attach("policy", policy.arn).id)
        self.ready = pulumi.Output.all(self.role.arn, *attached).apply(lambda done: str(done[0]))
        self.register_outputs({"arn": self.role.arn})

    def _attach(self, suffix: str, policy_arn: pulumi.Input[str]) -> iam.RolePolicyAttachment:
        return iam.RolePolicyAttachment(
            self.child(f"{suffix}-attachment"), role=self.role.name, policy_arn=policy_arn, opts=self.options()
        )
