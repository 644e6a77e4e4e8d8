"""The one way in: HTTPS through an application load balancer; behind a VPN also DICOM, through a network one."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Network

import pulumi
from pulumi_aws import ec2, lb, route53

from components.core.base import Component, Scope
from components.data.storage import ImageStorage
from components.edge.identity import Identity
from components.network import domains
from components.network.network import Network
from components.network.security_groups import admit, reach_internet, security_group
from components.service import nginx, orthanc, viewer
from components.service.scaling import Signal, requests
from components.service.tier import Route
from settings import Center, Dns, Exposure

TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-2021-06"
"""TLS 1.2 and 1.3; https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html"""

DICOM_WEB_PATHS = ["/dicom-web/*", "/wado"]
TOKEN_METHODS = {"store": "POST", "read": "GET"}
"""The method that each right of a token allows."""

HSTS = "max-age=31536000; includeSubDomains"
DEREGISTRATION_SECONDS = 60


def client_networks(exposure: Exposure, centers: Sequence[Center]) -> list[IPv4Network]:
    """Networks that may open a connection to the store: the allow-list when it is public, the centers' behind a VPN.
    Sessions of the client VPN are let in by their security group.
    """
    if exposure.kind == "public":
        return list(exposure.allow)
    return [network for center in centers for network in center.networks]


class Edge(Component):
    """Creates the balancers, their target groups, listeners, security groups, certificate and DNS names.

    Guarantees: TLS 1.2 or newer to the client and TLS to the tasks; only `clients` can connect; requests for anything
    but DICOMweb are answered here with 404; with `identity`, nobody gets further without a session or a token that
    allows the method; `with_viewer`, people who have a session may read OHIF's pages as well; invalid headers are
    dropped; every request is logged to S3; balancers are deletion-protected while the study is active. The DICOM
    listener exists only behind a VPN.
    """

    TYPE = "imgstore:edge:Edge"

    def __init__(
        self,
        name: str,
        scope: Scope,
        *,
        dns: Dns,
        exposure: Exposure,
        clients: Sequence[IPv4Network],
        identity: Identity | None,
        with_viewer: bool,
        network: Network,
        storage: ImageStorage,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, scope, opts)
        self.dns = dns
        self.network = network
        self.storage = storage
        self.internal = exposure.kind == "vpn"
        certificate = domains.certificate(self, "certificate", domain=dns.name, dns=dns)
        self.alb_group = self._door("alb", clients, 443, "Clients of the DICOMweb interface")
        self.doors = {443: self.alb_group}
        if identity:
            reach_internet(self, "sign-in", source=self.alb_group, description="Balancer to Cognito")
        self.alb = self._balancer("alb", "application", self.alb_group)
        self.web_group = self._web_target()
        self.listener = self._https(certificate)
        self.rule = self._rules(identity)
        if with_viewer and identity:
            reading = lb.ListenerRuleConditionHttpRequestMethodArgs(values=["GET"])
            self._rule(
                "viewer",
                110,
                lb.ListenerRuleConditionArgs(http_request_method=reading),
                paths=viewer.EDGE_PATHS,
                gate=identity.sign_in(),
            )
        self.web_route = Route(
            group=self.web_group, port="https", probe="https", source=self.alb_group, listener=self.rule
        )
        self.nlb: lb.LoadBalancer | None = None
        self.dicom_hosts = [f"dicom.{dns.name}"] if self.internal else []
        self.dicom_routes = [self._dicom(clients, host) for host in self.dicom_hosts]
        self._record("alias", dns.name, self.alb)
        self.register_outputs({"url": f"https://{dns.name}/dicom-web", "balancer": self.alb.dns_name})

    @property
    def signal(self) -> Signal:
        """Requests a minute and web task, what the web tier scales on."""
        return requests(self.alb.arn_suffix, self.web_group.arn_suffix)

    def _door(self, suffix: str, clients: Sequence[IPv4Network], port: int, description: str) -> ec2.SecurityGroup:
        group = security_group(self, suffix, vpc_id=self.network.vpc.id, description=description)
        admit(self, f"{suffix}-clients", peers=clients, target=group, port=port, description=description)
        return group

    def _balancer(self, suffix: str, kind: str, group: ec2.SecurityGroup) -> lb.LoadBalancer:
        application = kind == "application"
        return lb.LoadBalancer(
            self.child(suffix),
            name=self.names.of("lb.LoadBalancer", suffix),
            internal=self.internal,
            load_balancer_type=kind,
            security_groups=[group.id],
            subnets=self.network.subnet_ids("edge"),
            drop_invalid_header_fields=True if application else None,
            desync_mitigation_mode="strictest" if application else None,
            idle_timeout=nginx.BALANCER_IDLE_SECONDS if application else None,
            enable_cross_zone_load_balancing=True,
            enable_deletion_protection=self.lifecycle.protected,
            access_logs=lb.LoadBalancerAccessLogsArgs(
                bucket=self.storage.access_logs.bucket.bucket, enabled=True, prefix=suffix
            ),
            tags=self.names.tags(suffix),
            opts=self.options(depends_on=[self.storage.access_logs.policy]),
        )

    def _web_target(self) -> lb.TargetGroup:
        return lb.TargetGroup(
            self.child("web"),
            vpc_id=self.network.vpc.id,
            target_type="ip",
            port=nginx.HTTPS_PORT,
            protocol="HTTPS",
            deregistration_delay=DEREGISTRATION_SECONDS,
            # Behind HTTPS the health check would still default to HTTP, and no target would ever be healthy.
            health_check=lb.TargetGroupHealthCheckArgs(
                protocol="HTTPS", path=nginx.HEALTH_PATH, matcher="200", interval=10, timeout=5, healthy_threshold=2
            ),
            tags=self.names.tags("web"),
            opts=self.options(),
        )

    def _https(self, certificate_arn: pulumi.Output[str]) -> lb.Listener:
        refusal = lb.ListenerDefaultActionFixedResponseArgs(
            content_type="text/plain", message_body="Not found", status_code="404"
        )
        return lb.Listener(
            self.child("https"),
            load_balancer_arn=self.alb.arn,
            port=443,
            protocol="HTTPS",
            ssl_policy=TLS_POLICY,
            certificate_arn=certificate_arn,
            routing_http_response_server_enabled=False,
            routing_http_response_strict_transport_security_header_value=HSTS,
            routing_http_response_x_content_type_options_header_value="nosniff",
            default_actions=[lb.ListenerDefaultActionArgs(type="fixed-response", fixed_response=refusal)],
            tags=self.names.tags("https"),
            opts=self.options(),
        )

    def _rules(self, identity: Identity | None) -> lb.ListenerRule:
        """The rule for people, or for everybody where nobody signs in; before it those for requests with a token."""
        if identity is None:
            return self._rule("dicom-web", 100)
        bearer = lb.ListenerRuleConditionHttpHeaderArgs(http_header_name="Authorization", values=["Bearer *"])
        for priority, (right, method) in enumerate(TOKEN_METHODS.items(), start=10):
            only = lb.ListenerRuleConditionHttpRequestMethodArgs(values=[method])
            self._rule(
                f"token-{right}",
                priority,
                lb.ListenerRuleConditionArgs(http_header=bearer),
                lb.ListenerRuleConditionArgs(http_request_method=only),
                gate=identity.token(right),
            )
        return self._rule("dicom-web", 100, gate=identity.sign_in())

    def _rule(
        self,
        suffix: str,
        priority: int,
        *conditions: lb.ListenerRuleConditionArgs,
        paths: Sequence[str] = DICOM_WEB_PATHS,
        gate: lb.ListenerRuleActionArgs | None = None,
    ) -> lb.ListenerRule:
        pattern = lb.ListenerRuleConditionPathPatternArgs(values=list(paths))
        forward = lb.ListenerRuleActionArgs(type="forward", target_group_arn=self.web_group.arn)
        return lb.ListenerRule(
            self.child(suffix),
            listener_arn=self.listener.arn,
            priority=priority,
            conditions=[lb.ListenerRuleConditionArgs(path_pattern=pattern), *conditions],
            actions=[forward] if gate is None else [gate, forward],
            tags=self.names.tags(suffix),
            opts=self.options(),
        )

    def _dicom(self, clients: Sequence[IPv4Network], host: str) -> Route:
        group = self._door("nlb", clients, orthanc.DICOM_LISTENER, "DICOM senders")
        balancer = self._balancer("nlb", "network", group)
        target = lb.TargetGroup(
            self.child("dicom"),
            vpc_id=self.network.vpc.id,
            target_type="ip",
            port=orthanc.DICOM_PORT,
            protocol="TCP",
            deregistration_delay=DEREGISTRATION_SECONDS,
            # On the HTTPS port: a bare connection to the DICOM port is logged there as a failed association.
            health_check=lb.TargetGroupHealthCheckArgs(protocol="TCP", port=str(orthanc.HTTPS_PORT)),
            tags=self.names.tags("dicom"),
            opts=self.options(),
        )
        listener = lb.Listener(
            self.child("dicom-listener"),
            load_balancer_arn=balancer.arn,
            port=orthanc.DICOM_LISTENER,
            protocol="TCP",  # passed through: Orthanc ends the TLS itself, and asks the sender for a certificate
            default_actions=[lb.ListenerDefaultActionArgs(type="forward", target_group_arn=target.arn)],
            tags=self.names.tags("dicom"),
            opts=self.options(),
        )
        self.nlb = balancer
        self._record("dicom-alias", host, balancer)
        self.doors[orthanc.DICOM_LISTENER] = group
        return Route(group=target, port="dicom", probe="https", source=group, listener=listener)

    def _record(self, suffix: str, name: str, balancer: lb.LoadBalancer) -> None:
        alias = route53.RecordAliasArgs(name=balancer.dns_name, zone_id=balancer.zone_id, evaluate_target_health=True)
        route53.Record(
            self.child(suffix), zone_id=self.dns.zone_id, name=name, type="A", aliases=[alias], opts=self.options()
        )
