"""A new deployment after a secret was rotated: running containers keep the value that they started with."""

from __future__ import annotations

import json

import pulumi
from pulumi_aws import cloudwatch, sfn

from components.core import AT_LEAST_ONCE, Component, Metric, Platform, ServiceRole, StoredSecret, alarm
from components.service.tier import Tier
from layout.documents import allow, trust


def state_machine(cluster: str, service: str) -> str:
    """State machine definition: one new deployment of the service, tried again while ECS is busy."""
    deploy = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:ecs:updateService",
        "Parameters": {"Cluster": cluster, "Service": service, "ForceNewDeployment": True},
        "ResultPath": None,
        "Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 30, "MaxAttempts": 6, "BackoffRate": 2}],
        "End": True,
    }
    return json.dumps({"Comment": f"New tasks of {service}", "StartAt": "Deploy", "States": {"Deploy": deploy}})


def rotation_pattern(secret_arn: str) -> str:
    """Event pattern: Secrets Manager has finished a rotation of this secret.

    https://docs.aws.amazon.com/secretsmanager/latest/userguide/monitoring-eventbridge.html
    """
    return json.dumps(
        {
            "source": ["aws.secretsmanager"],
            "detail-type": ["AWS Service Event via CloudTrail"],
            "detail": {"eventName": ["RotationSucceeded"], "additionalEventData": {"SecretId": [secret_arn]}},
        }
    )


class RedeployOnRotation(Component):
    """Creates the rule that matches a finished rotation, and the state machine that then redeploys the service.

    Guarantees: the tasks run with the new secret within minutes, in an ordinary rolling deployment; the state machine
    may update this one service and keeps the history of its executions for 90 days; a failure raises an alarm. The
    events come from the audit trail.
    """

    TYPE = "imgstore:redeploy:RedeployOnRotation"

    def __init__(
        self,
        name: str,
        base: Platform,
        *,
        secret: StoredSecret,
        tier: Tier,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, base, opts)
        machine_name, rule_name = self.names.of("sfn.StateMachine", name), self.names.of("cloudwatch.EventRule", name)
        machine_arn = self.names.arn("states", f"stateMachine:{machine_name}")
        machine = self._machine(machine_name, machine_arn, tier)
        starter = ServiceRole(
            self.child("starter"),
            base,
            assume=trust(
                "events.amazonaws.com", self.names.account, source=self.names.arn("events", f"rule/{rule_name}")
            ),
            statements=[allow("StartDeployment", ["states:StartExecution"], [machine_arn])],
            opts=self.options(),
        )
        rule = cloudwatch.EventRule(
            self.child("rotated"),
            name=rule_name,
            description=f"Secrets Manager has rotated a secret of {tier.service_name}",
            event_pattern=secret.secret.arn.apply(rotation_pattern),
            tags=self.names.tags(name),
            opts=self.options(),
        )
        cloudwatch.EventTarget(
            self.child("target"),
            rule=rule.name,
            target_id="deploy",
            arn=machine.arn,
            role_arn=starter.ready,
            opts=self.options(),
        )
        self._alarms(rule_name, machine_arn)
        self.register_outputs({"stateMachine": machine.arn})

    def _machine(self, name: str, arn: str, tier: Tier) -> sfn.StateMachine:
        role = ServiceRole(
            self.child("deployer"),
            self.base,
            assume=trust("states.amazonaws.com", self.names.account, source=arn),
            statements=[
                allow("DeployService", ["ecs:UpdateService"], [tier.service_arn]),
            ],
            opts=self.options(),
        )
        return sfn.StateMachine(
            self.child("deployment"),
            name=name,
            type="STANDARD",
            role_arn=role.ready,
            definition=state_machine(tier.cluster_name, tier.service_name),
            tags=self.names.tags(self.component),
            opts=self.options(),
        )

    def _alarms(self, rule: str, machine_arn: str) -> None:
        metrics = {
            "failed": Metric(
                namespace="AWS/States", name="ExecutionsFailed", dimensions={"StateMachineArn": machine_arn}
            ),
            "not-started": Metric(namespace="AWS/Events", name="FailedInvocations", dimensions={"RuleName": rule}),
        }
        for suffix, metric in metrics.items():
            alarm(
                self,
                suffix,
                metric=metric,
                condition=AT_LEAST_ONCE,
                description="Tasks were not redeployed after a rotation; see docs/runbooks/secret-rotation.md",
            )
