"""Rules that need the inputs alone, so that a preview already fails."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Any

from awsmodel.properties import UNKNOWN
from rehearsal.cloud.rules.containers import check_task_definition
from rehearsal.cloud.rules.documents import check_policy
from rehearsal.cloud.rules.functions import check_texts
from rehearsal.cloud.validation import Failure, Failures

CIDR_PROPERTIES = ("cidrBlock", "cidrIpv4", "destinationCidrBlock", "clientCidrBlock", "targetNetworkCidr")
VPC_SIZES = range(16, 29)
CLIENT_VPN_SIZES = range(12, 23)
MIN_INFREQUENT_DAYS = 30


def check_networks(_: str, inputs: dict[str, Any]) -> Failures:
    """Networks are valid CIDR blocks without host bits."""
    for name in CIDR_PROPERTIES:
        value = inputs.get(name)
        if isinstance(value, str) and _network(value) is None:
            yield Failure(name, f"InvalidParameterValue: {value!r} is not an IPv4 network (host bits zero)")


def _network(text: str) -> IPv4Network | None:
    try:
        return IPv4Network(text)
    except ValueError:
        return None


def check_network_sizes(token: str, inputs: dict[str, Any]) -> Failures:
    """VPCs and subnets are /16 to /28, client VPN ranges /12 to /22."""
    name, sizes, code = {
        "aws:ec2/vpc:Vpc": ("cidrBlock", VPC_SIZES, "InvalidVpc.Range"),
        "aws:ec2/subnet:Subnet": ("cidrBlock", VPC_SIZES, "InvalidSubnet.Range"),
        "aws:ec2clientvpn/endpoint:Endpoint": ("clientCidrBlock", CLIENT_VPN_SIZES, "InvalidParameterValue"),
    }.get(token, ("", range(0), ""))
    network = _network(str(inputs.get(name, "")))
    if network is not None and network.prefixlen not in sizes:
        yield Failure(name, f"{code}: {network} is not between /{sizes[0]} and /{sizes[-1]}")


def check_security_group_rule(token: str, inputs: dict[str, Any]) -> Failures:
    """A rule has one peer; a rule for all protocols has no ports."""
    if not token.startswith("aws:vpc/securityGroup"):
        return
    peers = [name for name in ("cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId") if name in inputs]
    if len(peers) != 1:
        yield Failure("", f"InvalidParameterCombination: a rule needs one peer, this one has {peers or 'none'}")
    ports = {"fromPort", "toPort"} & inputs.keys()
    if inputs.get("ipProtocol") == "-1" and ports:
        yield Failure("ipProtocol", "InvalidParameterValue: a rule for all protocols has no ports")
    if inputs.get("ipProtocol") in {"tcp", "udp"} and len(ports) < 2:  # noqa: PLR2004
        yield Failure("fromPort", "InvalidParameterValue: tcp and udp need fromPort and toPort")


def check_endpoint(token: str, inputs: dict[str, Any]) -> Failures:
    """An interface endpoint needs a subnet and a security group; only S3 and DynamoDB have gateway endpoints."""
    if token != "aws:ec2/vpcEndpoint:VpcEndpoint":
        return
    kind, service = inputs.get("vpcEndpointType", "Gateway"), inputs.get("serviceName")
    if kind == "Gateway" and isinstance(service, str) and service.rpartition(".")[2] not in {"s3", "dynamodb"}:
        yield Failure("vpcEndpointType", f"InvalidParameter: {service} has no gateway endpoint")
    if kind == "Interface" and not (inputs.get("subnetIds") and inputs.get("securityGroupIds")):
        yield Failure("subnetIds", "InvalidParameter: an interface endpoint needs subnets and security groups")


def check_listener(token: str, inputs: dict[str, Any]) -> Failures:
    """A TLS listener needs a certificate; no other may have one."""
    if token != "aws:lb/listener:Listener":
        return
    secure = inputs.get("protocol") in {"HTTPS", "TLS"}
    if secure and "certificateArn" not in inputs:
        yield Failure("certificateArn", "ValidationError: A certificate must be specified for HTTPS listeners")
    if not secure and "certificateArn" in inputs:
        yield Failure("certificateArn", f"ValidationError: a {inputs.get('protocol')} listener has no certificate")


def check_lifecycle(token: str, inputs: dict[str, Any]) -> Failures:
    """STANDARD_IA from 30 days on; colder classes at least 30 days after warmer ones."""
    if token != "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration":
        return
    for position, rule in enumerate(inputs.get("rules", [])):
        days = {step.get("storageClass"): step.get("days", 0) for step in rule.get("transitions", [])}
        path = f"rules[{position}].transitions"
        if days.get("STANDARD_IA", MIN_INFREQUENT_DAYS) < MIN_INFREQUENT_DAYS:
            yield Failure(path, "InvalidArgument: 'Days' for STANDARD_IA must be at least 30")
        if (
            "STANDARD_IA" in days
            and "GLACIER_IR" in days
            and days["GLACIER_IR"] < days["STANDARD_IA"] + MIN_INFREQUENT_DAYS
        ):
            yield Failure(path, "InvalidArgument: GLACIER_IR must come at least 30 days after STANDARD_IA")


def check_database(token: str, inputs: dict[str, Any]) -> Failures:
    """Encryption, final snapshot and capacity of a cluster."""
    if token != "aws:rds/cluster:Cluster":
        return
    if "kmsKeyId" in inputs and inputs.get("storageEncrypted") is not True:
        yield Failure("kmsKeyId", "InvalidParameterCombination: kmsKeyId requires storageEncrypted")
    if inputs.get("skipFinalSnapshot") is not True and "finalSnapshotIdentifier" not in inputs:
        yield Failure("finalSnapshotIdentifier", "FinalSnapshotIdentifier is required when a final snapshot is taken")
    for name in ("masterPassword", "masterPasswordWo"):
        if name in inputs and inputs.get("manageMasterUserPassword"):
            yield Failure(name, "InvalidParameterCombination: RDS manages the password already")
    scaling = inputs.get("serverlessv2ScalingConfiguration") or {}
    low, high = scaling.get("minCapacity", 0.5), scaling.get("maxCapacity", 1)
    known = isinstance(low, (int, float)) and isinstance(high, (int, float))
    if known and (low * 2 % 1 or high * 2 % 1 or not 0 <= low <= high <= 256 or high < 1):  # noqa: PLR2004
        where = "serverlessv2ScalingConfiguration"
        yield Failure(where, f"InvalidParameterValue: capacity {low} to {high} is not 0 to 256 in steps of 0.5")
    if "secondsUntilAutoPause" in scaling and low != 0:
        yield Failure(
            "serverlessv2ScalingConfiguration.secondsUntilAutoPause", "InvalidParameterCombination: needs 0 ACU"
        )


def check_web_acl_logs(token: str, inputs: dict[str, Any]) -> Failures:
    """WAF writes only to destinations whose name has its prefix."""
    if token != "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration":
        return
    for arn in inputs.get("logDestinationConfigs", []):
        if arn is not UNKNOWN and not arn.rpartition(":")[2].rpartition("/")[2].startswith("aws-waf-logs-"):
            yield Failure("logDestinationConfigs", f"WAFInvalidParameterException: {arn} is not named aws-waf-logs-…")


RULES = (
    check_networks,
    check_network_sizes,
    check_security_group_rule,
    check_endpoint,
    check_listener,
    check_lifecycle,
    check_database,
    check_web_acl_logs,
    check_policy,
    check_task_definition,
    check_texts,
)


def find_failures(token: str, inputs: dict[str, Any]) -> list[Failure]:
    """Failures of all `RULES`."""
    return [failure for rule in RULES for failure in rule(token, inputs)]
