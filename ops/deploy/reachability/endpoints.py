"""The endpoints of a plan by name: where each of them is in the network, and on which ports it listens."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv4Network

from ops.deploy.reachability.filters import target, targets
from ops.deploy.reachability.model import Network
from ops.deploy.reachability.points import Endpoint, Point, Session, find_outside, sample_addresses
from ops.deploy.reachability.reading import Centers
from ops.plan import Plan, PlannedResource

SERVICE_ADDRESS = IPv4Address("52.216.0.1")
"""An address of S3, for rules that name networks: a plan does not contain the addresses behind a prefix list."""

HTTPS = 443
POSTGRESQL = 5432
"""Aurora PostgreSQL's port where the cluster declares none."""

LOAD_BALANCERS = {"application": "alb", "network": "nlb"}


def find_endpoints(plan: Plan, network: Network, centers: Centers) -> dict[str, Endpoint]:
    """Every endpoint of the plan, and every one outside that it knows of, by name."""
    readers = (_load_balancers, _tasks, _functions, _databases, _service_endpoints, _client_vpn)
    inside = [endpoint for read in readers for endpoint in read(plan, network)]
    return {endpoint.name: endpoint for endpoint in [*inside, *find_outside(network, centers)]}


def _load_balancers(plan: Plan, network: Network) -> Iterator[Endpoint]:
    for load_balancer in plan.of_type("aws:lb/loadBalancer:LoadBalancer"):
        kind = load_balancer.inputs.get("loadBalancerType", "application")
        groups = load_balancer.inputs.get("securityGroups")
        listens = [
            int(listener.inputs["port"])
            for listener in plan.of_type("aws:lb/listener:Listener")
            if target(plan, listener.inputs["loadBalancerArn"]) == load_balancer.urn
        ]
        yield _interfaces(
            network,
            LOAD_BALANCERS.get(kind, load_balancer.name),
            targets(plan, load_balancer.inputs["subnets"]),
            None if groups is None else targets(plan, groups),
            listens,
            public=not load_balancer.inputs.get("internal"),
        )


def _tasks(plan: Plan, network: Network) -> Iterator[Endpoint]:
    for service in plan.of_type("aws:ecs/service:Service"):
        settings = service.inputs["networkConfiguration"]
        task = plan.by_urn[target(plan, service.inputs["taskDefinition"])]
        listens = [
            int(mapping["containerPort"])
            for container in json.loads(task.inputs["containerDefinitions"])
            for mapping in container.get("portMappings", ())
        ]
        yield _interfaces(
            network,
            plan.component_of(service).name,
            targets(plan, settings["subnets"]),
            targets(plan, settings["securityGroups"]),
            listens,
            public=bool(settings.get("assignPublicIp")),
        )


def _functions(plan: Plan, network: Network) -> Iterator[Endpoint]:
    """Functions of the VPC, named after the package of their code."""
    for function in plan.of_type("aws:lambda/function:Function"):
        if settings := function.inputs.get("vpcConfig"):
            name = str(function.inputs["handler"]).partition(".")[0].replace("_", "-")
            subnets, groups = targets(plan, settings["subnetIds"]), targets(plan, settings["securityGroupIds"])
            yield _interfaces(network, name, subnets, groups)


def _databases(plan: Plan, network: Network) -> Iterator[Endpoint]:
    for cluster in plan.of_type("aws:rds/cluster:Cluster"):
        yield _interfaces(
            network,
            plan.component_of(cluster).name,
            _database_subnets(plan, cluster),
            targets(plan, cluster.inputs.get("vpcSecurityGroupIds")),
            [int(cluster.inputs.get("port", POSTGRESQL))],
            public=any(
                instance.inputs.get("publiclyAccessible")
                for instance in plan.of_type("aws:rds/clusterInstance:ClusterInstance")
            ),
        )


def _database_subnets(plan: Plan, cluster: PlannedResource) -> list[str]:
    group = target(plan, cluster.inputs["dbSubnetGroupName"])  # a reference, or the name where that is known
    return [
        urn
        for found in plan.of_type("aws:rds/subnetGroup:SubnetGroup")
        if group in {found.urn, found.inputs.get("name")}
        for urn in targets(plan, found.inputs["subnetIds"])
    ]


def _service_endpoints(plan: Plan, network: Network) -> Iterator[Endpoint]:
    for endpoint in plan.of_type("aws:ec2/vpcEndpoint:VpcEndpoint"):
        service = ".".join(endpoint.inputs["serviceName"].split(".")[3:])
        if endpoint.inputs.get("vpcEndpointType") == "Interface":
            subnets = targets(plan, endpoint.inputs["subnetIds"])
            groups = targets(plan, endpoint.inputs["securityGroupIds"])
            yield _interfaces(network, f"endpoint:{service}", subnets, groups, [HTTPS])
        else:
            point = Point(name=service, address=SERVICE_ADDRESS, where="service", service=endpoint.urn)
            note = f"{service}: the plan does not contain its addresses; {SERVICE_ADDRESS} stands for all of them"
            yield Endpoint(name=service, points=(point,), listens=frozenset({HTTPS}), note=note)


def _client_vpn(plan: Plan, network: Network) -> Iterator[Endpoint]:
    """Sessions have the address and the groups of the endpoint's interface in an associated subnet.

    https://docs.aws.amazon.com/vpn/latest/clientvpn-admin/client-authorization.html
    """
    for endpoint in plan.of_type("aws:ec2clientvpn/endpoint:Endpoint"):
        own = {
            kind: [
                found
                for found in plan.of_type(f"aws:ec2clientvpn/{kind[0].lower()}{kind[1:]}:{kind}")
                if target(plan, found.inputs["clientVpnEndpointId"]) == endpoint.urn
            ]
            for kind in ("AuthorizationRule", "NetworkAssociation", "Route")
        }
        session = Session(
            authorized=tuple(
                (rule.name, IPv4Network(rule.inputs["targetNetworkCidr"])) for rule in own["AuthorizationRule"]
            ),
            routed=(network.block, *(IPv4Network(route.inputs["destinationCidrBlock"]) for route in own["Route"])),
        )
        subnets = targets(plan, [found.inputs["subnetId"] for found in own["NetworkAssociation"]])
        groups = targets(plan, endpoint.inputs.get("securityGroupIds"))
        yield _interfaces(network, "client-vpn", subnets, groups, session=session)


def _interfaces(
    network: Network,
    name: str,
    subnets: Iterable[str],
    groups: Iterable[str] | None,
    listens: Iterable[int] = (),
    *,
    public: bool = False,
    session: Session | None = None,
) -> Endpoint:
    """An endpoint with an interface in each subnet; subnets and groups are URNs."""
    points = tuple(
        Point(
            name=f"{name} in {subnet.zone}",
            address=address,
            where="vpc",
            subnet=subnet,
            groups=None if groups is None else frozenset(groups),
            public=public,
            session=session,
        )
        for subnet in (network.subnets[urn] for urn in subnets)
        for address in sample_addresses(subnet.block, network.networks)
    )
    return Endpoint(name=name, points=points, listens=frozenset(listens))
