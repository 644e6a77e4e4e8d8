"""Cases of the rules for networks."""

from hipaa import types
from hipaa.model import UNKNOWN
from tests.policy.cases import Cases, resource

VPC = resource(types.VPC, "vpc")
SUBNET = resource(types.SUBNET, "subnet")

CASES = {
    "NET-01": Cases(
        passes=((VPC, resource(types.FLOW_LOG, refers={"vpcId": VPC}, vpcId=UNKNOWN, trafficType="ALL")),),
        fails=(
            (VPC,),
            (VPC, resource(types.FLOW_LOG, refers={"vpcId": VPC}, vpcId=UNKNOWN, trafficType="REJECT")),
            (VPC, resource(types.FLOW_LOG, vpcId="vpc-0another", trafficType="ALL")),
        ),
        absent=(VPC, resource(types.FLOW_LOG, refers={"vpcId": VPC}, vpcId=UNKNOWN)),
        unknown=(VPC, resource(types.FLOW_LOG, refers={"vpcId": VPC}, vpcId=UNKNOWN, trafficType="ALL")),
        other=(SUBNET,),
    ),
    "NET-06": Cases(
        passes=((resource(types.SUBNET, mapPublicIpOnLaunch=False),),),
        fails=(
            (resource(types.SUBNET, mapPublicIpOnLaunch=True),),
            (resource(types.SUBNET, assignIpv6AddressOnCreation=True),),
        ),
        absent=(resource(types.SUBNET),),
        absent_breaks=False,
        unknown=(resource(types.SUBNET, mapPublicIpOnLaunch=UNKNOWN),),
        other=(VPC,),
    ),
}
