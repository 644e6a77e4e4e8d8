"""A packet model of a plan: can a TCP connection between two endpoints be opened and answered, and by which rules.

Limitations: IPv4 and TCP only; one VPC; what a plan does not contain (the routes that a center announces, the route
tables of a transit gateway, the addresses behind a prefix list) is assumed, and each answer says so.
"""

from ops.deploy.reachability.answers import Answer, Reachability
from ops.deploy.reachability.results import Hop, Stop, Trace

__all__ = ["Answer", "Hop", "Reachability", "Stop", "Trace"]
