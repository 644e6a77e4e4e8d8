"""Egress of an internal load balancer to the internet, which it needs to reach Cognito at sign-in."""

from __future__ import annotations

import pulumi
from pulumi_aws import ec2

from components.core import Component, Platform
from components.network.network import Network, network_acl
from layout import acls, subnets


class Egress(Component):
    """Creates one NAT gateway, in a subnet of its own, and the default route of the edge subnets to it.

    Guarantees: connections are opened from the edge subnets only, and outwards only; `app` and `data` keep no route to
    the internet. There is one gateway, in the first zone: if that zone fails, requests with a token still work, sign-in
    does not.

    Without it, an internal load balancer answers every sign-in with 500:
    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-authenticate-users.html
    """

    TYPE = "imgstore:egress:Egress"

    def __init__(
        self, name: str, base: Platform, *, network: Network, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, base, opts)
        zone = network.zones[0]
        subnet = ec2.Subnet(
            self.child(zone),
            vpc_id=network.vpc.id,
            availability_zone=f"{self.names.region}{zone}",
            cidr_block=str(subnets.subnet(network.cidr, "egress", zone)),
            map_public_ip_on_launch=False,
            tags=self.names.tags(f"egress-{zone}"),
            opts=self.options(),
        )
        internet = self._internet(network, subnet)
        address = ec2.Eip(self.child("address"), domain="vpc", tags=self.names.tags("egress"), opts=self.options())
        nat = ec2.NatGateway(
            self.child("nat"),
            subnet_id=subnet.id,
            allocation_id=address.allocation_id,
            tags=self.names.tags("egress"),
            opts=self.options(depends_on=[internet]),
        )
        ec2.Route(
            self.child("edge"),
            route_table_id=network.route_tables["edge"].id,
            destination_cidr_block="0.0.0.0/0",
            nat_gateway_id=nat.id,
            opts=self.options(),
        )
        inside = [subnets.subnet(network.cidr, "edge", each) for each in network.zones]
        network_acl(self, "acl", vpc_id=network.vpc.id, subnet_ids=[subnet.id], acl=acls.egress_acl(inside))
        self.register_outputs({"address": address.public_ip})

    def _internet(self, network: Network, subnet: ec2.Subnet) -> ec2.Route:
        gateway = ec2.InternetGateway(
            self.child("internet"), vpc_id=network.vpc.id, tags=self.names.tags("internet"), opts=self.options()
        )
        table = ec2.RouteTable(
            self.child("routes"), vpc_id=network.vpc.id, tags=self.names.tags("egress"), opts=self.options()
        )
        ec2.RouteTableAssociation(
            self.child("routes"), subnet_id=subnet.id, route_table_id=table.id, opts=self.options()
        )
        return ec2.Route(
            self.child("internet"),
            route_table_id=table.id,
            destination_cidr_block="0.0.0.0/0",
            gateway_id=gateway.id,
            opts=self.options(),
        )
