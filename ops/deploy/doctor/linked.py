"""Roles that services make for themselves. AWS makes most at first use, and the first use is then what fails."""

from __future__ import annotations

from dataclasses import dataclass

from ops.deploy.doctor.check import Check, Patient, Result, ok, skipped, warning


@dataclass(frozen=True, kw_only=True)
class LinkedRole:
    """`types`: what needs the role, as type tokens of the plan."""

    name: str
    service: str
    types: tuple[str, ...]


# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-services-that-work-with-iam.html
ROLES = (
    LinkedRole(name="AWSServiceRoleForECS", service="ecs.amazonaws.com", types=("aws:ecs/service:Service",)),
    LinkedRole(
        name="AWSServiceRoleForElasticLoadBalancing",
        service="elasticloadbalancing.amazonaws.com",
        types=("aws:lb/loadBalancer:LoadBalancer",),
    ),
    LinkedRole(name="AWSServiceRoleForRDS", service="rds.amazonaws.com", types=("aws:rds/cluster:Cluster",)),
    LinkedRole(
        name="AWSServiceRoleForApplicationAutoScaling_ECSService",
        service="ecs.application-autoscaling.amazonaws.com",
        types=("aws:appautoscaling/target:Target",),
    ),
    LinkedRole(
        name="AWSServiceRoleForClientVPN",
        service="clientvpn.amazonaws.com",
        types=("aws:ec2clientvpn/endpoint:Endpoint",),
    ),
    LinkedRole(
        name="AWSServiceRoleForVPCS2SVPN",
        service="s2svpn.amazonaws.com",
        types=("aws:ec2/vpnConnection:VpnConnection",),
    ),
    LinkedRole(name="AWSServiceRoleForBackup", service="backup.amazonaws.com", types=("aws:backup/vault:Vault",)),
    LinkedRole(name="AWSServiceRoleForConfig", service="config.amazonaws.com", types=("aws:cfg/recorder:Recorder",)),
    LinkedRole(
        name="AWSServiceRoleForAmazonGuardDuty",
        service="guardduty.amazonaws.com",
        types=("aws:guardduty/detector:Detector",),
    ),
    LinkedRole(
        name="AWSServiceRoleForAccessAnalyzer",
        service="access-analyzer.amazonaws.com",
        types=("aws:accessanalyzer/analyzer:Analyzer",),
    ),
    LinkedRole(
        name="AWSServiceRoleForWAFV2Logging",
        service="wafv2.amazonaws.com",
        types=("aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration",),
    ),
)


def present(role: LinkedRole, patient: Patient) -> Result:
    """The role is there, or AWS will have to make it in the middle of the first deployment."""
    if not any(patient.plan.of_type(kind) for kind in role.types):
        return skipped("nothing in the stack needs it")
    iam = patient.client("iam")
    try:
        iam.get_role(RoleName=role.name)
    except iam.exceptions.NoSuchEntityException:
        return warning(
            "not there yet; AWS makes it at first use, which may fail once for that",
            f"`aws iam create-service-linked-role --aws-service-name {role.service}`",
        )
    return ok("there")


def _check(role: LinkedRole) -> Check:
    return Check(name=f"role {role.name}", run=lambda patient: present(role, patient), aws=True)


CHECKS = tuple(_check(role) for role in ROLES)
