"""Names, ARNs and tags of everything a stack declares.

Names are fixed, not generated, wherever a policy document has to carry them: the document is then plain text that a
preview can show and a policy can check. Target groups and security groups alone keep a generated suffix, because they
must exist beside their predecessor while they are replaced.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

PREFIX_MAX = 16
"""Longest `<study>-<environment>`: half of what a load balancer's name may have, the shortest limit there is."""


@dataclass(frozen=True)
class Limit:
    """What a service accepts as a name."""

    longest: int
    pattern: str
    shortest: int = 1


_ELB = r"(?!internal-)[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_IAM = r"[\w+=,.@-]+"
_DASHED = r"[A-Za-z](?:-?[A-Za-z0-9])*"

# https://docs.aws.amazon.com/ : naming rules of each service's Create… call
LIMITS: dict[str, Limit] = {
    "accessanalyzer.Analyzer": Limit(255, r"[A-Za-z][A-Za-z0-9_.-]*"),
    "backup.Plan": Limit(50, r"[\w.-]+"),
    "backup.RestoreTestingPlan": Limit(50, r"\w+"),
    "backup.Selection": Limit(50, r"[\w.-]+"),
    "backup.Vault": Limit(50, r"[A-Za-z0-9_-]+", shortest=2),
    "budgets.Budget": Limit(100, r"[^:\\]+"),
    "cfg.DeliveryChannel": Limit(256, r"[\x20-\x7e]+"),
    "cfg.Recorder": Limit(256, r"[\x20-\x7e]+"),
    "cloudtrail.Trail": Limit(128, r"[A-Za-z0-9](?:[._-]?[A-Za-z0-9])*", shortest=3),
    "cloudwatch.EventRule": Limit(64, r"[\w.-]+"),
    "cloudwatch.Dashboard": Limit(255, r"[A-Za-z0-9_-]+"),
    "cloudwatch.LogGroup": Limit(512, r"[.\-_/#A-Za-z0-9]+"),
    "cloudwatch.LogMetricFilter": Limit(512, r"[^:*]+"),
    "cloudwatch.LogResourcePolicy": Limit(512, r"[\w-]+"),
    "cloudwatch.LogSubscriptionFilter": Limit(512, r"[^:*]+"),
    "cloudwatch.MetricAlarm": Limit(255, r"[\x20-\x7e]+"),
    "cognito.ResourceServer": Limit(256, r"[\w\s+=,.@-]+"),
    "cognito.UserPool": Limit(128, r"[\w\s+=,.@-]+"),
    "cognito.UserPoolClient": Limit(128, r"[\w\s+=,.@-]+"),
    "ecr.Repository": Limit(256, r"[a-z0-9]+(?:[._/-][a-z0-9]+)*", shortest=2),
    "ecs.Cluster": Limit(255, r"[A-Za-z0-9_-]+"),
    "ecs.Service": Limit(255, r"[A-Za-z0-9_-]+"),
    "ecs.TaskDefinition": Limit(255, r"[A-Za-z0-9_-]+"),
    "iam.Policy": Limit(128, _IAM),
    "iam.Role": Limit(64, _IAM),
    "iam.SamlProvider": Limit(128, r"[\w._-]+"),
    "kinesis.FirehoseDeliveryStream": Limit(64, r"[a-zA-Z0-9_.-]+"),
    "kms.Alias": Limit(256, r"alias/(?!aws/)[a-zA-Z0-9/_-]+"),
    "lambda_.Function": Limit(64, r"[a-zA-Z0-9_-]+"),
    "lb.LoadBalancer": Limit(32, _ELB),
    "rds.Cluster": Limit(63, _DASHED),
    "rds.ClusterInstance": Limit(63, _DASHED),
    "rds.ClusterParameterGroup": Limit(255, _DASHED),
    "rds.SubnetGroup": Limit(255, r"[a-z0-9 ._-]+"),
    "s3.Bucket": Limit(63, r"[a-z0-9][a-z0-9.-]+[a-z0-9]", shortest=3),
    "scheduler.Schedule": Limit(64, r"[0-9a-zA-Z_.-]+"),
    "secretsmanager.Secret": Limit(512, r"(?!.*-[A-Za-z0-9]{6}$)[A-Za-z0-9/_+=.@-]+"),
    "sfn.StateMachine": Limit(80, r"[A-Za-z0-9_-]+"),
    "sns.Topic": Limit(256, r"[A-Za-z0-9_-]+"),
    "wafv2.WebAcl": Limit(128, r"[A-Za-z0-9_-]+"),
}


class NameRefusedError(ValueError):
    """A name that its service would refuse."""


def check_name(kind: str, name: str) -> str:
    """`name`, once it satisfies what the service `kind` (`module.Class` of the AWS SDK) accepts."""
    limit = LIMITS[kind]
    if not limit.shortest <= len(name) <= limit.longest:
        raise NameRefusedError(
            f"{kind} name {name!r} has {len(name)} characters; the service takes {limit.shortest} to {limit.longest}. "
            "Shorten study.id or environment."
        )
    if re.fullmatch(limit.pattern, name, re.ASCII) is None:
        raise NameRefusedError(f"{kind} name {name!r} does not match {limit.pattern}.")
    return name


@dataclass(frozen=True, kw_only=True)
class Names:
    """Names, ARNs and tags of one stack. Pure: the same settings always give the same names."""

    study: str
    environment: str
    account: str
    region: str
    data: str
    cost_center: str
    contact: str
    expiry: date

    @property
    def prefix(self) -> str:
        """`<study>-<environment>`, what every name starts with."""
        return f"{self.study}-{self.environment}"

    def of(self, kind: str, suffix: str) -> str:
        """`<prefix>-<suffix>`, checked against the limits of `kind`."""
        return check_name(kind, f"{self.prefix}-{suffix}")

    @property
    def cluster(self) -> str:
        """Name of the ECS cluster, which the key policy for task disks also carries."""
        return self.of("ecs.Cluster", "store")

    @property
    def trail(self) -> str:
        """Name of the audit trail, which its key policy and bucket policy also carry."""
        return self.of("cloudtrail.Trail", "audit")

    @property
    def database_cluster(self) -> str:
        """Identifier of the Aurora cluster, which policies of the functions that log in also carry."""
        return self.of("rds.Cluster", "database")

    @property
    def alarm_topic(self) -> str:
        """Name of the topic of all alarms."""
        return self.of("sns.Topic", "alarms")

    @property
    def internal_domain(self) -> str:
        """Private DNS domain in which tasks find each other."""
        return f"{self.prefix}.internal"

    def host(self, service: str) -> str:
        """Private DNS name of the tasks of `service`."""
        return f"{service}.{self.internal_domain}"

    def bucket(self, suffix: str, region: str | None = None) -> str:
        """Bucket names are global, so they carry the account, and the Region where a second one holds a copy."""
        where = f"-{region}" if region else ""
        return check_name("s3.Bucket", f"{self.prefix}-{suffix}-{self.account}{where}")

    def secret(self, suffix: str) -> str:
        """`<prefix>/<suffix>`."""
        return check_name("secretsmanager.Secret", f"{self.prefix}/{suffix}")

    def log_group(self, suffix: str) -> str:
        """`/<prefix>/<suffix>`."""
        return check_name("cloudwatch.LogGroup", f"/{self.prefix}/{suffix}")

    def arn(self, service: str, resource: str, *, region: str | None = None, account: str | None = None) -> str:
        """ARN in this account and Region; pass an empty string where the service leaves a field out."""
        at = self.region if region is None else region
        owner = self.account if account is None else account
        return f"arn:aws:{service}:{at}:{owner}:{resource}"

    def bucket_arn(self, suffix: str) -> str:
        """ARN of `bucket(suffix)`."""
        return self.arn("s3", self.bucket(suffix), region="", account="")

    def secret_arn(self, suffix: str) -> str:
        """ARN pattern of `secret(suffix)`: Secrets Manager appends a hyphen and six characters of its own."""
        return self.arn("secretsmanager", f"secret:{self.secret(suffix)}-??????")

    def default_tags(self) -> dict[str, str]:
        """Tags of every resource, set once at the provider; they show its owner and when it may be deleted."""
        return {
            "project": self.study,
            "env": self.environment,
            "cost-center": self.cost_center,
            "owner": self.contact,
            "expiry": self.expiry.isoformat(),
            "managed-by": "pulumi",
        }

    def tags(self, name: str, classification: str = "operational") -> dict[str, str]:
        """Tags of one resource; never a key of `default_tags`, so that neither set hides the other."""
        return {"Name": f"{self.prefix}-{name}", "data-classification": classification}
