"""Service-linked roles. AWS creates a missing role on first use, and that first use can fail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ops.deploy.doctor.check import Check, Result, ok, skip, warning
from ops.deploy.doctor.context import Context

if TYPE_CHECKING:
    from types_boto3_iam import IAMClient


@dataclass(frozen=True, kw_only=True)
class ServiceLinkedRole:
    """A role that the resources of `types` (type tokens of the plan) need."""

    name: str
    service: str
    types: tuple[str, ...]


# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-services-that-work-with-iam.html
ROLES = (
    ServiceLinkedRole(name="AWSServiceRoleForECS", service="ecs.amazonaws.com", types=("aws:ecs/service:Service",)),
    ServiceLinkedRole(
        name="AWSServiceRoleForElasticLoadBalancing",
        service="elasticloadbalancing.amazonaws.com",
        types=("aws:lb/loadBalancer:LoadBalancer",),
    ),
    ServiceLinkedRole(name="AWSServiceRoleForRDS", service="rds.amazonaws.com", types=("aws:rds/cluster:Cluster",)),
    ServiceLinkedRole(
        name="AWSServiceRoleForApplicationAutoScaling_ECSService",
        service="ecs.application-autoscaling.amazonaws.com",
        types=("aws:appautoscaling/target:Target",),
    ),
    ServiceLinkedRole(
        name="AWSServiceRoleForClientVPN",
        service="clientvpn.amazonaws.com",
        types=("aws:ec2clientvpn/endpoint:Endpoint",),
    ),
    ServiceLinkedRole(
        name="AWSServiceRoleForVPCS2SVPN",
        service="s2svpn.amazonaws.com",
        types=("aws:ec2/vpnConnection:VpnConnection",),
    ),
    ServiceLinkedRole(
        name="AWSServiceRoleForBackup", service="backup.amazonaws.com", types=("aws:backup/vault:Vault",)
    ),
    ServiceLinkedRole(
        name="AWSServiceRoleForConfig", service="config.amazonaws.com", types=("aws:cfg/recorder:Recorder",)
    ),
    ServiceLinkedRole(
        name="AWSServiceRoleForAmazonGuardDuty",
        service="guardduty.amazonaws.com",
        types=("aws:guardduty/detector:Detector",),
    ),
    ServiceLinkedRole(
        name="AWSServiceRoleForAccessAnalyzer",
        service="access-analyzer.amazonaws.com",
        types=("aws:accessanalyzer/analyzer:Analyzer",),
    ),
    ServiceLinkedRole(
        name="AWSServiceRoleForWAFV2Logging",
        service="wafv2.amazonaws.com",
        types=("aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration",),
    ),
)


def check_role(role: ServiceLinkedRole, context: Context) -> Result:
    """The role exists, so that AWS need not create it during the first deployment."""
    if not any(context.plan.of_type(kind) for kind in role.types):
        return skip("nothing in the stack needs it")
    iam: IAMClient = context.client("iam")
    try:
        iam.get_role(RoleName=role.name)
    except iam.exceptions.NoSuchEntityException:
        return warning(
            "not there yet; AWS creates it on first use, and that first use can fail",
            f"`aws iam create-service-linked-role --aws-service-name {role.service}`",
        )
    return ok("there")


def _create_check(role: ServiceLinkedRole) -> Check:
    return Check(name=f"role {role.name}", run=lambda context: check_role(role, context), aws=True)


CHECKS = tuple(_create_check(role) for role in ROLES)
