"""The VPC: subnets, routes, network ACLs and endpoints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pulumi
from pulumi_aws import ec2

from components.core import Component, LogSource, Platform, ServiceRole, log_group
from components.network.security_groups import admit, security_group
from layout import acls, subnets
from layout.documents import Statement, allow, document, trust
from settings import Access
from settings import Network as NetworkSettings

INTERFACE_ENDPOINTS = ("ecr.api", "ecr.dkr", "logs", "secretsmanager")
"""AWS APIs that tasks call; https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html"""


def endpoint_policy(account: str) -> str:
    """Endpoint policy: principals of this account only, so that foreign credentials cannot exfiltrate data."""
    own = {"StringEquals": {"aws:PrincipalAccount": account}}
    return document(allow("OwnAccountOnly", ["*"], ["*"], principal={"AWS": "*"}, conditions=own))


def s3_endpoint_policy(account: str, region: str, prefix: str) -> str:
    """Endpoint policy: this stack's buckets, and the bucket from which ECR serves image layers."""
    layers = f"arn:aws:s3:::prod-{region}-starport-layer-bucket/*"
    statements: list[Statement] = [
        allow(
            "OwnBuckets",
            ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket", "s3:AbortMultipartUpload"],
            [f"arn:aws:s3:::{prefix}-*", f"arn:aws:s3:::{prefix}-*/*"],
            principal={"AWS": "*"},
            conditions={"StringEquals": {"aws:PrincipalAccount": account, "aws:ResourceAccount": account}},
        ),
        allow("EcrLayers", ["s3:GetObject"], [layers], principal={"AWS": "*"}),
    ]
    return document(*statements)


def network_acl(
    component: Component,
    suffix: str,
    *,
    vpc_id: pulumi.Input[str],
    subnet_ids: Sequence[pulumi.Input[str]],
    acl: acls.Acl,
) -> None:
    """Creates the network ACL `acl` around `subnet_ids`."""
    ec2.NetworkAcl(
        component.child(suffix),
        vpc_id=vpc_id,
        subnet_ids=list(subnet_ids),
        ingress=[ec2.NetworkAclIngressArgs(**entry) for entry in _entries(acl.ingress)],
        egress=[ec2.NetworkAclEgressArgs(**entry) for entry in _entries(acl.egress)],
        tags=component.names.tags(suffix),
        opts=component.options(),
    )


class Network(Component):
    """Creates the VPC, its subnets by role and zone, route tables, ACLs, VPC endpoints and flow log.

    Guarantees: no subnet assigns public addresses; `app` and `data` have no route to the internet; `edge` has one only
    where the store is public, or through `Egress` where people sign in; `CampusVpn` adds the routes to the centers; the
    default security group, ACL and route table are adopted and empty; every flow is logged.
    """

    TYPE = "imgstore:network:Network"

    def __init__(
        self,
        name: str,
        base: Platform,
        settings: NetworkSettings,
        *,
        access: Access,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, base, opts)
        self.cidr = settings.cidr
        self.zones = subnets.zones(settings.availability_zones)
        self.vpc = ec2.Vpc(
            self.child("vpc"),
            cidr_block=str(settings.cidr),
            enable_dns_support=True,
            enable_dns_hostnames=True,
            tags=self.names.tags("vpc"),
            opts=self.options(),
        )
        self._close_defaults()
        self.route_tables = {role: self._route_table(role) for role in ("edge", "app", "data")}
        self._subnets = {role: self._role_subnets(role) for role in self.route_tables}
        if access.public:
            self._internet_gateway()
        app_blocks = [subnets.subnet(self.cidr, "app", zone) for zone in self.zones]
        acl_by_role = {
            "edge": acls.edge_acl(self.cidr, access.clients, outbound=access.sign_in),
            "app": acls.app_acl(
                self.cidr, tasks=app_blocks, data=[subnets.subnet(self.cidr, "data", zone) for zone in self.zones]
            ),
            "data": acls.data_acl(app_blocks),
        }
        for role, acl in acl_by_role.items():
            network_acl(self, f"{role}-acl", vpc_id=self.vpc.id, subnet_ids=self.subnet_ids(role), acl=acl)
        self.endpoints = security_group(
            self, "endpoints", vpc_id=self.vpc.id, description="AWS API endpoints, reached by tasks over HTTPS"
        )
        admit(self, "api", peers=app_blocks, target=self.endpoints, port=443, description="Tasks call AWS APIs")
        self.s3_prefix_list_id = self._s3_endpoint().prefix_list_id
        for service in INTERFACE_ENDPOINTS:
            self._interface_endpoint(service, self.zones[: settings.endpoint_zones])
        self.logs = self._flow_log()
        self.register_outputs({"vpcId": self.vpc.id, **{role: self.subnet_ids(role) for role in self._subnets}})

    def subnet_ids(self, role: str) -> list[pulumi.Output[str]]:
        """Ids of the subnets of `role`, in the order of the zones."""
        return [subnet.id for subnet in self._subnets[role]]

    def _close_defaults(self) -> None:
        # Adopting a default resource without rules empties it, so whatever is created without its own gets no access.
        tags = self.names.tags("closed-default")
        opts = self.options()
        ec2.DefaultSecurityGroup(self.child("default-group"), vpc_id=self.vpc.id, tags=tags, opts=opts)
        ec2.DefaultRouteTable(
            self.child("default-routes"), default_route_table_id=self.vpc.default_route_table_id, tags=tags, opts=opts
        )
        ec2.DefaultNetworkAcl(
            self.child("default-acl"), default_network_acl_id=self.vpc.default_network_acl_id, tags=tags, opts=opts
        )

    def _route_table(self, role: str) -> ec2.RouteTable:
        return ec2.RouteTable(
            self.child(f"{role}-routes"), vpc_id=self.vpc.id, tags=self.names.tags(role), opts=self.options()
        )

    def _role_subnets(self, role: str) -> list[ec2.Subnet]:
        created = []
        for zone in self.zones:
            subnet = ec2.Subnet(
                self.child(f"{role}-{zone}"),
                vpc_id=self.vpc.id,
                availability_zone=f"{self.names.region}{zone}",
                cidr_block=str(subnets.subnet(self.cidr, role, zone)),
                map_public_ip_on_launch=False,
                tags=self.names.tags(f"{role}-{zone}"),
                opts=self.options(),
            )
            ec2.RouteTableAssociation(
                self.child(f"{role}-{zone}-routes"),
                subnet_id=subnet.id,
                route_table_id=self.route_tables[role].id,
                opts=self.options(),
            )
            created.append(subnet)
        return created

    def _internet_gateway(self) -> None:
        gateway = ec2.InternetGateway(
            self.child("internet"), vpc_id=self.vpc.id, tags=self.names.tags("internet"), opts=self.options()
        )
        ec2.Route(
            self.child("edge-internet"),
            route_table_id=self.route_tables["edge"].id,
            destination_cidr_block="0.0.0.0/0",
            gateway_id=gateway.id,
            opts=self.options(),
        )

    def _s3_endpoint(self) -> ec2.VpcEndpoint:
        return ec2.VpcEndpoint(
            self.child("s3"),
            vpc_id=self.vpc.id,
            service_name=f"com.amazonaws.{self.names.region}.s3",
            vpc_endpoint_type="Gateway",
            route_table_ids=[self.route_tables["app"].id],
            policy=s3_endpoint_policy(self.names.account, self.names.region, self.names.prefix),
            tags=self.names.tags("s3"),
            opts=self.options(),
        )

    def _interface_endpoint(self, service: str, zones: tuple[str, ...]) -> None:
        ec2.VpcEndpoint(
            self.child(service.replace(".", "-")),
            vpc_id=self.vpc.id,
            service_name=f"com.amazonaws.{self.names.region}.{service}",
            vpc_endpoint_type="Interface",
            subnet_ids=self.subnet_ids("app")[: len(zones)],
            security_group_ids=[self.endpoints.id],
            private_dns_enabled=True,
            policy=endpoint_policy(self.names.account),
            tags=self.names.tags(service),
            opts=self.options(),
        )

    def _flow_log(self) -> LogSource:
        source = log_group(
            self,
            "flow-logs",
            name=self.names.log_group("vpc-flow"),
            source_type="aws:cloudwatchlogs:vpcflow",
            kind="operational",
        )
        writer = ServiceRole(
            self.child("flow-writer"),
            self.base,
            assume=trust("vpc-flow-logs.amazonaws.com", self.names.account),
            statements=[
                allow(
                    "WriteFlows",
                    ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"],
                    [source.arn, f"{source.arn}:*"],
                ),
                # https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html
                allow("FindLogGroup", ["logs:DescribeLogGroups"], [self.names.arn("logs", "log-group:*")]),
            ],
            opts=self.options(),
        )
        ec2.FlowLog(
            self.child("flow-log"),
            vpc_id=self.vpc.id,
            traffic_type="ALL",
            log_destination_type="cloud-watch-logs",
            log_destination=source.group.arn,
            iam_role_arn=writer.ready,
            max_aggregation_interval=600,
            tags=self.names.tags("flow-log"),
            opts=self.options(),
        )
        return source


def _entries(rules: tuple[acls.AclRule, ...]) -> list[dict[str, Any]]:
    return [
        {
            "rule_no": 100 + position,
            "action": "allow",
            "protocol": "icmp" if rule.icmp else "tcp",
            "cidr_block": str(rule.peer),
            "from_port": rule.ports[0],
            "to_port": rule.ports[1],
            **({"icmp_type": rule.icmp[0], "icmp_code": rule.icmp[1]} if rule.icmp else {}),
        }
        for position, rule in enumerate(rules)
    ]
