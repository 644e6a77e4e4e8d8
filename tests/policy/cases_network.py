"""Cases of the rules for networks."""

from typing import Any

from hipaa import types
from hipaa.model import UNKNOWN, Resource
from tests.policy.cases import Cases, resource

VPC = resource(types.VPC, "vpc")
KNOWN_VPC = resource(types.VPC, "vpc", id="vpc-0aa11")
OTHER_VPC = resource(types.VPC, "another")
SUBNET = resource(types.SUBNET, "subnet")
GATEWAY = resource(types.INTERNET_GATEWAY, "gateway")
VPN_GATEWAY = resource("aws:ec2/vpnGateway:VpnGateway", "gateway")
NAT_GATEWAY = resource("aws:ec2/natGateway:NatGateway", "gateway")


def of_vpc(kind: str, name: str = "it", vpc: Resource = VPC, **properties: Any) -> Resource:
    """A resource of the VPC, as in a first preview."""
    return resource(kind, name, refers={"vpcId": vpc}, vpcId=UNKNOWN, **properties)


def endpoints(*, vpc: Resource = VPC, kinds: dict[str, str] | None = None, without: str = "") -> tuple[Resource, ...]:
    """A VPC with the endpoints that tasks need to start."""
    services = {"s3": "Gateway", **dict.fromkeys(("ecr.api", "ecr.dkr", "logs", "secretsmanager"), "Interface")}
    return (
        vpc,
        *(
            of_vpc(types.VPC_ENDPOINT, name, vpc, serviceName=f"com.amazonaws.us-east-1.{name}", vpcEndpointType=kind)
            for name, kind in {**services, **(kinds or {})}.items()
            if name != without
        ),
    )


def route(gateway: Any, destination: Any = "0.0.0.0/0", **more: Any) -> tuple[Resource]:
    return (resource(types.ROUTE, destinationCidrBlock=destination, gatewayId=gateway, **more),)


def table(kind: str = types.ROUTE_TABLE, refers: dict[str, Resource] | None = None, **entry: Any) -> tuple[Resource]:
    return (resource(kind, refers=refers, routes=[{"cidrBlock": "10.0.0.0/8", "gatewayId": "vgw-0a"}, entry]),)


S3 = "com.amazonaws.us-east-1.s3"

CASES = {
    "NET-01": Cases(
        passes=(
            (VPC, of_vpc(types.FLOW_LOG, trafficType="ALL")),
            (VPC, of_vpc(types.FLOW_LOG, "rejected", trafficType="REJECT"), of_vpc(types.FLOW_LOG, trafficType="ALL")),
            (KNOWN_VPC, resource(types.FLOW_LOG, vpcId="vpc-0aa11", trafficType="ALL")),
            (VPC, of_vpc(types.FLOW_LOG, trafficType=UNKNOWN)),
            (VPC, resource(types.FLOW_LOG, vpcId=UNKNOWN, trafficType="ALL")),
            (VPC, resource(types.FLOW_LOG, refers={"vpcId": SUBNET}, vpcId=UNKNOWN, trafficType="ALL")),
        ),
        fails=(
            (VPC,),
            (VPC, of_vpc(types.FLOW_LOG, trafficType="REJECT")),
            (VPC, resource(types.FLOW_LOG, vpcId="vpc-0another", trafficType="ALL")),
            (VPC, OTHER_VPC, of_vpc(types.FLOW_LOG, trafficType="ALL")),
            (VPC, resource(types.FLOW_LOG, refers={"subnetId": SUBNET}, subnetId=UNKNOWN, trafficType="ALL")),
        ),
        absent=(VPC, of_vpc(types.FLOW_LOG)),
        unknown=(VPC, of_vpc(types.FLOW_LOG, trafficType=UNKNOWN)),
        other=(SUBNET,),
    ),
    "NET-02": Cases(
        passes=(
            (VPC, of_vpc(types.DEFAULT_SECURITY_GROUP)),
            (VPC, of_vpc(types.DEFAULT_SECURITY_GROUP, ingress=[], egress=[])),
            (KNOWN_VPC, resource(types.DEFAULT_SECURITY_GROUP, vpcId="vpc-0aa11")),
        ),
        fails=(
            (VPC,),
            (VPC, of_vpc(types.DEFAULT_SECURITY_GROUP, ingress=[{"protocol": "-1", "self": True}])),
            (VPC, of_vpc(types.DEFAULT_SECURITY_GROUP, egress=[{"protocol": "-1", "cidrBlocks": ["0.0.0.0/0"]}])),
            (VPC, OTHER_VPC, of_vpc(types.DEFAULT_SECURITY_GROUP)),
        ),
        absent=(VPC, of_vpc(types.DEFAULT_SECURITY_GROUP)),
        absent_fails=False,
        unknown=(VPC, of_vpc(types.DEFAULT_SECURITY_GROUP, ingress=UNKNOWN)),
        other=(SUBNET,),
    ),
    "NET-06": Cases(
        passes=((resource(types.SUBNET, mapPublicIpOnLaunch=False, assignIpv6AddressOnCreation=False),),),
        fails=(
            (resource(types.SUBNET, mapPublicIpOnLaunch=True),),
            (resource(types.SUBNET, assignIpv6AddressOnCreation=True),),
        ),
        absent=(resource(types.SUBNET),),
        absent_fails=False,
        unknown=(resource(types.SUBNET, mapPublicIpOnLaunch=UNKNOWN),),
        other=(VPC,),
    ),
    "NET-07": Cases(
        passes=(
            (resource(types.ROUTE, destinationCidrBlock="0.0.0.0/0", natGatewayId=UNKNOWN),),
            (resource(types.ROUTE, destinationCidrBlock="0.0.0.0/0", natGatewayId="nat-0a", gatewayId=""),),
            route(UNKNOWN, "10.0.0.0/8", refers={"gatewayId": GATEWAY}),
            route("vgw-0aa11"),
            route("vpce-0aa11"),
            route(UNKNOWN, refers={"gatewayId": VPN_GATEWAY}),
            table(cidrBlock="0.0.0.0/0", natGatewayId="nat-0a", gatewayId=""),
            table(refers={"routes": NAT_GATEWAY}, cidrBlock="0.0.0.0/0", natGatewayId=UNKNOWN),
            table(ipv6CidrBlock="2001:db8::/32", cidrBlock="", gatewayId="igw-0a"),
            table(types.DEFAULT_ROUTE_TABLE, ipv6CidrBlock="::/0", egressOnlyGatewayId="eigw-0a"),
            (resource(types.DEFAULT_ROUTE_TABLE, routes=[]),),
            (resource(types.ROUTE_TABLE, routes=UNKNOWN, refers={"routes": NAT_GATEWAY}),),
        ),
        fails=(
            route("igw-0aa11"),
            route(UNKNOWN, refers={"gatewayId": GATEWAY}),
            (resource(types.ROUTE, destinationIpv6CidrBlock="::/0", gatewayId="igw-0a"),),
            (resource(types.ROUTE, destinationIpv6CidrBlock="0:0:0:0:0:0:0:0/0", gatewayId="igw-0a"),),
            table(cidrBlock="0.0.0.0/0", gatewayId="igw-0aa11"),
            table(refers={"routes": GATEWAY}, cidrBlock="0.0.0.0/0", gatewayId=UNKNOWN),
            table(types.DEFAULT_ROUTE_TABLE, ipv6CidrBlock="::/0", gatewayId="igw-0aa11"),
            (resource(types.ROUTE_TABLE, routes={"cidrBlock": "0.0.0.0/0", "gatewayId": "igw-0a"}),),
        ),
        absent=(resource(types.ROUTE, destinationCidrBlock="0.0.0.0/0"),),
        absent_fails=False,
        unknown=route(UNKNOWN),
        other=(SUBNET, GATEWAY),
    ),
    "NET-11": Cases(
        passes=(
            endpoints(),
            (*endpoints(without="s3"), of_vpc(types.VPC_ENDPOINT, "images", serviceName=S3)),
            endpoints(kinds={"kms": "Interface", "ssmmessages": "Interface"}),
            (*endpoints(without="s3"), of_vpc(types.VPC_ENDPOINT, "s3", serviceName=UNKNOWN)),
        ),
        fails=(
            (VPC,),
            endpoints(without="s3"),
            endpoints(without="ecr.dkr"),
            endpoints(without="secretsmanager"),
            endpoints(kinds={"s3": "Interface"}),
            endpoints(kinds={"logs": "Gateway"}),
            (OTHER_VPC, *endpoints()),
            (*endpoints(without="s3"), of_vpc(types.VPC_ENDPOINT, "express", serviceName=f"{S3}express")),
        ),
        absent=(
            *endpoints(without="logs"),
            of_vpc(types.VPC_ENDPOINT, "l", serviceName="com.amazonaws.us-east-1.logs"),
        ),
        unknown=(*endpoints(without="s3"), of_vpc(types.VPC_ENDPOINT, "s3", serviceName=UNKNOWN)),
        other=(SUBNET,),
    ),
}
