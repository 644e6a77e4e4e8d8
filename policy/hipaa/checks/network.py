"""Networks: what may come in, where it may go, and that both are logged."""

from __future__ import annotations

from collections.abc import Iterator

from hipaa import types
from hipaa.model import Finding, Resource, Settings, Stack, Violation
from hipaa.rule import rule


@rule("NET-01", types.FLOW_LOG, types.VPC)
def flow_logs(stack: Stack, _settings: Settings) -> Iterator[tuple[Resource, Finding]]:
    """Every VPC has a flow log of all its traffic."""
    for vpc in stack.of([types.VPC]):
        logs = stack.referring([types.FLOW_LOG], "vpcId", vpc)
        if not any(log.get("trafficType") == "ALL" for log in logs):
            yield vpc, Violation(message="no flow log records ALL of its traffic")


@rule("NET-06", types.SUBNET)
def no_public_addresses(subnet: Resource, _settings: Settings) -> Iterator[Finding]:
    """Subnets give nobody a public address; absent is AWS's default, which is off."""
    for path in ("mapPublicIpOnLaunch", "assignIpv6AddressOnCreation"):
        if subnet.get(path) is True:
            yield Violation(message="everything started in this subnet gets a public address", path=path)
