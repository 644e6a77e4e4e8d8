"""Facts about a stack, read from its plan; a document asks them by name, and a name that is not there is an error."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

from ops.plan.resources import COMPONENT_PREFIX, Plan, PlanError, PlannedResource

GROUP = "aws:cloudwatch/logGroup:LogGroup"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
_STEP = re.compile(r"([^.\[\]]+)")


class Facts:
    """Questions a document may ask of one plan. Every answer is text or a number; PlanError where there is none."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.stack = plan.stack

    def get(self, name: str, path: str) -> Any:
        """Input of the resource `name` at a dotted path with indices: `tags.Name`, `rules[0].days`.

        Where resources of several types share the name, the one that has the path is meant.
        """
        named = [resource for resource in self.plan.resources if resource.name == name]
        holding = [resource for resource in named if (_STEP.findall(path) or [""])[0] in resource.inputs]
        if len(named) > 1 and len(holding) == 1:
            return self.at(holding[0], path)
        return self.at(self.plan.resource(name=name), path)

    def at(self, resource: PlannedResource, path: str) -> Any:
        """Input of `resource` at a dotted path."""
        value: Any = resource.inputs
        for step in _STEP.findall(path):
            try:
                value = value[int(step)] if isinstance(value, list) else value[step]
            except (KeyError, IndexError, TypeError, ValueError):
                raise PlanError(f"stack {self.stack}: {resource.name} has no {path} (nothing at {step})") from None
        return value

    def has(self, module: str) -> bool:
        """Whether the stack has a component of the module `module`, at its top level."""
        return any(self._of_module(module))

    def within(self, module: str, kind: str) -> list[PlannedResource]:
        """Resources of the type token `kind` below the components of `module`; at least one."""
        found = [
            resource
            for component in self._of_module(module)
            for resource in self.plan.descendants(component.urn)
            if resource.type == kind
        ]
        if not found:
            raise PlanError(f"stack {self.stack}: no {kind} in a component of {module}")
        return sorted(found, key=lambda resource: resource.name)

    def all(self, kind: str) -> list[PlannedResource]:
        """Resources of the type token `kind`, by name; maybe none."""
        return sorted(self.plan.of_type(kind), key=lambda resource: resource.name)

    def target(self, value: Any) -> PlannedResource:
        """The one resource that `value` refers to."""
        urns = {reference.urn for reference in self.plan.references(value)}
        if len(urns) != 1:
            raise PlanError(f"stack {self.stack}: {value!r} refers to {len(urns)} resources, not one")
        return self.plan.by_urn[urns.pop()]

    def log(self, name: str, path: str) -> str:
        """The log group that the input at `path` of the resource `name` names or refers to, and its retention."""
        value = self.get(name, path)
        return self._log(self.target(value) if self.plan.references(value) else self._group(value))

    def log_group(self, group: str) -> str:
        """The log group called `group`, and its retention."""
        return self._log(self._group(group))

    def container(self, task: str) -> dict[str, Any]:
        """The one container of a task definition."""
        (container,) = json.loads(self.get(task, "containerDefinitions"))
        return container

    def task_log(self, task: str) -> str:
        """Where the container of a task definition logs, and how long that is kept."""
        return self.log_group(self.container(task)["logConfiguration"]["options"]["awslogs-group"])

    def orthanc(self, key: str) -> Any:
        """A key of Orthanc's configuration as the task has it; `None` if it leaves the key to Orthanc's default."""
        return json.loads(self._environment("app-task", "ORTHANC_CONFIGURATION")).get(key)

    def database_tls(self) -> str:
        """How far Orthanc verifies the database it connects to: libpq's `sslmode`."""
        found = re.search(r"sslmode=([\w-]+)", self.orthanc("PostgreSQL")["ConnectionUri"])
        if found is None:
            raise PlanError(f"stack {self.stack}: Orthanc's database address has no sslmode")
        return found.group(1)

    def nginx(self, directive: str) -> str:
        """The value of a directive of nginx's configuration, where it occurs first."""
        text = self._environment("web-task", "NGINX_CONFIGURATION")
        found = re.search(rf"^\s*{re.escape(directive)}\s+([^;]+);", text, re.MULTILINE)
        if found is None:
            raise PlanError(f"stack {self.stack}: nginx has no {directive}")
        return found.group(1)

    def access_log(self, balancer: str) -> str:
        """Where a balancer's access log lies, and how long."""
        bucket, prefix = (self.get(balancer, f"accessLogs.{key}") for key in ("bucket", "prefix"))
        return f"`s3://{bucket}/{prefix}/`, {self._expiry(bucket)} days"

    def bucket_log(self, bucket: str) -> str:
        """Where the access log of the bucket component `bucket` lies, and how long."""
        target, prefix = (self.get(f"{bucket}-access-logging", key) for key in ("targetBucket", "targetPrefix"))
        return f"`s3://{target}/{prefix}`, {self._expiry(target)} days"

    def rule(self, target: str, port: int, source: str = "") -> str:
        """Ingress rules of the security group `target` that admit `port`: from the group `source`, or from networks."""
        names = [rule.name for rule in self._admitting(target, port, source)]
        if not names:
            raise PlanError(f"stack {self.stack}: no rule admits {source or 'networks'} to port {port} of {target}")
        return ", ".join(f"`{name}`" for name in names)

    def networks(self, target: str, port: int) -> str:
        """Networks that may open `port` of the security group `target`."""
        self.rule(target, port)  # an error if there is none
        return ", ".join(rule.inputs["cidrIpv4"] for rule in self._admitting(target, port, ""))

    def bucket_tls(self, bucket: str) -> str:
        """The oldest TLS version that the policy of the bucket component `bucket` does not refuse."""
        for statement in json.loads(self.get(f"{bucket}-access", "policy"))["Statement"]:
            oldest = statement.get("Condition", {}).get("NumericLessThan", {}).get("s3:TlsVersion")
            if oldest and statement["Effect"] == "Deny":
                return str(oldest)
        raise PlanError(f"stack {self.stack}: the policy of {bucket} refuses no TLS version")

    def noncurrent_days(self, bucket: str) -> int:
        """Days for which the bucket component `bucket` keeps what was deleted or overwritten."""
        return self._days(self.get(f"{bucket}-lifecycle", "bucket"), "noncurrentVersionExpiration.noncurrentDays")

    def issued(self, name: str, authority: str) -> str:
        """Names in the private certificate `name`, once it is checked that `authority` signs it."""
        certificate = self.plan.resource(name=name)
        if self.target(certificate.inputs["caCertPem"]).name != authority:
            raise PlanError(f"stack {self.stack}: {name} is not signed by {authority}")
        return ", ".join(self.at(self.target(certificate.inputs["certRequestPem"]), "dnsNames"))

    def certificate(self, name: str, path: str) -> str:
        """Domain name of the public certificate at `path` of the resource `name`."""
        return self.at(self.target(self.get(name, path)), "domainName")

    def parameter(self, group: str, name: str) -> str:
        """Value of a database parameter."""
        for resource in self.plan.resources:
            if resource.name.startswith(group):
                for parameter in resource.inputs.get("parameters", ()):
                    if parameter["name"] == name:
                        return parameter["value"]
        raise PlanError(f"stack {self.stack}: no parameter {name} in {group}")

    def zones(self, role: str) -> list[str]:
        """Availability zones of the subnets of `role`."""
        found = [
            self.at(subnet, "availabilityZone")
            for subnet in self.all("aws:ec2/subnet:Subnet")
            if subnet.name.startswith(f"network-{role}-")
        ]
        if not found:
            raise PlanError(f"stack {self.stack}: no subnet of {role}")
        return found

    def instances(self) -> int:
        """Number of database instances."""
        return len(self.all("aws:rds/clusterInstance:ClusterInstance"))

    def least_tasks(self, tier: str) -> int:
        """The fewest tasks that the timetable asks of a tier."""
        actions = [
            found
            for found in self.all("aws:appautoscaling/scheduledAction:ScheduledAction")
            if self.plan.component_of(found).name == tier
        ]
        if not actions:
            raise PlanError(f"stack {self.stack}: no timetable for {tier}")
        return min(self.at(action, "scalableTargetAction.minCapacity") for action in actions)

    def counts(self) -> dict[str, tuple[str, Counter[str]]]:
        """By top-level component: its type, and how many resources of each type it is made of."""
        made: dict[str, tuple[str, Counter[str]]] = {
            component.name: (component.type, Counter())
            for component in self.plan.components
            if component.parent not in self.plan.by_urn
        }
        for resource in self.plan.resources:
            if not (resource.is_component or resource.is_provider):
                package, module, kind = resource.type.split(":")
                service = package if "/" not in module or module.startswith("index/") else module.partition("/")[0]
                made[self.plan.component_of(resource).name][1][f"{service}.{kind}"] += 1
        return made

    def total(self) -> int:
        """Number of resources in all."""
        return sum(made.total() for _, made in self.counts().values())

    def _of_module(self, module: str) -> Iterable[PlannedResource]:
        return [found for found in self.plan.components if found.type.startswith(f"{COMPONENT_PREFIX}{module}:")]

    def _environment(self, task: str, variable: str) -> str:
        for entry in self.container(task)["environment"]:
            if entry["name"] == variable:
                return entry["value"]
        raise PlanError(f"stack {self.stack}: {task} has no {variable}")

    def _group(self, name: str) -> PlannedResource:
        for group in self.plan.of_type(GROUP):
            if group.inputs["name"] == name:
                return group
        raise PlanError(f"stack {self.stack}: no log group {name}")

    def _log(self, group: PlannedResource) -> str:
        return f"`{self.at(group, 'name')}`, {self.at(group, 'retentionInDays')} days"

    def _admitting(self, target: str, port: int, source: str) -> list[PlannedResource]:
        group = self.plan.resource("aws:ec2/securityGroup:SecurityGroup", name=target)
        found = []
        for rule in self.all(INGRESS):
            here = self.target(rule.inputs["securityGroupId"]) is group
            if here and rule.inputs["fromPort"] <= port <= rule.inputs["toPort"]:
                peer = rule.inputs.get("referencedSecurityGroupId")
                if (self.target(peer).name if peer else "") == source:
                    found.append(rule)
        return found

    def _expiry(self, bucket: str) -> int:
        return self._days(bucket, "expiration.days")

    def _days(self, bucket: str, path: str) -> int:
        for lifecycle in self.plan.of_type(LIFECYCLE):
            if lifecycle.inputs["bucket"] == bucket:
                for position, rule in enumerate(lifecycle.inputs["rules"]):
                    if path.partition(".")[0] in rule:
                        return self.at(lifecycle, f"rules[{position}].{path}")
        raise PlanError(f"stack {self.stack}: nothing ends {bucket} by {path}")
