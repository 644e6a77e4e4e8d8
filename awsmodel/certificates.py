"""Keys and certificates as the provider `tls` creates them: real ones, so that a rendered configuration can run."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CURVES: dict[str, type[ec.EllipticCurve]] = {"P256": ec.SECP256R1, "P384": ec.SECP384R1, "P521": ec.SECP521R1}
SUBJECT = {
    "commonName": NameOID.COMMON_NAME,
    "organization": NameOID.ORGANIZATION_NAME,
    "country": NameOID.COUNTRY_NAME,
}
EXTENDED = {"server_auth": ExtendedKeyUsageOID.SERVER_AUTH, "client_auth": ExtendedKeyUsageOID.CLIENT_AUTH}
USAGES = {
    "digital_signature": "digital_signature",
    "content_commitment": "content_commitment",
    "key_encipherment": "key_encipherment",
    "data_encipherment": "data_encipherment",
    "key_agreement": "key_agreement",
    "cert_signing": "key_cert_sign",
    "crl_signing": "crl_sign",
}


def private_key(inputs: dict[str, Any]) -> dict[str, Any]:
    """Outputs of a new PrivateKey."""
    if inputs["algorithm"] == "RSA":
        key: Any = rsa.generate_private_key(public_exponent=65537, key_size=int(inputs.get("rsaBits", 2048)))
    else:
        key = ec.generate_private_key(CURVES[inputs.get("ecdsaCurve", "P224")]())
    encoding, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    formats = {
        "privateKeyPem": serialization.PrivateFormat.TraditionalOpenSSL,
        "privateKeyPemPkcs8": serialization.PrivateFormat.PKCS8,
    }
    public = key.public_key().public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
    return {"publicKeyPem": public} | {
        name: key.private_bytes(encoding, form, plain).decode() for name, form in formats.items()
    }


def certificate_request(inputs: dict[str, Any]) -> dict[str, Any]:
    """Outputs of a new CertRequest."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(_name(inputs.get("subject", {})))
    hosts = [x509.DNSName(name) for name in inputs.get("dnsNames", [])]
    if hosts:
        builder = builder.add_extension(x509.SubjectAlternativeName(hosts), critical=False)
    signed = builder.sign(_key(inputs["privateKeyPem"]), hashes.SHA256())
    return {"certRequestPem": signed.public_bytes(serialization.Encoding.PEM).decode(), "keyAlgorithm": "ECDSA"}


def self_signed_certificate(inputs: dict[str, Any]) -> dict[str, Any]:
    """Outputs of a new SelfSignedCert."""
    key, name = _key(inputs["privateKeyPem"]), _name(inputs.get("subject", {}))
    hosts = [x509.DNSName(host) for host in inputs.get("dnsNames", [])]
    return _sign(inputs, subject=name, issuer=name, public=key.public_key(), hosts=hosts, signer=key)


def locally_signed_certificate(inputs: dict[str, Any]) -> dict[str, Any]:
    """Outputs of a new LocallySignedCert."""
    authority = x509.load_pem_x509_certificate(inputs["caCertPem"].encode())
    request = x509.load_pem_x509_csr(inputs["certRequestPem"].encode())
    try:
        hosts = list(request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    except x509.ExtensionNotFound:
        hosts = []
    return _sign(
        inputs,
        subject=request.subject,
        issuer=authority.subject,
        public=request.public_key(),
        hosts=hosts,
        signer=_key(inputs["caPrivateKeyPem"]),
    )


def _sign(inputs: dict[str, Any], *, subject: Any, issuer: Any, public: Any, hosts: Any, signer: Any) -> dict[str, Any]:
    start = datetime.now(UTC).replace(microsecond=0)
    end = start + timedelta(hours=float(inputs["validityPeriodHours"]))
    authority = bool(inputs.get("isCaCertificate"))
    allowed = inputs["allowedUses"]
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        .add_extension(_usage(allowed), critical=True)
    )
    extended = [EXTENDED[use] for use in allowed if use in EXTENDED]
    if extended:
        builder = builder.add_extension(x509.ExtendedKeyUsage(extended), critical=False)
    if hosts:
        builder = builder.add_extension(x509.SubjectAlternativeName(hosts), critical=False)
    certificate = builder.sign(signer, hashes.SHA256())
    return {
        "certPem": certificate.public_bytes(serialization.Encoding.PEM).decode(),
        "validityStartTime": start.isoformat(),
        "validityEndTime": end.isoformat(),
        "readyForRenewal": False,
        "keyAlgorithm": "ECDSA",
    }


def _usage(allowed: list[str]) -> x509.KeyUsage:
    flags = dict.fromkeys([*USAGES.values(), "encipher_only", "decipher_only"], False)
    return x509.KeyUsage(**flags | {USAGES[use]: True for use in allowed if use in USAGES})


def _name(subject: dict[str, Any]) -> x509.Name:
    return x509.Name([x509.NameAttribute(SUBJECT[key], value) for key, value in subject.items() if key in SUBJECT])


def _key(pem: str) -> Any:
    return serialization.load_pem_private_key(pem.encode(), password=None)


MAKERS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "tls:index/privateKey:PrivateKey": private_key,
    "tls:index/certRequest:CertRequest": certificate_request,
    "tls:index/selfSignedCert:SelfSignedCert": self_signed_certificate,
    "tls:index/locallySignedCert:LocallySignedCert": locally_signed_certificate,
}
