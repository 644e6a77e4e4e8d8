"""Queries of a plan for the documents, by resource name; a name that does not exist is an error."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

from ops.plan import COMPONENT_PREFIX, Plan, PlanError, PlannedResource

LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
_STEP = re.compile(r"([^.\[\]]+)")


class PlanQuery:
    """Queries of one plan. Results are texts or numbers; PlanError if there is none."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.stack = plan.stack

    def get(self, name: str, path: str) -> Any:
        """Input of the resource `name` at a dotted path with indices: `tags.Name`, `rules[0].days`.

        If resources of several types share the name, the one that has the path is used.
        """
        named = [resource for resource in self.plan.resources if resource.name == name]
        matching = [resource for resource in named if (_STEP.findall(path) or [""])[0] in resource.inputs]
        if len(named) > 1 and len(matching) == 1:
            return self.at(matching[0], path)
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
        """Resources of the type token `kind`, by name; there may be none."""
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
        """The log group of the container of a task definition, and its retention."""
        return self.log_group(self.container(task)["logConfiguration"]["options"]["awslogs-group"])

    def orthanc(self, key: str) -> Any:
        """A key of Orthanc's configuration in the task; `None` if Orthanc's default applies."""
        return json.loads(self._environment("app-task", "ORTHANC_CONFIGURATION")).get(key)

    def database_tls(self) -> str:
        """How Orthanc verifies the database: libpq's `sslmode`."""
        found = re.search(r"sslmode=([\w-]+)", self.orthanc("PostgreSQL")["ConnectionUri"])
        if found is None:
            raise PlanError(f"stack {self.stack}: Orthanc's database address has no sslmode")
        return found.group(1)

    def nginx(self, directive: str) -> str:
        """The value of the first occurrence of a directive in nginx's configuration."""
        text = self._environment("web-task", "NGINX_CONFIGURATION")
        found = re.search(rf"^\s*{re.escape(directive)}\s+([^;]+);", text, re.MULTILINE)
        if found is None:
            raise PlanError(f"stack {self.stack}: nginx has no {directive}")
        return found.group(1)

    def access_log(self, load_balancer: str) -> str:
        """The place of a load balancer's access log, and its retention."""
        bucket, prefix = (self.get(load_balancer, f"accessLogs.{key}") for key in ("bucket", "prefix"))
        return f"`s3://{bucket}/{prefix}/`, {self._expiry(bucket)} days"

    def bucket_log(self, bucket: str) -> str:
        """The place of the access log of the bucket component `bucket`, and its retention."""
        target, prefix = (self.get(f"{bucket}-access-logging", key) for key in ("targetBucket", "targetPrefix"))
        return f"`s3://{target}/{prefix}`, {self._expiry(target)} days"

    def rule(self, target: str, port: int, source: str = "") -> str:
        """Ingress rules of the security group `target` for `port`: from the group `source`, else from networks."""
        names = [rule.name for rule in self._ingress_rules(target, port, source)]
        if not names:
            raise PlanError(f"stack {self.stack}: no rule admits {source or 'networks'} to port {port} of {target}")
        return ", ".join(f"`{name}`" for name in names)

    def networks(self, target: str, port: int) -> str:
        """Networks that may connect to `port` of the security group `target`."""
        self.rule(target, port)  # raises if there is none
        return ", ".join(rule.inputs["cidrIpv4"] for rule in self._ingress_rules(target, port, ""))

    def bucket_tls(self, bucket: str) -> str:
        """The oldest TLS version that the policy of the bucket component `bucket` allows."""
        for statement in json.loads(self.get(f"{bucket}-access", "policy"))["Statement"]:
            oldest = statement.get("Condition", {}).get("NumericLessThan", {}).get("s3:TlsVersion")
            if oldest and statement["Effect"] == "Deny":
                return str(oldest)
        raise PlanError(f"stack {self.stack}: the policy of {bucket} refuses no TLS version")

    def noncurrent_days(self, bucket: str) -> int:
        """Days for which the bucket component `bucket` keeps deleted or overwritten objects."""
        return self._days(self.get(f"{bucket}-lifecycle", "bucket"), "noncurrentVersionExpiration.noncurrentDays")

    def issued(self, name: str, authority: str) -> str:
        """Names in the private certificate `name`, which must be signed by `authority`."""
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
        """The minimum number of tasks in the schedule of a tier."""
        actions = [
            found
            for found in self.all("aws:appautoscaling/scheduledAction:ScheduledAction")
            if self.plan.component_of(found).name == tier
        ]
        if not actions:
            raise PlanError(f"stack {self.stack}: no schedule for {tier}")
        return min(self.at(action, "scalableTargetAction.minCapacity") for action in actions)

    def counts(self) -> dict[str, tuple[str, Counter[str]]]:
        """By top-level component: its type, and its number of resources of each type."""
        counts: dict[str, tuple[str, Counter[str]]] = {
            component.name: (component.type, Counter())
            for component in self.plan.components
            if component.parent not in self.plan.by_urn
        }
        for resource in self.plan.resources:
            if not (resource.is_component or resource.is_provider):
                package, module, kind = resource.type.split(":")
                service = package if "/" not in module or module.startswith("index/") else module.partition("/")[0]
                counts[self.plan.component_of(resource).name][1][f"{service}.{kind}"] += 1
        return counts

    def total(self) -> int:
        """Total number of resources."""
        return sum(types.total() for _, types in self.counts().values())

    def _of_module(self, module: str) -> Iterable[PlannedResource]:
        return [found for found in self.plan.components if found.type.startswith(f"{COMPONENT_PREFIX}{module}:")]

    def _environment(self, task: str, variable: str) -> str:
        for entry in self.container(task)["environment"]:
            if entry["name"] == variable:
                return entry["value"]
        raise PlanError(f"stack {self.stack}: {task} has no {variable}")

    def _group(self, name: str) -> PlannedResource:
        for group in self.plan.of_type(LOG_GROUP):
            if group.inputs["name"] == name:
                return group
        raise PlanError(f"stack {self.stack}: no log group {name}")

    def _log(self, group: PlannedResource) -> str:
        return f"`{self.at(group, 'name')}`, {self.at(group, 'retentionInDays')} days"

    def _ingress_rules(self, target: str, port: int, source: str) -> list[PlannedResource]:
        group = self.plan.resource("aws:ec2/securityGroup:SecurityGroup", name=target)
        found = []
        for rule in self.all(INGRESS):
            same_group = self.target(rule.inputs["securityGroupId"]) is group
            if same_group and rule.inputs["fromPort"] <= port <= rule.inputs["toPort"]:
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
        raise PlanError(f"stack {self.stack}: no lifecycle rule of {bucket} has {path}")
