"""Pricers of load balancers, endpoints, gateways and VPNs, mostly billed by the hour."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from ops.cost.errors import CostError
from ops.cost.model import Line
from ops.cost.pricers.bill import Bill, Free, Pricer, PricerResult, required_input
from ops.cost.usage.assumptions import ENDPOINT_GB, LOG_SHARES, SIGN_IN_GB
from ops.plan.resources import PlannedResource

TUNNELS = 2


def load_balancer(bill: Bill, resource: PlannedResource) -> Iterator[Line]:
    """Hours, capacity units by volume, and public addresses."""
    kind = resource.inputs.get("loadBalancerType", "application")
    prices = {"application": ("alb", "ALB"), "network": ("nlb", "NLB")}
    if kind not in prices:
        raise CostError(f"{resource.name}: there is no price for a load balancer of type {kind}")
    price, title = prices[kind]
    yield bill.hours(resource, f"{price}.h", f"{title} hours")
    # A capacity unit is 1 GB an hour. Either load balancer may receive all images; reads go through the ALB only.
    read_share = bill.usage.egress_share if price == "alb" else Decimal()
    moved = bill.usage.ingest_gb * (1 + read_share)
    yield bill.line(resource, f"{price}.lcu_h", f"{title} capacity units for {moved:.0f} GB", moved, kind="usage")
    if not resource.inputs.get("internal"):
        zones = len(required_input(resource, "subnets"))
        yield bill.hours(resource, "ipv4.h", f"public addresses in {zones} zones", zones)


def endpoint(bill: Bill, resource: PlannedResource) -> PricerResult:
    """Interface endpoints by zone, and their data; gateway endpoints are free."""
    if resource.inputs.get("vpcEndpointType", "Gateway") == "Gateway":
        return Free("gateway endpoints are free")
    zones = len(required_input(resource, "subnetIds"))
    gigabytes = ENDPOINT_GB
    if str(resource.inputs.get("serviceName", "")).endswith(".logs"):
        task_share = LOG_SHARES["app-logs"] + LOG_SHARES["web-logs"]
        gigabytes = bill.usage.application_log_gb * task_share
    return [
        bill.hours(resource, "vpce.h", f"interfaces in {zones} zones", zones),
        bill.line(resource, "vpce.gb", "data of the endpoint", gigabytes, kind="usage"),
    ]


def nat(bill: Bill, resource: PlannedResource) -> Iterator[Line]:
    """Hours of the NAT gateway, and the sign-in traffic through it."""
    yield bill.hours(resource, "nat.h", "NAT gateway hours")
    yield bill.line(resource, "nat.gb", "sign-in through NAT", SIGN_IN_GB, kind="usage")


def address(bill: Bill, resource: PlannedResource) -> Iterator[Line]:
    """Hours of a public address, also if it is unused."""
    yield bill.hours(resource, "ipv4.h", "public address")


def vpn(bill: Bill, resource: PlannedResource) -> Iterator[Line]:
    """Hours of a connection and of the public addresses of its tunnels, and the secret with its keys."""
    yield bill.hours(resource, "s2s_vpn.h", "VPN connection hours")
    yield bill.hours(resource, "ipv4.h", "public addresses of 2 tunnels", TUNNELS)
    if resource.inputs.get("presharedKeyStorage") == "SecretsManager":
        yield bill.line(resource, "secrets.secret_mo", "secret of the preshared keys", 1)


def attachment(bill: Bill, resource: PlannedResource) -> Iterator[Line]:
    """Hours of the attachment to an existing transit gateway, and the data through it."""
    yield bill.hours(resource, "tgw.attach_h", "transit gateway attachment hours")
    moved = bill.usage.ingest_gb * (1 + bill.usage.egress_share)
    yield bill.line(resource, "tgw.gb", "data of the transit gateway", moved, kind="usage")


def association(bill: Bill, resource: PlannedResource) -> Iterator[Line]:
    """Hours of the association of a subnet with the client VPN."""
    yield bill.hours(resource, "client_vpn.assoc_h", "client VPN association hours")


def client_vpn(bill: Bill, resource: PlannedResource) -> Iterator[Line]:
    """Connection hours of people on the client VPN."""
    hours = bill.usage.people * bill.usage.vpn_hours
    what = f"{bill.usage.people:f} people for {bill.usage.vpn_hours:f} h"
    yield bill.line(resource, "client_vpn.conn_h", what, hours, kind="usage")


def namespace(bill: Bill, resource: PlannedResource) -> Iterator[Line]:
    """The private hosted zone of the namespace; queries inside the VPC are free."""
    yield bill.line(resource, "route53.zone_mo", "private zone of task names", 1)


PRICERS: dict[str, Pricer] = {
    "aws:lb/loadBalancer:LoadBalancer": load_balancer,
    "aws:ec2/vpcEndpoint:VpcEndpoint": endpoint,
    "aws:ec2/natGateway:NatGateway": nat,
    "aws:ec2/eip:Eip": address,
    "aws:ec2/vpnConnection:VpnConnection": vpn,
    "aws:ec2transitgateway/vpcAttachment:VpcAttachment": attachment,
    "aws:ec2clientvpn/networkAssociation:NetworkAssociation": association,
    "aws:ec2clientvpn/endpoint:Endpoint": client_vpn,
    "aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace": namespace,
}
