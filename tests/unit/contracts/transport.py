"""Whatever listens accepts TLS 1.2 or newer and nothing else; whatever asks verifies whom it asks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from ops.plan import Plan
from tests.unit.contracts.content import containers
from tests.unit.contracts.documents import parse

SSL_POLICIES = frozenset(
    {
        "ELBSecurityPolicy-TLS13-1-2-2021-06",
        "ELBSecurityPolicy-TLS13-1-2-Res-2021-06",
        "ELBSecurityPolicy-TLS13-1-3-2021-06",
        "ELBSecurityPolicy-TLS13-1-2-FIPS-2023-04",
        "ELBSecurityPolicy-TLS13-1-2-Res-FIPS-2023-04",
        "ELBSecurityPolicy-TLS13-1-3-FIPS-2023-04",
        "ELBSecurityPolicy-FS-1-2-Res-2020-10",
    }
)
"""https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html"""

PASSED_THROUGH = {
    "edge-dicom-listener": "Orthanc ends DICOM TLS itself, because it asks the sender for a certificate",
    "edge-dicom": "Orthanc ends DICOM TLS itself; its health check only opens a connection",
}
"""Listeners and target groups of the network load balancer that forward TCP; `verified_orthanc` holds the TLS behind them."""

PARAMETERS = {"rds.force_ssl": "1", "ssl_min_protocol_version": "TLSv1.2"}

REFUSALS = {
    "RefusePlainHttp": {"Bool": {"aws:SecureTransport": "false"}},
    "RefuseOldTls": {"NumericLessThan": {"s3:TlsVersion": "1.2"}},
}

PROTOCOLS = {"TLSv1.2", "TLSv1.3"}
NGINX = {
    "ssl_protocols": PROTOCOLS,
    "proxy_ssl_protocols": PROTOCOLS,
    "proxy_ssl_verify": {"on"},
    "proxy_ssl_trusted_certificate": {"/run/tls/authority.crt"},
}

ORTHANC = {
    "SslEnabled": True,
    "SslMinimumProtocolVersion": 4,
    "AuthenticationEnabled": True,
    "DicomTlsEnabled": True,
    "DicomTlsRemoteCertificateRequired": True,
    "DicomTlsMinimumProtocolVersion": 4,
}
"""4 is TLS 1.2: https://orthanc.uclouvain.be/book/faq/https.html"""

TUNNEL = {
    "IkeVersions": {"ikev2"},
    "Phase1EncryptionAlgorithms": {"AES256", "AES256-GCM-16"},
    "Phase2EncryptionAlgorithms": {"AES256", "AES256-GCM-16"},
    "Phase1IntegrityAlgorithms": {"SHA2-256", "SHA2-384", "SHA2-512"},
    "Phase2IntegrityAlgorithms": {"SHA2-256", "SHA2-384", "SHA2-512"},
    "Phase1DhGroupNumbers": {19, 20, 21},
    "Phase2DhGroupNumbers": {19, 20, 21},
}
"""What a tunnel may propose; absent means all that AWS knows, SHA-1 among it."""


def listeners(plan: Plan) -> list[str]:
    """A listener speaks TLS by a policy of 1.2 or newer, with a certificate; an HTTP listener does nothing but redirect."""
    violations = []
    for listener in plan.of_type("aws:lb/listener:Listener"):
        inputs = listener.inputs
        match inputs.get("protocol"):
            case "HTTPS" | "TLS":
                if inputs.get("sslPolicy") not in SSL_POLICIES:
                    violations.append(f"{listener.urn}: policy {inputs.get('sslPolicy')} is none of TLS 1.2 or newer")
                if not inputs.get("certificateArn"):
                    violations.append(f"{listener.urn}: has no certificate")
            case "HTTP" if [_redirect(action) for action in inputs["defaultActions"]] == ["HTTPS"]:
                pass
            case "TCP" if listener.name in PASSED_THROUGH:
                pass
            case protocol:
                violations.append(f"{listener.urn}: listens with {protocol} in plain")
    return violations


def _redirect(action: dict[str, Any]) -> str | None:
    return action.get("redirect", {}).get("protocol") if action["type"] == "redirect" else None


def target_groups(plan: Plan) -> list[str]:
    """Load balancers speak TLS to the tasks as well, health checks included."""
    return [
        f"{group.urn}: {what} speaks {protocol}"
        for group in plan.of_type("aws:lb/targetGroup:TargetGroup")
        if group.name not in PASSED_THROUGH
        for what, protocol in (
            ("traffic", group.inputs.get("protocol")),
            ("health check", group.inputs.get("healthCheck", {}).get("protocol", "HTTP by default")),
        )
        if protocol not in {"HTTPS", "TLS"}
    ]


def databases(plan: Plan) -> list[str]:
    """Every cluster uses a parameter group that refuses connections without TLS 1.2."""
    groups = {
        group.inputs["name"]: {each["name"]: each["value"] for each in group.inputs["parameters"]}
        for group in plan.of_type("aws:rds/clusterParameterGroup:ClusterParameterGroup")
    }
    return [
        f"{cluster.urn}: {name} is not {value}"
        for cluster in plan.of_type("aws:rds/cluster:Cluster")
        for name, value in PARAMETERS.items()
        if groups.get(cluster.inputs.get("dbClusterParameterGroupName"), {}).get(name) != value
    ]


def bucket_policies(plan: Plan) -> list[str]:
    """Every bucket has a policy that refuses plain HTTP and old TLS, to everybody, for itself and all its objects."""
    policies = {
        policy.inputs["bucket"]: {each["Sid"]: each for each in parse(policy.inputs["policy"])["Statement"]}
        for policy in plan.of_type("aws:s3/bucketPolicy:BucketPolicy")
    }
    violations = []
    for bucket in plan.of_type("aws:s3/bucket:Bucket"):
        arn = f"arn:aws:s3:::{bucket.inputs['bucket']}"
        for sid, condition in REFUSALS.items():
            refusal = {
                "Sid": sid,
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": [arn, f"{arn}/*"],
                "Condition": condition,
            }
            if policies.get(bucket.inputs["bucket"], {}).get(sid) != refusal:
                violations.append(f"{bucket.urn}: its policy lacks {sid}")
    return violations


def topics(plan: Plan) -> list[str]:
    """Every topic refuses publishers without TLS, and tells nobody over plain HTTP."""
    refusing = {
        reference.urn
        for policy in plan.of_type("aws:sns/topicPolicy:TopicPolicy")
        for statement in parse(policy.inputs["policy"])["Statement"]
        if (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "sns:Publish")
        and statement["Condition"] == REFUSALS["RefusePlainHttp"]
        for reference in plan.references(policy.inputs["arn"])
    }
    return [
        f"{topic.urn}: takes messages over plain HTTP"
        for topic in plan.of_type("aws:sns/topic:Topic")
        if topic.urn not in refusing
    ] + [
        f"{subscription.urn}: tells over plain HTTP"
        for subscription in plan.of_type("aws:sns/topicSubscription:TopicSubscription")
        if subscription.inputs["protocol"] == "http"
    ]


def remote_access(plan: Plan) -> list[str]:
    """VPN tunnels propose strong algorithms alone; people's VPN and sign-in use certificates of ACM and https."""
    return [*_tunnels(plan), *_certificates(plan), *_addresses(plan)]


def _tunnels(plan: Plan) -> Iterator[str]:
    for connection in plan.of_type("aws:ec2/vpnConnection:VpnConnection"):
        for tunnel in ("tunnel1", "tunnel2"):
            for name, strong in TUNNEL.items():
                proposed = set(connection.inputs.get(f"{tunnel}{name}", ["everything"]))
                if not proposed <= strong:
                    yield f"{connection.urn}: {tunnel}{name} proposes {sorted(proposed - strong, key=str)}"


def _certificates(plan: Plan) -> Iterator[str]:
    for certificate in plan.of_type("aws:acm/certificate:Certificate"):
        if certificate.inputs.get("validationMethod") != "DNS":
            yield f"{certificate.urn}: is not renewed by itself, because DNS does not prove it"
    for endpoint in plan.of_type("aws:ec2clientvpn/endpoint:Endpoint"):
        issuers = {plan.by_urn[found.urn].type for found in plan.references(endpoint.inputs["serverCertificateArn"])}
        if not issuers & {"aws:acm/certificate:Certificate", "aws:acm/certificateValidation:CertificateValidation"}:
            yield f"{endpoint.urn}: its server certificate is none of ACM's of this stack"
        if {option["type"] for option in endpoint.inputs["authenticationOptions"]} != {"federated-authentication"}:
            yield f"{endpoint.urn}: lets people in without the directory"


def _addresses(plan: Plan) -> Iterator[str]:
    for client in plan.of_type("aws:cognito/userPoolClient:UserPoolClient"):
        for url in [*client.inputs.get("callbackUrls", []), *client.inputs.get("logoutUrls", [])]:
            if not url.startswith("https://"):
                yield f"{client.urn}: sends people to {url}"
    for stream in plan.of_type("aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream"):
        endpoint = stream.inputs.get("splunkConfiguration", {}).get("hecEndpoint", "")
        if not endpoint.startswith("https://"):
            yield f"{stream.urn}: delivers to {endpoint or 'no Splunk'}"


def verified_nginx(plan: Plan) -> list[str]:
    """nginx takes TLS 1.2 or newer alone, and asks Orthanc over TLS whose certificate it verifies."""
    violations = []
    for text in _variables(plan, "NGINX_CONFIGURATION"):
        for directive, wanted in NGINX.items():
            found = re.findall(rf"^\s*{directive}\s+([^;]+);", text, re.MULTILINE)
            if [set(value.split()) for value in found] != [wanted]:
                violations.append(f"nginx: {directive} is {found or 'absent'}")
        violations += [
            f"nginx: listens with {port}" for port in re.findall(r"listen\s+([^;]+);", text) if "ssl" not in port
        ]
        violations += [f"nginx: asks {url}" for url in re.findall(r"proxy_pass\s+(http://[^;]+);", text)]
    return violations or _missing(plan, "NGINX_CONFIGURATION")


def verified_orthanc(plan: Plan) -> list[str]:
    """Orthanc takes HTTPS and DICOM over TLS 1.2 or newer alone, from known certificates, and verifies the database."""
    violations = []
    for text in _variables(plan, "ORTHANC_CONFIGURATION"):
        configuration = json.loads(text)
        violations += [
            f"Orthanc: {key} is {configuration.get(key)}, not {value}"
            for key, value in ORTHANC.items()
            if configuration.get(key) != value
        ]
        if "sslmode=verify-full" not in configuration["PostgreSQL"]["ConnectionUri"]:
            violations.append("Orthanc: does not verify the database's certificate")
    return violations or _missing(plan, "ORTHANC_CONFIGURATION")


def _variables(plan: Plan, name: str) -> list[str]:
    return [
        entry["value"]
        for _, container in containers(plan)
        for entry in container.get("environment", [])
        if entry["name"] == name
    ]


def _missing(plan: Plan, name: str) -> list[str]:
    count = len(_variables(plan, name))
    return [] if count == 1 else [f"{count} containers have a {name}, not one"]
