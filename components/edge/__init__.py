"""The only ingress: load balancers, sign-in and web application firewall."""

from components.edge.edge import Edge
from components.edge.identity import Identity
from components.edge.waf import WebAcl

__all__ = [
    "Edge",
    "Identity",
    "WebAcl",
]
