"""The one way in: HTTPS through an application load balancer; behind a VPN also DICOM, through a network one."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Network

import pulumi
from pulumi_aws import acm, ec2, lb, route53

from components import nginx, orthanc
from components.base import Component, Scope
from components.firewall import admit, security_group
from components.network import Network
from components.scaling import Signal, requests
from components.storage import ImageStorage
from components.tier import Route
from settings import Center, Dns, Exposure

TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-2021-06"
"""TLS 1.2 and 1.3; https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html"""

DICOM_WEB_PATHS = ["/dicom-web/*", "/wado"]
HSTS = "max-age=31536000; includeSubDomains"
DEREGISTRATION_SECONDS = 60


def client_networks(exposure: Exposure, centers: Sequence[Center], inside: Sequence[IPv4Network]) -> list[IPv4Network]:
    """Networks that may open a connection to the store: the allow-list when it is public; behind a VPN the centers',
    and `inside`, the subnets in which client VPN sessions surface.
    """
    if exposure.kind == "public":
        return list(exposure.allow)
    return [*(network for center in centers for network in center.networks), *inside]


class Edge(Component):
    """Creates the balancers, their target groups, listeners, security groups, certificate and DNS names.

    Guarantees: TLS 1.2 or newer to the client and TLS to the tasks; only `clients` can connect; requests for anything
    but DICOMweb are answered here with 404; invalid headers are dropped; every request is logged to S3; balancers are
    deletion-protected while the study is active. The DICOM listener exists only behind a VPN.
    """

    def __init__(
        self,
        name: str,
        scope: Scope,
        *,
        dns: Dns,
        exposure: Exposure,
        clients: Sequence[IPv4Network],
        network: Network,
        storage: ImageStorage,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, scope, opts)
        self.dns = dns
        self.network = network
        self.storage = storage
        self.internal = exposure.kind == "vpn"
        certificate = self._certificate()
        self.alb_group = self._door("alb", clients, 443, "Clients of the DICOMweb interface")
        self.alb = self._balancer("alb", "application", self.alb_group)
        self.web_group = self._web_target()
        self.listener = self._https(certificate)
        self.rule = self._dicom_web()
        self.web_route = Route(
            group=self.web_group, port="https", probe="https", source=self.alb_group, listener=self.rule
        )
        self.dicom_routes = [self._dicom(clients)] if self.internal else []
        self._record("alias", dns.name, self.alb)
        self.register_outputs({"url": f"https://{dns.name}/dicom-web", "balancer": self.alb.dns_name})

    @property
    def signal(self) -> Signal:
        """Requests a minute and web task, what the web tier scales on."""
        return requests(self.alb.arn_suffix, self.web_group.arn_suffix)

    def _certificate(self) -> pulumi.Output[str]:
        certificate = acm.Certificate(
            self.child("certificate"),
            domain_name=self.dns.name,
            validation_method="DNS",
            tags=self.names.tags("certificate"),
            opts=self.options(),
        )
        proof = certificate.domain_validation_options[0]
        record = route53.Record(
            self.child("certificate-proof"),
            zone_id=self.dns.zone_id,
            name=proof.resource_record_name,
            type=proof.resource_record_type,
            records=[proof.resource_record_value],
            ttl=300,
            opts=self.options(),
        )
        # The listener takes the ARN from here, so it waits until the certificate is issued.
        issued = acm.CertificateValidation(
            self.child("certificate-issued"),
            certificate_arn=certificate.arn,
            validation_record_fqdns=[record.fqdn],
            opts=self.options(),
        )
        return issued.certificate_arn

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

    def _dicom_web(self) -> lb.ListenerRule:
        paths = lb.ListenerRuleConditionPathPatternArgs(values=DICOM_WEB_PATHS)
        return lb.ListenerRule(
            self.child("dicom-web"),
            listener_arn=self.listener.arn,
            priority=100,
            conditions=[lb.ListenerRuleConditionArgs(path_pattern=paths)],
            actions=[lb.ListenerRuleActionArgs(type="forward", target_group_arn=self.web_group.arn)],
            tags=self.names.tags("dicom-web"),
            opts=self.options(),
        )

    def _dicom(self, clients: Sequence[IPv4Network]) -> Route:
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
        self._record("dicom-alias", f"dicom.{self.dns.name}", balancer)
        self.nlb_group = group
        return Route(group=target, port="dicom", probe="https", source=group, listener=listener)

    def _record(self, suffix: str, name: str, balancer: lb.LoadBalancer) -> None:
        alias = route53.RecordAliasArgs(name=balancer.dns_name, zone_id=balancer.zone_id, evaluate_target_health=True)
        route53.Record(
            self.child(suffix), zone_id=self.dns.zone_id, name=name, type="A", aliases=[alias], opts=self.options()
        )
