"""The store's private certificate authority: for hops inside the VPC, and for DICOM senders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi
import pulumi_tls as tls

from components.core import Component, Platform, StoredSecret, create_secret, value_version

CA_HOURS = 3 * 365 * 24
LEAF_HOURS = 398 * 24  # the maximum that browsers accept; long enough for a 12-month study
RENEWAL_HOURS = 60 * 24

ALGORITHM, CURVE = "ECDSA", "P384"


class PrivateCa(Component):
    """Creates a root key and certificate, and a secret `tls-<server>` or `tls-<center>-dicom` for each certificate.

    A secret is JSON of `certificate`, `privateKey` and `authority`, in PEM. `senders` are client certificates, which a
    center's DICOM senders present. Guarantees: ECDSA P-384; certificates are valid for 398 days, and any update within
    their last 60 renews them. The keys are in the stack's state, encrypted by its secrets provider, and in Secrets
    Manager; nowhere else.
    """

    TYPE = "imgstore:certificates:PrivateCa"

    def __init__(
        self,
        name: str,
        base: Platform,
        *,
        servers: Mapping[str, Sequence[str]],
        senders: Sequence[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """`servers`: host names of each server, the first of which is its common name. `senders`: centers."""
        super().__init__(name, base, opts)
        self.key = tls.PrivateKey(self.child("key"), algorithm=ALGORITHM, ecdsa_curve=CURVE, opts=self.options())
        self.certificate = tls.SelfSignedCert(
            self.child("root"),
            private_key_pem=self.key.private_key_pem,
            subject=tls.SelfSignedCertSubjectArgs(
                common_name=f"{self.names.prefix} image store root", organization=self.names.study
            ),
            is_ca_certificate=True,
            set_subject_key_id=True,
            validity_period_hours=CA_HOURS,
            allowed_uses=["cert_signing", "crl_signing"],
            opts=self.options(),
        )
        self.servers = {server: self._issue_server(server, hosts) for server, hosts in servers.items()}
        self.senders = {center: self._issue_client(center) for center in senders}
        self.register_outputs({"certificate": self.certificate.cert_pem})

    def _issue_server(self, suffix: str, hosts: Sequence[str]) -> StoredSecret:
        request = self._request(suffix, hosts[0], dns_names=hosts)
        return self._sign(suffix, request, use="server_auth", description=f"Server certificate of {hosts[0]}")

    def _issue_client(self, center: str) -> StoredSecret:
        suffix = f"{center}-dicom"  # a secret's name must not end like its ARN, in a hyphen and six characters
        request = self._request(suffix, center)
        return self._sign(suffix, request, use="client_auth", description=f"Client certificate of {center}")

    def _request(self, suffix: str, common_name: str, dns_names: Sequence[str] | None = None) -> tls.CertRequest:
        key = tls.PrivateKey(self.child(f"{suffix}-key"), algorithm=ALGORITHM, ecdsa_curve=CURVE, opts=self.options())
        return tls.CertRequest(
            self.child(f"{suffix}-request"),
            private_key_pem=key.private_key_pem,
            dns_names=dns_names,
            subject=tls.CertRequestSubjectArgs(common_name=common_name, organization=self.names.study),
            opts=self.options(),
        )

    def _sign(self, suffix: str, request: tls.CertRequest, *, use: str, description: str) -> StoredSecret:
        certificate = tls.LocallySignedCert(
            self.child(f"{suffix}-certificate"),
            cert_request_pem=request.cert_request_pem,
            ca_cert_pem=self.certificate.cert_pem,
            ca_private_key_pem=self.key.private_key_pem,
            validity_period_hours=LEAF_HOURS,
            early_renewal_hours=RENEWAL_HOURS,
            allowed_uses=["digital_signature", use],
            opts=self.options(),
        )
        bundle = pulumi.Output.json_dumps(
            {
                "certificate": certificate.cert_pem,
                "privateKey": request.private_key_pem,
                "authority": self.certificate.cert_pem,
            }
        )
        return create_secret(
            self,
            f"tls-{suffix}",
            description=description,
            value=bundle,
            version=certificate.cert_pem.apply(value_version),
        )
