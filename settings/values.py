"""Kinds of values, each with the rule that it must satisfy."""

from __future__ import annotations

import re
from datetime import time
from difflib import get_close_matches
from ipaddress import IPv4Address, IPv4Network
from typing import Annotated, Any
from zoneinfo import available_timezones

from pydantic import AfterValidator, BeforeValidator

from settings.validators import RefusedError, matching, switch, within

RETENTION_DAYS = (
    1,
    3,
    5,
    7,
    14,
    30,
    60,
    90,
    120,
    150,
    180,
    365,
    400,
    545,
    731,
    1096,
    1827,
    2192,
    2557,
    2922,
    3288,
    3653,
)
"""What CloudWatch Logs offers.
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html"""

RESERVED_ASNS = (7224, 9059, 10124, 17943, 64512)
"""Of AWS; https://docs.aws.amazon.com/vpn/latest/s2svpn/cgw-options.html"""

REGIONS = """
    af-south-1 ap-east-1 ap-east-2 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-south-2 ap-southeast-1
    ap-southeast-2 ap-southeast-3 ap-southeast-4 ap-southeast-5 ap-southeast-6 ap-southeast-7 ca-central-1 ca-west-1
    eu-central-1 eu-central-2 eu-north-1 eu-south-1 eu-south-2 eu-west-1 eu-west-2 eu-west-3 il-central-1 me-central-1
    me-south-1 mx-central-1 sa-east-1 us-east-1 us-east-2 us-west-1 us-west-2
""".split()  # noqa: SIM905
"""Regions of the partition `aws`; https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html"""

MAX_ASN = 4294967295
MAX_ACU = 256


def _retention(days: int) -> int:
    if days not in RETENTION_DAYS:
        nearest = next((offered for offered in RETENTION_DAYS if offered >= days), RETENTION_DAYS[-1])
        raise RefusedError(f"CloudWatch Logs keeps logs for one of {RETENTION_DAYS} days", f"Use {nearest}")
    return days


def _region(name: str) -> str:
    if name not in REGIONS:
        close = get_close_matches(name, REGIONS, n=1)
        remedy = f"Did you mean {close[0]}?" if close else "Write it as us-east-1, for example"
        raise RefusedError("there is no such AWS Region", remedy)
    return name


def _time_zone(name: str) -> str:
    if name not in available_timezones():
        raise RefusedError("it is not a time zone of the IANA database", "Write it as America/New_York, for example")
    return name


def _asn(number: int) -> int:
    if not 1 <= number <= MAX_ASN or number in RESERVED_ASNS:
        raise RefusedError(
            f"an ASN is 1 to {MAX_ASN}, and {', '.join(map(str, RESERVED_ASNS))} belong to AWS",
            "Use the center's own ASN, or a private one such as 65010",
        )
    return number


def _public(address: IPv4Address) -> IPv4Address:
    documentation = any(
        address in IPv4Network(block) for block in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")
    )
    if address.is_multicast or not (address.is_global or documentation):
        raise RefusedError("a VPN gateway needs a public address", "Enter the address the internet sees")
    return address


def _network(value: Any) -> IPv4Network:
    if isinstance(value, IPv4Network):
        return value
    # A number would be an address to the library: 0 is 0.0.0.0/32.
    try:
        return IPv4Network(_text(value))
    except ValueError:
        raise RefusedError("it is not an IPv4 network", "Write it as 10.20.0.0/20, with host bits zero") from None


def _address(value: Any) -> IPv4Address:
    if isinstance(value, IPv4Address):
        return value
    try:
        return IPv4Address(_text(value))
    except ValueError:
        raise RefusedError("it is not an IPv4 address", "Write it as 198.51.100.10, for example") from None


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError  # noqa: TRY004  both callers give the reason
    return value


def _time_of_day(value: Any) -> Any:
    # YAML 1.1 reads 07:00 without quotes as the number 420.
    if not isinstance(value, str) or re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value) is None:
        raise RefusedError("it is not a time of day", 'Write it as "07:30", in quotes')
    return value


def _distinct(values: tuple[Any, ...]) -> tuple[Any, ...]:
    if len(set(values)) != len(values):
        raise RefusedError("an entry occurs twice", "Remove one of them")
    return values


AccountId = Annotated[
    str, matching(r"\d{12}", "an AWS account id has 12 digits", "Quote it, so that YAML keeps leading zeros")
]
Region = Annotated[str, AfterValidator(_region)]
ProjectFile = Annotated[
    str,
    matching(
        r"[\w.-]+(/[\w.-]+)*",
        "it is not the path of a file in the project",
        "Write it as config/saml/sign-in.xml, relative to the project",
    ),
]
Slug = Annotated[
    str,
    matching(
        r"[a-z](-?[a-z0-9])*",
        "it takes lower-case letters, digits and single hyphens, and begins with a letter",
        "Rename it: bucket names are made of it",
    ),
]
Email = Annotated[str, matching(r"[^@\s]+@[^@\s]+\.[^@\s]+", "it is not an e-mail address", "Write name@example.org")]
DnsName = Annotated[
    str,
    matching(
        r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}",
        "it is not a DNS name in lower case",
        "Write it as images.example.org, without https://",
    ),
]
ZoneId = Annotated[
    str, matching(r"Z[A-Z0-9]{5,31}", "it is not the id of a hosted zone", "Copy it from Route 53: it begins with Z")
]
AeTitle = Annotated[
    str,
    matching(
        r"[A-Z0-9_]([A-Z0-9_ ]{0,14}[A-Z0-9_])?",
        "an AE title has at most 16 characters: capitals, digits, underscore, inner spaces",
        "Use the title the modality is configured with",
    ),
]
Digest = Annotated[
    str,
    matching(
        r"sha256:[0-9a-f]{64}",
        "it is not an image digest",
        "Copy it whole from the registry: sha256: and 64 hex digits",
    ),
]
SecretArn = Annotated[
    str,
    matching(
        r"arn:aws:secretsmanager:[a-z0-9-]+:\d{12}:secret:[A-Za-z0-9/_+=.@-]+-[A-Za-z0-9]{6}",
        "it is not the ARN of a secret",
        "Copy it from Secrets Manager, with the six characters at its end",
    ),
]
PrincipalArn = Annotated[
    str,
    matching(
        r"arn:aws:iam::\d{12}:(user|role)/[\w+=,.@/*-]+",
        "it is not the ARN of a user or role",
        "Copy it from IAM; `*` matches any characters, as in the name of an Identity Center role",
    ),
]
GroupId = Annotated[
    str,
    matching(
        r"([0-9a-f]{10}-)?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
        "it is not the id of an Identity Center group",
        "Copy the group's id, not its name: SAML assertions carry ids",
    ),
]
TransitGatewayId = Annotated[
    str, matching(r"tgw-[0-9a-f]{8,17}", "it is not a transit gateway's id", "Copy it from the VPC console: tgw-…")
]
DomainPrefix = Annotated[
    str,
    matching(
        r"(?!.*(aws|amazon|cognito))[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?",
        "Cognito takes up to 63 lower-case letters, digits and inner hyphens, without aws, amazon or cognito",
        "Choose another prefix: it becomes <prefix>.auth.<region>.amazoncognito.com",
    ),
]
Cidr = Annotated[IPv4Network, BeforeValidator(_network)]
Asn = Annotated[int, AfterValidator(_asn)]
PublicAddress = Annotated[IPv4Address, BeforeValidator(_address), AfterValidator(_public)]
Switch = Annotated[bool, BeforeValidator(switch)]
TimeOfDay = Annotated[time, BeforeValidator(_time_of_day)]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
RetentionDays = Annotated[int, AfterValidator(_retention)]
Acu = Annotated[float, within(0, MAX_ACU, "capacity in ACU", step=0.5)]
Distinct = AfterValidator(_distinct)
