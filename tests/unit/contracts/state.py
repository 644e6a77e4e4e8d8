"""What holds data is not lost: not by a mistake in the program, not by one in AWS, not with a Region."""

from __future__ import annotations

from typing import Any

from ops.plan import Plan, PlannedResource
from tests.unit.contracts.encryption import values

CLUSTER = "aws:rds/cluster:Cluster"
BUCKET = "aws:s3/bucket:Bucket"
VAULT = "aws:backup/vault:Vault"
LOAD_BALANCER = "aws:lb/loadBalancer:LoadBalancer"
REPOSITORY = "awsx:ecr:Repository"
SECRET = "aws:secretsmanager/secret:Secret"  # noqa: S105  a type's token

PROTECTED = frozenset(
    {
        BUCKET,
        CLUSTER,
        VAULT,
        "aws:kms/key:Key",
        "aws:cloudwatch/logGroup:LogGroup",
        "aws:cloudtrail/trail:Trail",
        "aws:cognito/userPool:UserPool",
    }
)
"""Types that Pulumi may neither delete nor replace while the study is active."""

REPLACEABLE = {
    REPOSITORY: "an image is built again from its source; ECR deletes no repository that holds one",
    SECRET: "its value is made from the state again; Secrets Manager keeps it for days after a deletion",
    "aws:rds/clusterInstance:ClusterInstance": "computes; the data is the cluster's",
}
"""Types that seem to hold data, and why Pulumi may replace them."""

SWITCHES: dict[str, dict[str, Any]] = {
    CLUSTER: {"deletionProtection": True},
    LOAD_BALANCER: {"enableDeletionProtection": True},
    "aws:cognito/userPool:UserPool": {"deletionProtection": "ACTIVE"},
    "aws:cloudwatch/logGroup:LogGroup": {"deletionProtectionEnabled": True},
}
"""AWS's own protection against deletion."""

LIFTED: dict[str, dict[str, Any]] = {
    CLUSTER: {"deletionProtection": False},
    LOAD_BALANCER: {"enableDeletionProtection": False},
    "aws:cognito/userPool:UserPool": {"deletionProtection": "INACTIVE"},
    "aws:cloudwatch/logGroup:LogGroup": {"deletionProtectionEnabled": False},
}
"""The same, once the study has ended; absent would leave it on in AWS."""

CAREFUL: dict[str, dict[str, Any]] = {
    CLUSTER: {"skipFinalSnapshot": False, "deleteAutomatedBackups": False},
    BUCKET: {"forceDestroy": False},
    SECRET: {"recoveryWindowInDays": 7},
}
"""How whatever is deleted leaves something behind."""

OUTLIVING = frozenset(
    {
        "storage-access-logs-bucket",
        "storage-archive-bucket",
        "audit-records-bucket",
        "backup-vault",
        "keys-database",
        "keys-archive",
        "keys-audit",
        "keys-backup",
    }
)
"""What stays in AWS when the stack is destroyed, and the keys that read it."""

OUTLIVING_COPIES = frozenset({"replication-access-logs-bucket"})
"""The same, where a stack has copies in another Region."""

MIN_RECOVERY_DAYS = 7
PHI_RECOVERY_DAYS = 35


def holds_phi(plan: Plan) -> bool:
    """Whether the stack holds patients' data, as the tag of the image bucket says."""
    return plan.resource(BUCKET, name="storage-images-bucket").inputs["tags"]["data-classification"] == "phi"


def is_protected(plan: Plan) -> list[str]:
    """Pulumi refuses to delete or replace what holds data."""
    return [f"{each.urn}: is not protected" for each in plan.resources if each.type in PROTECTED and not each.protect]


def deletion_protected(plan: Plan) -> list[str]:
    """AWS refuses to delete what it can refuse to delete."""
    return _set_otherwise(plan, SWITCHES)


def careful_data(plan: Plan) -> list[str]:
    """A deletion that happens all the same leaves a snapshot, a backup or time behind, and no full bucket goes."""
    return _set_otherwise(plan, CAREFUL) + [
        f"{cluster.urn}: names no final snapshot"
        for cluster in plan.of_type(CLUSTER)
        if not cluster.inputs.get("finalSnapshotIdentifier")
    ]


def careful(plan: Plan) -> list[str]:
    """While the study is active, the same holds for repositories: ECR deletes none that holds an image."""
    return careful_data(plan) + [
        f"{repository.urn}: goes with its images"
        for repository in plan.of_type(REPOSITORY)
        if repository.inputs.get("forceDelete") is not False
    ]


def lifted_protection(plan: Plan) -> list[str]:
    """Once the study has ended, nothing refuses to go."""
    held = [f"{each.urn}: is still protected" for each in plan.resources if each.protect]
    return held + _set_otherwise(plan, LIFTED)


def _set_otherwise(plan: Plan, wanted: dict[str, dict[str, Any]]) -> list[str]:
    return [
        f"{resource.urn}: {name} is {resource.inputs.get(name)}, not {value}"
        for resource in plan.resources
        for name, value in wanted.get(resource.type, {}).items()
        if resource.inputs.get(name) != value
    ]


def outliving(plan: Plan) -> list[str]:
    """Archive, audit trail, access logs, backups and the keys that read them stay in AWS, whatever the phase."""
    found = {each.name: each for each in plan.resources if each.retain_on_delete}
    copies = {vault.name for vault in plan.of_type(VAULT)} | {
        each.name for each in plan.resources if each.name in OUTLIVING_COPIES
    }
    keys = {
        plan.by_urn[key.urn].name for vault in plan.of_type(VAULT) for key in plan.references(vault.inputs["kmsKeyArn"])
    }
    return [f"{name}: goes with the stack" for name in sorted((OUTLIVING | copies | keys) - found.keys())]


def recoverable_database(plan: Plan) -> list[str]:
    """Every cluster has point-in-time recovery, the longest for patients' data, and is in a selection for backups."""
    minimum = PHI_RECOVERY_DAYS if holds_phi(plan) else MIN_RECOVERY_DAYS
    selected = {
        found.urn
        for selection in plan.of_type("aws:backup/selection:Selection")
        for found in plan.references(selection.inputs.get("resources", []))
    }
    violations = []
    for cluster in plan.of_type(CLUSTER):
        if cluster.inputs.get("backupRetentionPeriod", 1) < minimum:
            violations.append(f"{cluster.urn}: cannot be recovered to a time {minimum} days ago")
        if cluster.urn not in selected:
            violations.append(f"{cluster.urn}: is in no backup plan")
    return violations


def locked_backups(plan: Plan) -> list[str]:
    """Every vault is locked for as long as the plan keeps what is in it; patients' data has a copy in another Region."""
    locks = {
        lock.inputs["backupVaultName"]: lock.inputs.get("minRetentionDays", 0)
        for lock in plan.of_type("aws:backup/vaultLockConfiguration:VaultLockConfiguration")
    }
    rules = [rule for each in plan.of_type("aws:backup/plan:Plan") for rule in each.inputs["rules"]]
    violations = [
        f"{vault.urn}: lets backups go before {kept} days"
        for vault in plan.of_type(VAULT)
        if locks.get(vault.inputs["name"], 0) < (kept := _is_kept(plan, vault, rules))
    ]
    if holds_phi(plan):
        violations += [
            f"backup rule {rule['ruleName']}: copies to no other Region" for rule in rules if not _abroad(plan, rule)
        ]
    return violations


def _is_kept(plan: Plan, vault: PlannedResource, rules: list[dict[str, Any]]) -> int:
    """Days for which the plan keeps what it puts into `vault`; a day where it puts nothing."""
    own = [one["lifecycle"]["deleteAfter"] for one in rules if one["targetVaultName"] == vault.inputs["name"]]
    copies = [copy for one in rules for copy in one.get("copyActions", ())]
    held = {found.urn: copy for copy in copies for found in plan.references(copy["destinationVaultArn"])}
    return max([*own, *([held[vault.urn]["lifecycle"]["deleteAfter"]] if vault.urn in held else [])], default=1)


def _abroad(plan: Plan, rule: dict[str, Any]) -> bool:
    copies = plan.references(values(rule, "copyActions.destinationVaultArn"))
    return any(plan.by_urn[found.urn].inputs.get("region") for found in copies)


def recoverable_buckets(plan: Plan) -> list[str]:
    """Every bucket keeps versions; the images of patients are replicated into another Region, deletions are not."""
    versioned = {
        each.inputs["bucket"]
        for each in plan.of_type("aws:s3/bucketVersioning:BucketVersioning")
        if each.inputs["versioningConfiguration"]["status"] == "Enabled"
    }
    violations = [
        f"{bucket.urn}: keeps no versions"
        for bucket in plan.of_type(BUCKET)
        if bucket.inputs["bucket"] not in versioned
    ]
    images = plan.resource(BUCKET, name="storage-images-bucket")
    if holds_phi(plan) and not any(_replicates(plan, images, rule) for rule in _replication(plan, images)):
        violations.append(f"{images.urn}: is not replicated into another Region")
    return violations


def _replication(plan: Plan, bucket: PlannedResource) -> list[dict[str, Any]]:
    return [
        rule
        for config in plan.of_type("aws:s3/bucketReplicationConfig:BucketReplicationConfig")
        if config.inputs["bucket"] == bucket.inputs["bucket"]
        for rule in config.inputs["rules"]
    ]


def _replicates(plan: Plan, bucket: PlannedResource, rule: dict[str, Any]) -> bool:
    """Whether the rule copies all of the bucket, to another Region, and no deletion."""
    targets = [plan.by_urn[found.urn] for found in plan.references(rule["destination"]["bucket"])]
    return (
        rule["status"] == "Enabled"
        and not rule.get("filter", {}).get("prefix")
        and rule.get("deleteMarkerReplication", {}).get("status") == "Disabled"
        and any(
            target.inputs.get("region", bucket.inputs.get("region")) != bucket.inputs.get("region")
            for target in targets
        )
    )
