"""Client VPN: how a person reaches the store from a laptop, signed in through IAM Identity Center."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
from pulumi_aws import ec2, ec2clientvpn, iam

from components.core import Component, LogSource, Platform, log_group
from components.network import domains
from components.network.network import Network
from components.network.security_groups import connect, security_group
from layout import subnets
from settings import ClientVpn as ClientVpnSettings
from settings import Dns
from settings.saml import read_metadata


class ClientVpn(Component):
    """Creates the VPN endpoint for people: its SAML provider, certificate, network, authorizations and connection log.

    Guarantees: only members of the directory groups named in the settings are authorized, and only to the listener
    ports of the load balancers in the edge subnets; other traffic of a laptop stays outside the tunnel; a session ends
    after the hours of the settings, and a new one requires sign-in; every connection, refused ones too, is logged with
    the person's name, encrypted. The banner is shown before a session begins.

    Sessions have addresses of the first edge subnet (each further association is billed by the hour), so load balancers
    admit them by this component's security group, not by the laptop's address.
    """

    TYPE = "imgstore:clientvpn:ClientVpn"

    def __init__(
        self,
        name: str,
        base: Platform,
        settings: ClientVpnSettings,
        *,
        groups: Mapping[str, str],
        dns: Dns,
        network: Network,
        listener_groups: Mapping[int, ec2.SecurityGroup],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """`groups`: Identity Center id by name. `listener_groups`: load balancer's security group by listener port."""
        super().__init__(name, base, opts)
        self.logs = log_group(
            self,
            "logs",
            name=self.names.log_group("client-vpn"),
            source_type="aws:vpn",
        )
        self.security_group = security_group(
            self, "sessions", vpc_id=network.vpc.id, description="Sessions of the client VPN, to the load balancers"
        )
        for port, group in listener_groups.items():
            connect(
                self,
                f"to-{port}",
                source=self.security_group,
                target=group,
                port=port,
                description=f"Client VPN sessions to port {port}",
            )
        self.endpoint = self._endpoint(settings, dns, network)
        ec2clientvpn.NetworkAssociation(
            self.child("edge"),
            client_vpn_endpoint_id=self.endpoint.id,
            subnet_id=network.subnet_ids("edge")[0],
            opts=self.options(),
        )
        for directory_group in settings.groups:
            self._authorize(directory_group, groups[directory_group], network)
        self.register_outputs({"endpointId": self.endpoint.id, "endpointHost": self.endpoint.dns_name})

    def _endpoint(self, settings: ClientVpnSettings, dns: Dns, network: Network) -> ec2clientvpn.Endpoint:
        provider = iam.SamlProvider(
            self.child("sign-in"),
            name=self.names.of("iam.SamlProvider", "client-vpn"),
            saml_metadata_document=read_metadata(settings.saml_metadata),
            tags=self.names.tags("client-vpn"),
            opts=self.options(),
        )
        federated = ec2clientvpn.EndpointAuthenticationOptionArgs(
            type="federated-authentication", saml_provider_arn=provider.arn
        )
        return ec2clientvpn.Endpoint(
            self.child("endpoint"),
            description=f"{self.names.prefix}: people of the study",
            authentication_options=[federated],
            server_certificate_arn=domains.certificate(self, "certificate", domain=f"vpn.{dns.name}", dns=dns),
            client_cidr_block=str(settings.cidr),
            vpc_id=network.vpc.id,
            security_group_ids=[self.security_group.id],
            transport_protocol="udp",
            vpn_port=443,
            split_tunnel=True,
            session_timeout_hours=settings.session_hours,
            # Otherwise the client reconnects by itself, and the timeout has no effect.
            disconnect_on_session_timeout=True,
            self_service_portal="disabled",
            client_login_banner_options=ec2clientvpn.EndpointClientLoginBannerOptionsArgs(
                enabled=True, banner_text=settings.banner
            ),
            connection_log_options=_connection_log(self.logs),
            tags=self.names.tags("client-vpn"),
            opts=self.options(),
        )

    def _authorize(self, group: str, group_id: str, network: Network) -> None:
        for zone in network.zones:
            ec2clientvpn.AuthorizationRule(
                self.child(f"{group}-{zone}"),
                client_vpn_endpoint_id=self.endpoint.id,
                target_network_cidr=str(subnets.subnet(network.cidr, "edge", zone)),
                # Identity Center sends the ids of groups, never their names.
                access_group_id=group_id,
                description=f"{group} to the load balancers in zone {zone}",
                opts=self.options(),
            )


def _connection_log(source: LogSource) -> ec2clientvpn.EndpointConnectionLogOptionsArgs:
    return ec2clientvpn.EndpointConnectionLogOptionsArgs(enabled=True, cloudwatch_log_group=source.group.name)
