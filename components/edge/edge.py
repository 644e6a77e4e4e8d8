"""The only ingress: an application load balancer for HTTPS and, behind a VPN, a network load balancer for DICOM."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Network

import pulumi
from pulumi_aws import ec2, lb, route53

from components.core import Component, Platform
from components.data import ImageStorage
from components.edge.identity import Identity
from components.network import Network, admit, domains, reach_internet, security_group
from components.service import Route, Signal, nginx, orthanc, requests_per_task, viewer
from settings import Access, Dns

TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-2021-06"
"""TLS 1.2 and 1.3; https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html"""

DICOM_WEB_PATHS = ["/dicom-web/*", "/wado"]
TOKEN_METHODS = {"store": "POST", "read": "GET"}
"""The HTTP method that each scope of a token allows."""

HSTS = "max-age=31536000; includeSubDomains"
DEREGISTRATION_SECONDS = 60


class Edge(Component):
    """Creates the load balancers, their target groups, listeners, security groups, certificate and DNS names.

    Guarantees: TLS 1.2 or newer to the client and TLS to the tasks; only the clients of `access` can connect; requests
    for anything but DICOMweb get 404 here; with `identity`, every request needs a session, or a token that allows the
    method; with a viewer, people with a session can also load OHIF; invalid headers are dropped; every request is
    logged to S3; load balancers are deletion-protected while the study is active. The DICOM listener exists only
    behind a VPN.
    """

    TYPE = "imgstore:edge:Edge"

    def __init__(
        self,
        name: str,
        base: Platform,
        *,
        dns: Dns,
        access: Access,
        identity: Identity | None,
        network: Network,
        storage: ImageStorage,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, base, opts)
        self.dns = dns
        self.network = network
        self.storage = storage
        self.internal = not access.public
        certificate = domains.certificate(self, "certificate", domain=dns.name, dns=dns)
        self.alb_group = self._listener_group("alb", access.clients, 443, "Clients of the DICOMweb interface")
        self.listener_groups = {443: self.alb_group}
        if identity:
            reach_internet(self, "sign-in", source=self.alb_group, description="Load balancer to Cognito")
        self.alb = self._load_balancer("alb", "application", self.alb_group)
        self.web_group = self._web_target()
        self.listener = self._https(certificate)
        self.rule = self._rules(identity)
        if access.viewer and identity:
            reading = lb.ListenerRuleConditionHttpRequestMethodArgs(values=["GET"])
            self._rule(
                "viewer",
                110,
                lb.ListenerRuleConditionArgs(http_request_method=reading),
                paths=viewer.EDGE_PATHS,
                authentication=identity.sign_in(),
            )
        self.web_route = Route(
            group=self.web_group, port="https", probe="https", source=self.alb_group, listener=self.rule
        )
        self.nlb: lb.LoadBalancer | None = None
        self.dicom_hosts = [dns.dicom_name] if self.internal else []
        self.dicom_routes = [self._dicom(access.clients, host) for host in self.dicom_hosts]
        self._record("alias", dns.name, self.alb)
        self.register_outputs({"url": f"https://{dns.name}/dicom-web", "loadBalancer": self.alb.dns_name})

    @property
    def signal(self) -> Signal:
        """Requests per minute and web task, on which the web tier scales."""
        return requests_per_task(self.alb.arn_suffix, self.web_group.arn_suffix)

    def _listener_group(
        self, suffix: str, clients: Sequence[IPv4Network], port: int, description: str
    ) -> ec2.SecurityGroup:
        group = security_group(self, suffix, vpc_id=self.network.vpc.id, description=description)
        admit(self, f"{suffix}-clients", peers=clients, target=group, port=port, description=description)
        return group

    def _load_balancer(self, suffix: str, kind: str, group: ec2.SecurityGroup) -> lb.LoadBalancer:
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
            idle_timeout=nginx.LOAD_BALANCER_IDLE_SECONDS if application else None,
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
        """The rule for people, or for everybody without sign-in; rules for requests with a token precede it."""
        if identity is None:
            return self._rule("dicom-web", 100)
        bearer = lb.ListenerRuleConditionHttpHeaderArgs(http_header_name="Authorization", values=["Bearer *"])
        for priority, (scope, method) in enumerate(TOKEN_METHODS.items(), start=10):
            only = lb.ListenerRuleConditionHttpRequestMethodArgs(values=[method])
            self._rule(
                f"token-{scope}",
                priority,
                lb.ListenerRuleConditionArgs(http_header=bearer),
                lb.ListenerRuleConditionArgs(http_request_method=only),
                authentication=identity.token(scope),
            )
        return self._rule("dicom-web", 100, authentication=identity.sign_in())

    def _rule(
        self,
        suffix: str,
        priority: int,
        *conditions: lb.ListenerRuleConditionArgs,
        paths: Sequence[str] = DICOM_WEB_PATHS,
        authentication: lb.ListenerRuleActionArgs | None = None,
    ) -> lb.ListenerRule:
        pattern = lb.ListenerRuleConditionPathPatternArgs(values=list(paths))
        forward = lb.ListenerRuleActionArgs(type="forward", target_group_arn=self.web_group.arn)
        return lb.ListenerRule(
            self.child(suffix),
            listener_arn=self.listener.arn,
            priority=priority,
            conditions=[lb.ListenerRuleConditionArgs(path_pattern=pattern), *conditions],
            actions=[forward] if authentication is None else [authentication, forward],
            tags=self.names.tags(suffix),
            opts=self.options(),
        )

    def _dicom(self, clients: Sequence[IPv4Network], host: str) -> Route:
        group = self._listener_group("nlb", clients, orthanc.DICOM_LISTENER, "DICOM senders")
        load_balancer = self._load_balancer("nlb", "network", group)
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
            load_balancer_arn=load_balancer.arn,
            port=orthanc.DICOM_LISTENER,
            protocol="TCP",  # passed through: Orthanc terminates TLS and verifies the sender's certificate
            default_actions=[lb.ListenerDefaultActionArgs(type="forward", target_group_arn=target.arn)],
            tags=self.names.tags("dicom"),
            opts=self.options(),
        )
        self.nlb = load_balancer
        self._record("dicom-alias", host, load_balancer)
        self.listener_groups[orthanc.DICOM_LISTENER] = group
        return Route(group=target, port="dicom", probe="https", source=group, listener=listener)

    def _record(self, suffix: str, name: str, load_balancer: lb.LoadBalancer) -> None:
        alias = route53.RecordAliasArgs(
            name=load_balancer.dns_name, zone_id=load_balancer.zone_id, evaluate_target_health=True
        )
        route53.Record(
            self.child(suffix), zone_id=self.dns.zone_id, name=name, type="A", aliases=[alias], opts=self.options()
        )
