"""Authentication: people sign in through the university's directory, centers' software presents its own token."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
from pulumi_aws import cognito, lb

from components.core import Component, Platform
from settings import Center, Dns
from settings import Identity as IdentitySettings
from settings.saml import read_metadata

RESOURCE_SERVER = "dicomweb"
SCOPES = {"store": "Store studies (STOW-RS)", "read": "Find and retrieve studies (QIDO-RS, WADO-RS)"}
PROVIDER = "IdentityCenter"
TOKEN_MINUTES = 15
"""Validity of a person's token: an open session works this long after the directory disabled the person."""

MACHINE_TOKEN_MINUTES = 60
CALLBACK_PATH = "/oauth2/idpresponse"
"""https://docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-authenticate-users.html"""

ADDED_DETAILS = ("ActiveEncryptionCertificate", "SSORedirectBindingURI", "SLORedirectBindingURI")
"""Details that Cognito adds to the provider itself, and that every preview would otherwise show as a change:
https://github.com/hashicorp/terraform-provider-aws/issues/36912
"""

# Without this list Cognito would enable password sign-in for every client.
NO_PASSWORDS = ["ALLOW_REFRESH_TOKEN_AUTH"]


def scope_name(scope: str) -> str:
    """The OAuth scope as a token carries it."""
    return f"{RESOURCE_SERVER}/{scope}"


class Identity(Component):
    """Creates the Cognito user pool that federates the load balancer's sign-in to IAM Identity Center, and its clients.

    Guarantees: nobody can register, and there are no passwords here: people come from the directory, which also
    requires a second factor; their session ends after the hours of the settings; each center's software has its own
    client, which can never act for a person; the pool is deletion-protected while the study is active, because the
    access log identifies people by its ids. Cognito generates the clients' secrets, which are encrypted outputs.
    """

    TYPE = "imgstore:identity:Identity"

    def __init__(
        self,
        name: str,
        base: Platform,
        settings: IdentitySettings,
        *,
        centers: Sequence[Center],
        dns: Dns,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, base, opts)
        self.session_seconds = settings.session_hours * 3600
        self.pool = self._pool()
        self.domain = cognito.UserPoolDomain(
            self.child("domain"),
            user_pool_id=self.pool.id,
            domain=settings.domain_prefix,
            managed_login_version=1,  # not shown: with one provider, Cognito redirects people straight to it
            opts=self.options(),
        )
        self.people = self._people(settings, dns.name)
        server = self._resource_server()
        self.machines = {center.name: self._machine(center.name, server) for center in centers}
        self.clients = {center: client.id for center, client in self.machines.items()}
        self.issuer = pulumi.Output.concat(f"https://cognito-idp.{self.names.region}.amazonaws.com/", self.pool.id)
        self.token_endpoint = (
            f"https://{settings.domain_prefix}.auth.{self.names.region}.amazoncognito.com/oauth2/token"
        )
        self.register_outputs(
            {
                "userPoolId": self.pool.id,
                "tokenEndpoint": self.token_endpoint,
                "clients": self.clients,
            }
        )

    def sign_in(self) -> lb.ListenerRuleActionArgs:
        """Action of a listener rule: a person without a session is redirected to the directory to sign in."""
        return lb.ListenerRuleActionArgs(
            type="authenticate-cognito",
            authenticate_cognito=lb.ListenerRuleActionAuthenticateCognitoArgs(
                user_pool_arn=self.pool.arn,
                user_pool_client_id=self.people.id,
                user_pool_domain=self.domain.domain,
                scope="openid",
                session_timeout=self.session_seconds,
                on_unauthenticated_request="authenticate",
            ),
        )

    def token(self, scope: str) -> lb.ListenerRuleActionArgs:
        """Action of a listener rule: 401 unless the request carries a valid token with `scope`.

        https://docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-verify-jwt.html
        """
        granted = lb.ListenerRuleActionJwtValidationAdditionalClaimArgs(
            name="scope", format="space-separated-values", values=[scope_name(scope)]
        )
        return lb.ListenerRuleActionArgs(
            type="jwt-validation",
            jwt_validation=lb.ListenerRuleActionJwtValidationArgs(
                issuer=self.issuer,
                jwks_endpoint=pulumi.Output.concat(self.issuer, "/.well-known/jwks.json"),
                additional_claims=[granted],
            ),
        )

    def _pool(self) -> cognito.UserPool:
        recovery = cognito.UserPoolAccountRecoverySettingRecoveryMechanismArgs(name="admin_only", priority=1)
        return cognito.UserPool(
            self.child("pool"),
            name=self.names.of("cognito.UserPool", "people"),
            user_pool_tier="ESSENTIALS",
            admin_create_user_config=cognito.UserPoolAdminCreateUserConfigArgs(allow_admin_create_user_only=True),
            account_recovery_setting=cognito.UserPoolAccountRecoverySettingArgs(recovery_mechanisms=[recovery]),
            # The directory requires the second factor; Cognito supports none for federated users.
            mfa_configuration="OFF",
            deletion_protection="ACTIVE" if self.lifecycle.protected else "INACTIVE",
            tags=self.names.tags("people"),
            opts=self.stateful(),
        )

    def _people(self, settings: IdentitySettings, dns_name: str) -> cognito.UserPoolClient:
        directory = cognito.IdentityProvider(
            self.child("directory"),
            user_pool_id=self.pool.id,
            provider_name=PROVIDER,
            provider_type="SAML",
            provider_details={"MetadataFile": read_metadata(settings.saml_metadata)},
            attribute_mapping={"email": "email"},
            opts=self.options(ignore_changes=[f"providerDetails.{key}" for key in ADDED_DETAILS]),
        )
        units = cognito.UserPoolClientTokenValidityUnitsArgs(
            access_token="minutes",  # noqa: S106  a unit of time
            id_token="minutes",  # noqa: S106  a unit of time
            refresh_token="hours",  # noqa: S106  a unit of time
        )
        return cognito.UserPoolClient(
            self.child("browsers"),
            user_pool_id=self.pool.id,
            name=self.names.of("cognito.UserPoolClient", "browsers"),
            generate_secret=True,
            allowed_oauth_flows_user_pool_client=True,
            allowed_oauth_flows=["code"],
            allowed_oauth_scopes=["openid"],
            callback_urls=[f"https://{dns_name}{CALLBACK_PATH}"],
            supported_identity_providers=[directory.provider_name],
            explicit_auth_flows=NO_PASSWORDS,
            access_token_validity=TOKEN_MINUTES,
            id_token_validity=TOKEN_MINUTES,
            refresh_token_validity=settings.session_hours,
            token_validity_units=units,
            enable_token_revocation=True,
            prevent_user_existence_errors="ENABLED",
            opts=self.options(),
        )

    def _resource_server(self) -> cognito.ResourceServer:
        return cognito.ResourceServer(
            self.child("dicomweb"),
            user_pool_id=self.pool.id,
            identifier=RESOURCE_SERVER,
            name=self.names.of("cognito.ResourceServer", "dicomweb"),
            scopes=[
                cognito.ResourceServerScopeArgs(scope_name=scope, scope_description=description)
                for scope, description in SCOPES.items()
            ],
            opts=self.options(),
        )

    def _machine(self, center: str, server: cognito.ResourceServer) -> cognito.UserPoolClient:
        units = cognito.UserPoolClientTokenValidityUnitsArgs(access_token="minutes")  # noqa: S106  a unit of time
        return cognito.UserPoolClient(
            self.child(f"center-{center}"),
            user_pool_id=self.pool.id,
            name=self.names.of("cognito.UserPoolClient", f"center-{center}"),
            generate_secret=True,
            allowed_oauth_flows_user_pool_client=True,
            # Cognito refuses this flow beside any other: a center's client can never act for a person.
            allowed_oauth_flows=["client_credentials"],
            allowed_oauth_scopes=[scope_name(scope) for scope in SCOPES],
            explicit_auth_flows=NO_PASSWORDS,
            access_token_validity=MACHINE_TOKEN_MINUTES,
            token_validity_units=units,
            enable_token_revocation=True,
            prevent_user_existence_errors="ENABLED",
            opts=self.options(depends_on=[server]),  # its scopes are plain text, which implies no dependency
        )
