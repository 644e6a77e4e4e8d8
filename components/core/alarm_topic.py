"""The topic through which alarms reach people."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
from pulumi_aws import sns

from components.core.component import ScopedComponent
from components.core.keys import Keys
from components.core.scope import Scope
from layout.documents import Statement, allow, document
from layout.naming import Names

PUBLISHERS = ("cloudwatch.amazonaws.com", "budgets.amazonaws.com")
"""Services that publish in their own name; everything else publishes with a role."""


def topic_policy(names: Names, topic_arn: str) -> str:
    """Topic policy: CloudWatch and Budgets may publish for this account alone, and nobody without TLS."""
    refuse: Statement = {
        "Sid": "RefusePlainHttp",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sns:Publish",
        "Resource": topic_arn,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    publish = allow(
        "PublishAlarms",
        ["sns:Publish"],
        [topic_arn],
        principal={"Service": list(PUBLISHERS)},
        conditions={"StringEquals": {"aws:SourceAccount": names.account}},
    )
    return document(publish, refuse)


class AlarmTopic(ScopedComponent):
    """Creates the topic of all alarms, its policy, and a subscription per address.

    Guarantees: messages are encrypted with the key for logs and alarms, whose policy lets the publishers use it (the
    AWS-managed key never would); only this account's services publish. Every address must confirm by e-mail.
    https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
    """

    TYPE = "imgstore:alarms:AlarmTopic"

    def __init__(
        self,
        name: str,
        scope: Scope,
        *,
        emails: Sequence[str],
        keys: Keys,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, scope, opts)
        topic_name = self.names.of("sns.Topic", name)
        self.arn = self.names.arn("sns", topic_name)
        topic = sns.Topic(
            self.child("topic"),
            name=topic_name,
            kms_master_key_id=keys.logs.arn,
            tags=self.names.tags(name),
            opts=self.options(),
        )
        policy = sns.TopicPolicy(
            self.child("policy"), arn=topic.arn, policy=topic_policy(self.names, self.arn), opts=self.options()
        )
        for email in emails:
            sns.TopicSubscription(
                self.child(email), topic=topic.arn, protocol="email", endpoint=email, opts=self.options()
            )
        # Publishers wait for the policy that allows them.
        self.ready = pulumi.Output.all(topic.arn, policy.id).apply(lambda known: str(known[0]))
        self.register_outputs({"arn": topic.arn})
