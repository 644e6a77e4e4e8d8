"""Security groups without rules, and functions that add both ends of a connection with a description."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Network
from typing import Any

import pulumi
from pulumi_aws import ec2, vpc

from components.core import Component

HTTPS = 443


def security_group(
    component: Component, suffix: str, *, vpc_id: pulumi.Input[str], description: str
) -> ec2.SecurityGroup:
    """Creates a group without rules. Its name is generated, so that its replacement can exist beside it."""
    return ec2.SecurityGroup(
        component.child(suffix),
        description=description,
        vpc_id=vpc_id,
        tags=component.names.tags(component.child(suffix)),
        opts=component.options(),
    )


def connect(
    component: Component,
    suffix: str,
    *,
    source: ec2.SecurityGroup,
    target: ec2.SecurityGroup,
    port: int,
    description: str,
) -> list[pulumi.Resource]:
    """Lets `source` open TCP connections to `port` of `target`. Returns the two rules, to depend on."""
    common = _common(component, suffix, port, description)
    egress = vpc.SecurityGroupEgressRule(
        component.child(f"{suffix}-egress"),
        security_group_id=source.id,
        referenced_security_group_id=target.id,
        **common,
    )
    ingress = vpc.SecurityGroupIngressRule(
        component.child(f"{suffix}-ingress"),
        security_group_id=target.id,
        referenced_security_group_id=source.id,
        **common,
    )
    return [egress, ingress]


def admit(
    component: Component,
    suffix: str,
    *,
    peers: Iterable[IPv4Network],
    target: ec2.SecurityGroup,
    port: int,
    description: str,
) -> None:
    """Lets the networks `peers` open TCP connections to `port` of `target`."""
    for peer in peers:
        vpc.SecurityGroupIngressRule(
            component.child(f"{suffix}-{str(peer).replace('/', '-')}"),
            security_group_id=target.id,
            cidr_ipv4=str(peer),
            **_common(component, suffix, port, description),
        )


def reach_internet(component: Component, suffix: str, *, source: ec2.SecurityGroup, description: str) -> None:
    """Lets `source` open HTTPS connections to any address that its route table reaches."""
    vpc.SecurityGroupEgressRule(
        component.child(f"{suffix}-egress"),
        security_group_id=source.id,
        cidr_ipv4="0.0.0.0/0",
        **_common(component, suffix, HTTPS, description),
    )


def reach_prefix_list(
    component: Component,
    suffix: str,
    *,
    source: ec2.SecurityGroup,
    prefix_list_id: pulumi.Input[str],
    description: str,
) -> None:
    """Lets `source` open HTTPS connections to an AWS service behind a gateway endpoint."""
    vpc.SecurityGroupEgressRule(
        component.child(f"{suffix}-egress"),
        security_group_id=source.id,
        prefix_list_id=prefix_list_id,
        **_common(component, suffix, HTTPS, description),
    )


def _common(component: Component, suffix: str, port: int, description: str) -> dict[str, Any]:
    return {
        "ip_protocol": "tcp",
        "from_port": port,
        "to_port": port,
        "description": description,
        "tags": component.names.tags(component.child(suffix)),
        "opts": component.options(),
    }
