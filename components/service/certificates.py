"""The store's own certificate authority: for hops that no public authority can vouch for, and for DICOM senders."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
import pulumi_tls as tls

from components.core.base import Component, Scope
from components.core.keys import Keys
from components.core.secrets import StoredSecret, fingerprint, store

CA_HOURS = 3 * 365 * 24
LEAF_HOURS = 398 * 24  # what browsers accept at most; long enough for a 12-month study
RENEWAL_HOURS = 60 * 24

ALGORITHM, CURVE = "ECDSA", "P384"


class PrivateCa(Component):
    """Creates a root key and certificate, and with `issue` and `enrol` what it signs, in Secrets Manager.

    A secret of it is JSON of `certificate`, `privateKey` and `authority`, in PEM. Guarantees: ECDSA P-384, leaves for
    398 days that are renewed by any update within their last 60. The keys are in the stack's state, encrypted by its
    secrets provider, and in Secrets Manager; nowhere else.
    """

    TYPE = "imgstore:certificates:PrivateCa"

    def __init__(self, name: str, scope: Scope, *, keys: Keys, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, scope, opts)
        self.keys = keys
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
        self.register_outputs({"certificate": self.certificate.cert_pem})

    def issue(self, suffix: str, hosts: Sequence[str]) -> StoredSecret:
        """Secret `tls-<suffix>` with a server certificate for `hosts`, the first of which names it."""
        request = self._request(suffix, hosts[0], dns_names=hosts)
        return self._signed(suffix, request, use="server_auth", description=f"Server certificate of {hosts[0]}")

    def enrol(self, center: str) -> StoredSecret:
        """Secret `tls-<center>-dicom` with the client certificate that the center's DICOM senders present."""
        suffix = f"{center}-dicom"  # a secret must not end in a hyphen and six characters, as its ARN does
        request = self._request(suffix, center)
        return self._signed(suffix, request, use="client_auth", description=f"Client certificate of {center}")

    def _request(self, suffix: str, common_name: str, dns_names: Sequence[str] | None = None) -> tls.CertRequest:
        key = tls.PrivateKey(self.child(f"{suffix}-key"), algorithm=ALGORITHM, ecdsa_curve=CURVE, opts=self.options())
        return tls.CertRequest(
            self.child(f"{suffix}-request"),
            private_key_pem=key.private_key_pem,
            dns_names=dns_names,
            subject=tls.CertRequestSubjectArgs(common_name=common_name, organization=self.names.study),
            opts=self.options(),
        )

    def _signed(self, suffix: str, request: tls.CertRequest, *, use: str, description: str) -> StoredSecret:
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
        return store(
            self,
            f"tls-{suffix}",
            description=description,
            value=bundle,
            version=certificate.cert_pem.apply(fingerprint),
            keys=self.keys,
        )
