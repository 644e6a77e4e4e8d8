"""The stack as a Mermaid flowchart: solid arrows are connections that security groups allow, dotted ones references."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from ops.docs.plan_query import INGRESS
from ops.plan import Plan, PlannedResource

EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
SUBNET = "aws:ec2/subnet:Subnet"
SECURITY_GROUP = "aws:ec2/securityGroup:SecurityGroup"
ANYWHERE = "0.0.0.0/0"

NODE_TYPES = {
    "aws:ec2/internetGateway:InternetGateway": "internet gateway",
    "aws:ec2/natGateway:NatGateway": "NAT gateway",
    "aws:ec2/vpcEndpoint:VpcEndpoint": "endpoints of AWS APIs",
    "aws:ec2/vpnGateway:VpnGateway": "VPN gateway",
    "aws:ec2clientvpn/endpoint:Endpoint": "client VPN",
    "aws:ecs/service:Service": "tasks",
    "aws:lambda/function:Function": "function",
    "aws:lb/loadBalancer:LoadBalancer": "load balancer",
    "aws:rds/cluster:Cluster": "Aurora",
}
"""Types in a subnet or at the border of the VPC, which get their own node, and its label."""

NAME_INPUTS = {
    "aws:cloudwatch/logGroup:LogGroup": "name",
    "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream": "name",
    "aws:s3/bucket:Bucket": "bucket",
}
"""Types that others refer to by a fixed name, and the input that holds the name."""

SHARED_COMPONENTS = frozenset({"keys", "network"})
"""Components that all others refer to; their arrows are left out."""

OBSERVERS = frozenset({"dashboard"})
"""Components that refer to all others; their arrows are left out."""

BORDER, OUTSIDE = "border of the VPC", "outside"


@dataclass
class Drawing:
    """Nodes by group (id to label), and arrows (source, target, solid) with their labels."""

    nodes: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    arrows: dict[tuple[str, str, bool], set[str]] = field(default_factory=lambda: defaultdict(set))

    def node(self, group: str, name: str, *lines: str) -> str:
        """Adds the node `name` to `group` and returns its id. Calling it again changes nothing."""
        ident = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
        self.nodes[group].setdefault(f"n_{ident}", "<br/>".join(line.replace('"', "'") for line in lines))
        return f"n_{ident}"

    def arrow(self, source: str, target: str, label: str = "", *, solid: bool = False) -> None:
        """Adds an arrow; several between the same nodes become one with all labels."""
        if source != target:
            self.arrows[source, target, solid] |= {label} if label else set()

    def mermaid(self) -> str:
        """The flowchart's source, always in the same order."""
        lines = ["flowchart LR"]
        for group in sorted(self.nodes):
            lines.append(f'  subgraph g_{re.sub(r"[^a-z0-9]+", "_", group.lower())}["{group}"]')
            lines += [f'    {ident}["{label}"]' for ident, label in sorted(self.nodes[group].items())]
            lines.append("  end")
        joined = {(source, target) for source, target, solid in self.arrows if solid}
        for (source, target, solid), labels in sorted(self.arrows.items()):
            if solid or not joined & {(source, target), (target, source)}:
                line = "-->" if solid else "-.->"
                text = f'|"{", ".join(sorted(labels))}"|' if labels else ""
                lines.append(f"  {source} {line}{text} {target}")
        return "\n".join(lines) + "\n"


class DiagramBuilder:
    """Builds the drawing of one plan."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.drawing = Drawing()
        zones = sorted(str(subnet.inputs["availabilityZone"]) for subnet in self._of(SUBNET))
        self.region = f"Region {zones[0][:-1]}"
        self.ids: dict[str, str] = {}
        """Id of the node that shows a resource, by URN."""

    def build(self) -> Drawing:
        """The whole stack."""
        for resource in self._of(*NODE_TYPES):
            self._add_node(resource)
        tops = [found for found in self.plan.components if found.parent not in self.plan.by_urn]
        for component in sorted(tops, key=lambda found: found.name):
            self._add_component(component)
        self._add_security_group_rules()
        self._add_references()
        self._add_external_parties()
        self._add_other_regions()
        return self.drawing

    def _of(self, *kinds: str) -> list[PlannedResource]:
        return sorted((found for found in self.plan.resources if found.type in kinds), key=lambda found: found.name)

    def _targets(self, value: object, kind: str | None = None) -> list[PlannedResource]:
        found = (self.plan.by_urn[reference.urn] for reference in self.plan.references(value))
        return [resource for resource in found if kind in {None, resource.type}]

    def _add_node(self, resource: PlannedResource) -> None:
        component = self.plan.component_of(resource).name
        label, group = NODE_TYPES[resource.type], self._group(resource)
        if resource.inputs.get("vpcEndpointType") == "Gateway":
            ident = self.drawing.node(BORDER, resource.name, "S3 endpoint")
        elif resource.type.endswith(":VpcEndpoint"):
            ident = self.drawing.node(group, f"{component}-endpoints", label)
        else:
            names = [str(resource.inputs[key]) for key in ("name", "clusterIdentifier") if key in resource.inputs]
            ident = self.drawing.node(group, resource.name, f"{component}: {label}", *names)
        self.ids[resource.urn] = ident

    def _group(self, resource: PlannedResource) -> str:
        """The role of its subnets: those it refers to or, unless it is a gateway, those its component refers to."""
        subnets = self._targets(resource.inputs, SUBNET)
        if not subnets and not resource.type.endswith("Gateway"):
            beside = self.plan.descendants(self.plan.component_of(resource).urn)
            subnets = self._targets([found.inputs for found in beside if not found.name.endswith("-routes")], SUBNET)
        if not subnets:
            return BORDER
        zone = str(subnets[0].inputs["availabilityZone"])[-1]
        return f"subnets {subnets[0].name.removesuffix(f'-{zone}').removeprefix('network-')}"

    def _add_component(self, component: PlannedResource) -> None:
        """Adds a node for a component without one, and assigns its other resources to the nearest node."""
        resources = list(self.plan.descendants(component.urn))
        shown = {self.ids[resource.urn] for resource in resources if resource.urn in self.ids}
        number = sum(not resource.is_component for resource in resources)
        if not shown and number and component.name not in SHARED_COMPONENTS:
            label = "1 resource" if number == 1 else f"{number} resources"
            shown = {self.drawing.node(self.region, component.name, component.name, label)}
        for resource in sorted(resources, key=self.plan.resources.index):
            if resource.type in NODE_TYPES:
                for group in self._targets(resource.inputs, SECURITY_GROUP):
                    self.ids[group.urn] = self.ids[resource.urn]
            nearest = {self.ids.get(target.urn, "") for target in self._targets(resource.inputs)} & shown
            if len(shown if len(shown) == 1 else nearest) == 1:
                self.ids.setdefault(resource.urn, min(nearest or shown))

    def _add_security_group_rules(self) -> None:
        for rule in self._of(INGRESS):
            target = self.ids[self._targets(rule.inputs["securityGroupId"])[0].urn]
            port = str(rule.inputs["fromPort"])
            if peer := self._targets(rule.inputs.get("referencedSecurityGroupId")):
                self.drawing.arrow(self.ids[peer[0].urn], target, port, solid=True)
            elif not any(self._subnets_in_rule(rule)):
                self.drawing.arrow(self._add_client_networks(), target, port, solid=True)
        for rule in self._of(EGRESS):
            source = self.ids[self._targets(rule.inputs["securityGroupId"])[0].urn]
            port = str(rule.inputs["fromPort"])
            for endpoint in self._targets(rule.inputs.get("prefixListId")):
                self.drawing.arrow(source, self.ids[endpoint.urn], port, solid=True)
            if rule.inputs.get("cidrIpv4") == ANYWHERE:
                for gateway in self._of("aws:ec2/natGateway:NatGateway"):
                    self.drawing.arrow(source, self.ids[gateway.urn], port, solid=True)

    def _subnets_in_rule(self, rule: PlannedResource) -> Iterator[PlannedResource]:
        """Subnets whose CIDR block the rule names; rules between security groups show them more exactly."""
        return (subnet for subnet in self._of(SUBNET) if subnet.inputs["cidrBlock"] == rule.inputs["cidrIpv4"])

    def _add_client_networks(self) -> str:
        inside = {subnet.inputs["cidrBlock"] for subnet in self._of(SUBNET)}
        blocks = {str(rule.inputs.get("cidrIpv4", "")) for rule in self._of(INGRESS)} - inside - {""}
        return self.drawing.node(OUTSIDE, "networks", "networks let in", *sorted(blocks))

    def _add_references(self) -> None:
        names = {str(found.inputs[key]): found.urn for kind, key in NAME_INPUTS.items() for found in self._of(kind)}
        for resource in self.plan.resources:
            if resource.is_provider or resource.urn not in self.ids or resource.type in {INGRESS, EGRESS}:
                continue
            if self.plan.component_of(resource).name in OBSERVERS:
                continue
            text = json.dumps(resource.inputs)
            urns = {reference.urn for reference in self.plan.references(resource.inputs)}
            urns |= {urn for name, urn in names.items() if name in text}
            for urn in urns & self.ids.keys():
                if self.plan.component_of(self.plan.by_urn[urn]).name not in SHARED_COMPONENTS:
                    self.drawing.arrow(self.ids[resource.urn], self.ids[urn])

    def _add_external_parties(self) -> None:
        draw = self.drawing
        for device in self._of("aws:ec2/customerGateway:CustomerGateway"):
            center = draw.node(
                OUTSIDE, device.name, f"center {device.inputs['deviceName']}", device.inputs["ipAddress"]
            )
            draw.arrow(center, self.ids[device.urn], "IPsec", solid=True)
        for endpoint in self._of("aws:ec2clientvpn/endpoint:Endpoint"):
            port = f"{endpoint.inputs['transportProtocol']} {endpoint.inputs['vpnPort']}"
            draw.arrow(draw.node(OUTSIDE, "people", "researchers, operators"), self.ids[endpoint.urn], port, solid=True)
        for provider in self._of("aws:iam/samlProvider:SamlProvider", "aws:cognito/identityProvider:IdentityProvider"):
            draw.arrow(self.ids[provider.urn], draw.node(OUTSIDE, "directory", "IAM Identity Center"), "SAML")
        for stream in self._of("aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream"):
            splunk = stream.inputs["splunkConfiguration"]["hecEndpoint"]
            draw.arrow(self.ids[stream.urn], draw.node(OUTSIDE, "splunk-hec", "Splunk", splunk), "HEC", solid=True)
        for nat in self._of("aws:ec2/natGateway:NatGateway"):
            for internet in self._of("aws:ec2/internetGateway:InternetGateway"):
                draw.arrow(self.ids[nat.urn], self.ids[internet.urn], solid=True)
        for subscription in self._of("aws:sns/topicSubscription:TopicSubscription"):
            draw.arrow(
                self.ids[subscription.urn],
                draw.node(OUTSIDE, "mail", "people on call"),
                subscription.inputs["protocol"],
            )

    def _add_other_regions(self) -> None:
        for resource in self.plan.resources:
            region = resource.inputs.get("region")
            if region and resource.custom and not resource.is_provider and resource.urn in self.ids:
                owner = self.plan.component_of(resource).name
                copy = self.drawing.node(f"Region {region}", f"{owner}-{region}", f"{owner}: copies")
                self.drawing.arrow(self.ids[resource.urn], copy, "copies")


def mermaid(plan: Plan) -> str:
    """The flowchart of `plan`."""
    return DiagramBuilder(plan).build().mermaid()
