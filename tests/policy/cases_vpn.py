"""Cases of the rules for VPNs."""

from typing import Any

from hipaa import types
from hipaa.model import UNKNOWN, Resource
from tests.policy.cases import Cases, resource

GROUP_ARN = "arn:aws:logs:us-east-1:111122223333:log-group:/aws/vendedlogs/vpn"
LOGS = {
    "logEnabled": True,
    "logGroupArn": UNKNOWN,
    "bgpLogEnabled": True,
    "bgpLogGroupArn": UNKNOWN,
}
OTHER = (resource("aws:ec2/customerGateway:CustomerGateway"),)


def tunnels(**changes: Any) -> tuple[Resource]:
    """A connection with two strong tunnels; None removes a property."""
    strong: dict[str, Any] = {}
    for tunnel in ("tunnel1", "tunnel2"):
        strong[f"{tunnel}IkeVersions"] = ["ikev2"]
        for phase in ("Phase1", "Phase2"):
            strong[f"{tunnel}{phase}EncryptionAlgorithms"] = ["AES256-GCM-16"]
            strong[f"{tunnel}{phase}IntegrityAlgorithms"] = ["SHA2-384"]
            strong[f"{tunnel}{phase}DhGroupNumbers"] = [20.0]
    merged: dict[str, Any] = {key: value for key, value in {**strong, **changes}.items() if value is not None}
    return (resource(types.VPN_CONNECTION, **merged),)


def with_logs(*, static: Any = False, **changes: Any) -> tuple[Resource]:
    """A connection whose first tunnel has other log options; None removes an option."""
    first: dict[str, Any] = {key: value for key, value in {**LOGS, **changes}.items() if value is not None}
    options: dict[str, Any] = {
        "tunnel1LogOptions": {"cloudwatchLogOptions": first},
        "tunnel2LogOptions": {"cloudwatchLogOptions": LOGS},
    }
    return (resource(types.VPN_CONNECTION, staticRoutesOnly=static, **options),)


def client(**changes: Any) -> tuple[Resource]:
    """A hardened client VPN endpoint; None removes a property."""
    hardened: dict[str, Any] = {
        "authenticationOptions": [{"type": "federated-authentication", "samlProviderArn": UNKNOWN}],
        "connectionLogOptions": {"enabled": True, "cloudwatchLogGroup": "/client-vpn"},
        "clientLoginBannerOptions": {"enabled": True, "bannerText": "Staff only"},
        "sessionTimeoutHours": 8.0,
    }
    merged: dict[str, Any] = {key: value for key, value in {**hardened, **changes}.items() if value is not None}
    return (resource(types.ENDPOINT, **merged),)


def authorization(**properties: Any) -> tuple[Resource]:
    return (resource(types.AUTHORIZATION_RULE, targetNetworkCidr="10.0.0.0/24", **properties),)


CERTIFICATE = {"type": "certificate-authentication", "rootCertificateChainArn": UNKNOWN}
FEDERATED = {"type": "federated-authentication", "samlProviderArn": UNKNOWN}

CASES = {
    "OWN-01": Cases(
        passes=(
            tunnels(),
            tunnels(tunnel1Phase1DhGroupNumbers=["19", 21], tunnel2Phase2EncryptionAlgorithms=["AES256"]),
            tunnels(tunnel1Phase1IntegrityAlgorithms=["SHA2-256", "SHA2-512"]),
        ),
        fails=(
            tunnels(tunnel1IkeVersions=["ikev1", "ikev2"]),
            tunnels(tunnel2IkeVersions=[]),
            tunnels(tunnel1Phase1EncryptionAlgorithms=["AES128"]),
            tunnels(tunnel2Phase2EncryptionAlgorithms=["AES256", "AES128-GCM-16"]),
            tunnels(tunnel1Phase2IntegrityAlgorithms=["SHA1"]),
            tunnels(tunnel2Phase1IntegrityAlgorithms=["SHA2-256", "SHA1"]),
            tunnels(tunnel1Phase1DhGroupNumbers=[2]),
            tunnels(tunnel2Phase2DhGroupNumbers=[20, 5.0]),
            tunnels(tunnel2Phase2DhGroupNumbers=None),
            tunnels(tunnel1Phase1EncryptionAlgorithms=[UNKNOWN, "AES128"]),
        ),
        absent=(resource(types.VPN_CONNECTION, type="ipsec.1"),),
        unknown=tunnels(tunnel1Phase1EncryptionAlgorithms=UNKNOWN, tunnel2Phase2DhGroupNumbers=[UNKNOWN]),
        other=OTHER,
    ),
    "OWN-02": Cases(
        passes=(
            with_logs(),
            with_logs(logGroupArn=GROUP_ARN, bgpLogGroupArn=f"{GROUP_ARN}:*"),
            with_logs(static=True, bgpLogEnabled=None, bgpLogGroupArn=None),
        ),
        fails=(
            with_logs(logEnabled=False),
            with_logs(logEnabled=None),
            with_logs(logGroupArn=None),
            with_logs(logGroupArn=GROUP_ARN.replace("/aws/vendedlogs/", "/")),
            with_logs(bgpLogEnabled=False),
            with_logs(bgpLogGroupArn=None),
            (resource(types.VPN_CONNECTION, tunnel1LogOptions={"cloudwatchLogOptions": LOGS}),),
        ),
        absent=(resource(types.VPN_CONNECTION, type="ipsec.1"),),
        unknown=with_logs(logEnabled=UNKNOWN),
        other=OTHER,
    ),
    "OWN-03": Cases(
        passes=(
            client(),
            client(sessionTimeoutHours="12"),
            client(authenticationOptions=FEDERATED),
            authorization(accessGroupId="9067642ac1-5d2e7a10"),
            authorization(accessGroupId=UNKNOWN, authorizeAllGroups=False),
        ),
        fails=(
            client(authenticationOptions=[FEDERATED, CERTIFICATE]),
            client(authenticationOptions=CERTIFICATE),
            client(authenticationOptions=None),
            client(connectionLogOptions={"enabled": False}),
            client(clientLoginBannerOptions={"enabled": False}),
            client(clientLoginBannerOptions=None),
            client(sessionTimeoutHours=24),
            client(sessionTimeoutHours=None),
            authorization(authorizeAllGroups=True),
            authorization(accessGroupId=""),
        ),
        absent=authorization(),
        unknown=client(sessionTimeoutHours=UNKNOWN, authenticationOptions=[{"type": UNKNOWN}]),
        other=OTHER,
    ),
}
