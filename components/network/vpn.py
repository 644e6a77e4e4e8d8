"""Site-to-site VPN: how a center's network reaches a store that is not public."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pulumi
from pulumi_aws import ec2, ec2transitgateway

from components.core import Component, Condition, LogSource, Metric, MetricMax, Platform, alarm, log_group
from components.network.network import Network
from layout.naming import check_name
from settings import Center, CenterGateway
from settings import Network as NetworkSettings

AMAZON_ASN = 64512
"""Autonomous system of the VPN gateway; a center has one of its own, or BGP would take its routes for a loop."""

PLAIN_ASN_MAX = 2_147_483_647
"""Higher numbers go into an argument of their own; pulumi.com/registry/packages/aws/api-docs/ec2/customergateway"""

ROUTED_ROLE = "edge"
"""The subnet role that has routes to the centers, whose connections end at its load balancers. A center can announce
any route, the default route included, so subnets of tasks and data learn none.
"""

PROPOSAL = {"encryption_algorithms": ["AES256-GCM-16"], "integrity_algorithms": ["SHA2-384"], "dh_group_numbers": [20]}
"""The one proposal of both phases. Without a list AWS accepts all its algorithms, SHA-1 and group 2 included:
https://docs.aws.amazon.com/vpn/latest/s2svpn/VPNTunnels.html
"""

DOWN = Condition(comparison="LessThanThreshold", value=1, treat_missing_data="breaching")
TUNNEL_PERIODS = 3
"""A quarter of an hour: AWS replaces one tunnel at a time for maintenance, which is not a fault."""

RUNBOOK = "docs/runbooks/vpn-tunnel-down.md"


def with_gateway(centers: Sequence[Center]) -> list[tuple[Center, CenterGateway]]:
    """The centers that have a VPN gateway, each with its gateway."""
    return [(center, center.gateway) for center in centers if center.gateway is not None]


def asn_arguments(asn: int) -> dict[str, str]:
    """The argument of a customer gateway that takes `asn`."""
    return {"bgp_asn" if asn <= PLAIN_ASN_MAX else "bgp_asn_extended": str(asn)}


def tunnel_arguments(number: int, log_group_arn: pulumi.Input[str]) -> dict[str, Any]:
    """Arguments of a VPN connection for its tunnel `number`.

    IKEv2 with one strong proposal; AWS initiates the tunnel and restarts it; tunnel maintenance is applied by hand, or
    on its last day; negotiation and BGP events go to `log_group_arn`.
    """
    events = {
        "log_enabled": True,
        "log_group_arn": log_group_arn,
        "log_output_format": "json",
        "bgp_log_enabled": True,
        "bgp_log_group_arn": log_group_arn,
        "bgp_log_output_format": "json",
    }
    options = {
        "ike_versions": ["ikev2"],
        **{f"phase{phase}_{name}": value for phase in (1, 2) for name, value in PROPOSAL.items()},
        "startup_action": "start",
        "dpd_timeout_action": "restart",
        "enable_tunnel_lifecycle_control": True,
        "log_options": {"cloudwatch_log_options": events},
    }
    return {f"tunnel{number}_{name}": value for name, value in options.items()}


class CampusVpn(Component):
    """Creates a VPN connection to every center that has a gateway, with its log group and alarms.

    Guarantees: two tunnels each, IKEv2 with one strong proposal; AWS creates the pre-shared keys and keeps them in
    Secrets Manager, so neither settings nor state hold them; only edge subnets have routes to the centers;
    every negotiation is logged, encrypted; a tunnel that stays down raises an alarm, and both at once raise
    another. Where no center has a gateway, nothing is created.

    The connections end at a VPN gateway of the VPC, or at the transit gateway of the settings, which must belong to
    this account: https://docs.aws.amazon.com/vpc/latest/tgw/tgw-vpn-attachments.html
    """

    TYPE = "imgstore:vpn:CampusVpn"

    def __init__(
        self,
        name: str,
        base: Platform,
        settings: NetworkSettings,
        *,
        centers: Sequence[Center],
        network: Network,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, base, opts)
        self.connections: dict[str, ec2.VpnConnection] = {}
        reached = with_gateway(centers)
        if reached:
            attachment = self._attachment(network, settings.transit_gateway_id, centers)
            for center, gateway in reached:
                connection = self._connection(center.name, gateway, attachment, self._log(center.name))
                self.connections[center.name] = connection
                self._alarms(center.name, connection)
        self.register_outputs({"connections": {center: known.id for center, known in self.connections.items()}})

    @property
    def preshared_keys(self) -> dict[str, pulumi.Output[str]]:
        """ARN of the secret with both pre-shared keys, by center."""
        return {center: connection.preshared_key_arn for center, connection in self.connections.items()}

    def _attachment(
        self, network: Network, transit_gateway_id: str | None, centers: Sequence[Center]
    ) -> dict[str, pulumi.Input[str]]:
        """The gateway on the VPC side, as the argument of a VPN connection; routes to the centers go there."""
        if transit_gateway_id is None:
            return {"vpn_gateway_id": self._vpn_gateway(network)}
        self._transit(network, transit_gateway_id, centers)
        return {"transit_gateway_id": transit_gateway_id}

    def _vpn_gateway(self, network: Network) -> pulumi.Output[str]:
        gateway = ec2.VpnGateway(
            self.child("gateway"),
            vpc_id=network.vpc.id,
            amazon_side_asn=str(AMAZON_ASN),
            tags=self.names.tags(self.component),
            opts=self.options(),
        )
        ec2.VpnGatewayRoutePropagation(
            self.child(f"{ROUTED_ROLE}-routes"),
            route_table_id=network.route_tables[ROUTED_ROLE].id,
            vpn_gateway_id=gateway.id,
            opts=self.options(),
        )
        return gateway.id

    def _transit(self, network: Network, transit_gateway_id: str, centers: Sequence[Center]) -> None:
        attachment = ec2transitgateway.VpcAttachment(
            self.child("transit"),
            transit_gateway_id=transit_gateway_id,
            vpc_id=network.vpc.id,
            subnet_ids=network.subnet_ids("edge"),
            tags=self.names.tags(self.component),
            opts=self.options(),
        )
        # A transit gateway propagates no routes into a VPC, so each network of a center is a static route. A center
        # without a gateway connects through another center's.
        for block in [block for center in centers for block in center.networks]:
            ec2.Route(
                self.child(f"{ROUTED_ROLE}-{str(block).replace('/', '-')}"),
                route_table_id=network.route_tables[ROUTED_ROLE].id,
                destination_cidr_block=str(block),
                transit_gateway_id=transit_gateway_id,
                opts=self.options(depends_on=[attachment]),
            )

    def _log(self, center: str) -> LogSource:
        # Under this prefix AWS needs no resource policy of ours; an account can have ten of them:
        # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-infrastructure-CWL.html
        return log_group(
            self,
            f"{center}-logs",
            name=check_name("cloudwatch.LogGroup", f"/aws/vendedlogs/{self.names.prefix}/vpn-{center}"),
            source_type="aws:vpn",
        )

    def _connection(
        self, center: str, gateway: CenterGateway, attachment: dict[str, pulumi.Input[str]], source: LogSource
    ) -> ec2.VpnConnection:
        device = ec2.CustomerGateway(
            self.child(f"{center}-device"),
            type="ipsec.1",
            ip_address=str(gateway.address),
            device_name=center,
            tags=self.names.tags(f"vpn-{center}"),
            opts=self.options(),
            **asn_arguments(gateway.asn),
        )
        arguments: dict[str, Any] = {
            **attachment,
            **tunnel_arguments(1, source.group.arn),
            **tunnel_arguments(2, source.group.arn),
        }
        return ec2.VpnConnection(
            self.child(center),
            type="ipsec.1",
            customer_gateway_id=device.id,
            static_routes_only=False,
            preshared_key_storage="SecretsManager",
            tags=self.names.tags(f"vpn-{center}"),
            opts=self.options(),
            **arguments,
        )

    def _alarms(self, center: str, connection: ec2.VpnConnection) -> None:
        addresses = (connection.tunnel1_address, connection.tunnel2_address)
        states = {
            f"tunnel{number}": Metric(
                namespace="AWS/VPN",
                name="TunnelState",
                dimensions={"VpnId": connection.id, "TunnelIpAddress": address},
                statistic="Maximum",
            )
            for number, address in enumerate(addresses, start=1)
        }
        for tunnel, state in states.items():
            alarm(
                self,
                f"{center}-{tunnel}",
                metric=state,
                condition=replace(DOWN, periods=TUNNEL_PERIODS),
                description=f"One of the two VPN tunnels to {center} is down. {RUNBOOK}",
            )
        alarm(
            self,
            f"{center}-down",
            metric=MetricMax(of=states),
            condition=DOWN,
            description=f"Both VPN tunnels to {center} are down: the center is cut off. {RUNBOOK}",
        )
