"""The VPC, its security groups, and the private connections into it."""

from components.network.client_vpn import ClientVpn
from components.network.domains import certificate
from components.network.egress import Egress
from components.network.network import Network
from components.network.security_groups import admit, connect, reach_internet, reach_prefix_list, security_group
from components.network.vpc_function import VpcFunction
from components.network.vpn import CampusVpn

__all__ = [
    "CampusVpn",
    "ClientVpn",
    "Egress",
    "Network",
    "VpcFunction",
    "admit",
    "certificate",
    "connect",
    "reach_internet",
    "reach_prefix_list",
    "security_group",
]
