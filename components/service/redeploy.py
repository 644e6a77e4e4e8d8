"""New tasks when a secret has changed: what a container was started with, it keeps."""

from __future__ import annotations

import json

import pulumi
from pulumi_aws import cloudwatch, sfn

from components.core.alarms import AlarmTopic, Condition, Metric, alarm
from components.core.base import Component, Scope
from components.core.roles import ServiceRole
from components.core.secrets import StoredSecret
from layout.documents import allow, trust

FAILED = Condition(comparison="GreaterThanOrEqualToThreshold", value=1)


def steps(cluster: str, service: str) -> str:
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


def rotated(secret_arn: str) -> str:
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
    """Creates the rule that hears of a rotated secret, and the state machine that then deploys a service anew.

    Guarantees: the tasks run with the new secret within minutes, one by one and without a gap, as in any deployment;
    the state machine may update this one service and keeps the history of its runs for 90 days; a failure rings. The
    events come from the audit trail.
    """

    TYPE = "imgstore:redeploy:RedeployOnRotation"

    def __init__(
        self,
        name: str,
        scope: Scope,
        *,
        secret: StoredSecret,
        cluster: str,
        service: str,
        topic: AlarmTopic,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, scope, opts)
        machine_name, rule_name = self.names.of("sfn.StateMachine", name), self.names.of("cloudwatch.EventRule", name)
        machine_arn = self.names.arn("states", f"stateMachine:{machine_name}")
        machine = self._machine(machine_name, machine_arn, cluster, service)
        starter = ServiceRole(
            self.child("starter"),
            scope,
            assume=trust(
                "events.amazonaws.com", self.names.account, source=self.names.arn("events", f"rule/{rule_name}")
            ),
            statements=[allow("StartDeployment", ["states:StartExecution"], [machine_arn])],
            opts=self.options(),
        )
        rule = cloudwatch.EventRule(
            self.child("rotated"),
            name=rule_name,
            description=f"Secrets Manager has rotated a secret of {service}",
            event_pattern=secret.secret.arn.apply(rotated),
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
        self._alarms(rule_name, machine_arn, topic)
        self.register_outputs({"stateMachine": machine.arn})

    def _machine(self, name: str, arn: str, cluster: str, service: str) -> sfn.StateMachine:
        role = ServiceRole(
            self.child("deployer"),
            self.scope,
            assume=trust("states.amazonaws.com", self.names.account, source=arn),
            statements=[
                allow("DeployService", ["ecs:UpdateService"], [self.names.arn("ecs", f"service/{cluster}/{service}")]),
            ],
            opts=self.options(),
        )
        return sfn.StateMachine(
            self.child("deployment"),
            name=name,
            type="STANDARD",
            role_arn=role.ready,
            definition=steps(cluster, service),
            tags=self.names.tags(self.component),
            opts=self.options(),
        )

    def _alarms(self, rule: str, machine_arn: str, topic: AlarmTopic) -> None:
        watched = {
            "failed": Metric(
                namespace="AWS/States", name="ExecutionsFailed", dimensions={"StateMachineArn": machine_arn}
            ),
            "not-started": Metric(namespace="AWS/Events", name="FailedInvocations", dimensions={"RuleName": rule}),
        }
        for suffix, metric in watched.items():
            alarm(
                self,
                suffix,
                topic,
                metric=metric,
                condition=FAILED,
                description="Tasks were not deployed anew after a rotation; see docs/runbooks/secret-rotation.md",
            )
