"""What remains of a destroyed stack in AWS, by its tags and by each service: only retained resources should."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from ops.study.clients import Clients
from ops.study.errors import code, explain_failure
from ops.study.outputs import StudyOutputs
from ops.study.records import Record
from ops.study.teardown import prices

if TYPE_CHECKING:
    from types_boto3_rds import RDSClient
    from types_boto3_resourcegroupstaggingapi.type_defs import TagFilterTypeDef
    from types_boto3_s3 import S3Client

RERUN = "Run the same command again."
CENT = Decimal("0.01")
REGION = re.compile(r"arn:aws:[a-z0-9-]+:([a-z0-9-]+):")

EXPECTED_BY_AWS: Mapping[str, str] = {
    r":cluster-auto-backup:": "automated backups of the database, which expire",
    r":recovery-point:": "a recovery point, which expires with the vault's retention",
    r":awsbackup:": "a recovery point of the database, which expires with the vault's retention",
    r":task-definition/": "a deregistered task definition, which cannot run",
}
"""Patterns of ARNs that AWS itself keeps for a while after a deletion, and the reason."""


@dataclass(frozen=True, kw_only=True)
class KeptResource:
    """A resource that remains, why, and its yearly cost in USD."""

    name: str
    why: str
    yearly_usd: Decimal

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return {**asdict(self), "yearly_usd": float(self.yearly_usd.quantize(CENT))}


@dataclass(frozen=True, kw_only=True)
class Remains:
    """What was found in AWS: resources that remain on purpose, and leftovers that should be gone."""

    kept: tuple[KeptResource, ...]
    leftover: tuple[str, ...]

    @property
    def yearly_usd(self) -> Decimal:
        """Yearly cost of all that is kept."""
        return sum((one.yearly_usd for one in self.kept), Decimal(0)).quantize(CENT)


def find_remains(outputs: StudyOutputs, recorded: Sequence[Record], regional: Mapping[str, Clients]) -> Remains:
    """Compares AWS with the `recorded` resources of the state. `regional`: clients of every Region that it used."""
    clients = regional[outputs.region]
    retained = {identity for one in recorded if one["retain"] for identity in (one["id"], one["arn"]) if identity}
    snapshots = _snapshot_sizes(outputs, clients.rds)
    found = {*_tagged_arns(outputs, regional), *_bucket_arns(outputs, clients), *_arns_by_name(outputs, clients)}
    unknown = sorted(arn for arn in found - snapshots.keys() if not _is_retained(arn, retained))
    reasons = {arn: _expected_reason(arn, regional) for arn in unknown}
    return Remains(
        kept=(
            *_retained_resources(recorded, clients.s3),
            *(_kept_snapshot(arn, gib) for arn, gib in sorted(snapshots.items())),
            *(KeptResource(name=arn, why=why, yearly_usd=Decimal(0)) for arn, why in reasons.items() if why),
        ),
        leftover=tuple(arn for arn, why in reasons.items() if not why),
    )


def used_regions(outputs: StudyOutputs, recorded: Sequence[Record]) -> list[str]:
    """Every Region in which the stack had a resource."""
    named = {found[1] for one in recorded if (found := REGION.match(one["arn"] or ""))}
    return sorted({outputs.region, *named})


def _is_retained(arn: str, retained: set[str]) -> bool:
    return arn in retained or arn.rpartition(":")[2].rpartition("/")[2] in retained


def _expected_reason(arn: str, regional: Mapping[str, Clients]) -> str | None:
    """Why AWS still has it; None if there is no reason."""
    matched = REGION.match(arn)
    clients = regional.get(matched[1]) if matched else None
    with explain_failure(f"describing {arn}", RERUN):
        if clients and ":key/" in arn:
            pending = clients.kms.describe_key(KeyId=arn)["KeyMetadata"]["KeyState"] == "PendingDeletion"
            return "a key whose deletion is scheduled" if pending else None
        if clients and ":secret:" in arn:
            deleted = "DeletedDate" in clients.secrets.describe_secret(SecretId=arn)
            return "a deleted secret, which AWS keeps for its recovery window" if deleted else None
    return next((why for pattern, why in EXPECTED_BY_AWS.items() if re.search(pattern, arn)), None)


def _tagged_arns(outputs: StudyOutputs, regional: Mapping[str, Clients]) -> Iterator[str]:
    filters: list[TagFilterTypeDef] = [
        {"Key": "project", "Values": [outputs.study]},
        {"Key": "env", "Values": [outputs.environment]},
    ]
    for clients in regional.values():
        with explain_failure("listing resources with the study's tags", RERUN):
            for page in clients.tagging.get_paginator("get_resources").paginate(TagFilters=filters):
                for found in page["ResourceTagMappingList"]:
                    yield found["ResourceARN"]


def _bucket_arns(outputs: StudyOutputs, clients: Clients) -> Iterator[str]:
    with explain_failure("listing buckets", RERUN):
        for bucket in clients.s3.list_buckets()["Buckets"]:
            if bucket["Name"].startswith(f"{outputs.prefix}-"):
                yield f"arn:aws:s3:::{bucket['Name']}"


def _arns_by_name(outputs: StudyOutputs, clients: Clients) -> Iterator[str]:
    """Resources with the study's prefix, because some may have lost their tags."""
    for name, arn in _names_and_arns(clients):
        if name.lstrip("/").startswith((f"{outputs.prefix}-", f"{outputs.prefix}/")):
            yield arn.removesuffix(":*")


def _names_and_arns(clients: Clients) -> Iterator[tuple[str, str]]:
    with explain_failure("listing database clusters", RERUN):
        for clusters in clients.rds.get_paginator("describe_db_clusters").paginate():
            yield from ((one["DBClusterIdentifier"], one["DBClusterArn"]) for one in clusters["DBClusters"])
    with explain_failure("listing log groups", RERUN):
        for groups in clients.logs.get_paginator("describe_log_groups").paginate():
            yield from ((one["logGroupName"], one["arn"]) for one in groups["logGroups"])
    with explain_failure("listing roles", RERUN):
        for roles in clients.iam.get_paginator("list_roles").paginate():
            yield from ((one["RoleName"], one["Arn"]) for one in roles["Roles"])


def _snapshot_sizes(outputs: StudyOutputs, rds: RDSClient) -> dict[str, int]:
    """GiB of each snapshot of the stack's database, by ARN."""
    with explain_failure("listing the database's snapshots", RERUN):
        return {
            snapshot["DBClusterSnapshotArn"]: int(snapshot.get("AllocatedStorage") or 0)
            for page in rds.get_paginator("describe_db_cluster_snapshots").paginate()
            for snapshot in page["DBClusterSnapshots"]
            if snapshot["DBClusterIdentifier"] == outputs.database_cluster
        }


def _kept_snapshot(arn: str, gib: int) -> KeptResource:
    return KeptResource(name=arn, why="a snapshot of the database", yearly_usd=prices.yearly_snapshot_cost(gib))


def _retained_resources(recorded: Sequence[Record], s3: S3Client) -> Iterator[KeptResource]:
    """Retained keys, buckets and vaults with their cost. A bucket's settings are not listed separately."""
    for one in recorded:
        if not one["retain"]:
            continue
        if one["type"] == "aws:kms/key:Key":
            yield KeptResource(name=one["name"], why="decrypts what is kept", yearly_usd=prices.yearly_key_cost())
        elif one["type"] == "aws:s3/bucket:Bucket":
            cost = prices.yearly_object_cost(_stored_by_class(s3, one["id"]))
            yield KeptResource(name=one["id"], why="kept by law or contract", yearly_usd=cost)
        elif one["type"] == "aws:backup/vault:Vault":
            yield KeptResource(name=one["id"], why="its recovery points expire", yearly_usd=Decimal(0))


def _stored_by_class(s3: S3Client, bucket: str) -> dict[str, tuple[int, int]]:
    """Number and bytes of a bucket's object versions, by storage class."""
    stored: dict[str, tuple[int, int]] = {}
    with explain_failure(f"measuring {bucket}", RERUN):
        try:
            for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
                for version in page.get("Versions", ()):
                    storage = version.get("StorageClass") or "STANDARD"
                    number, size = stored.get(storage, (0, 0))
                    stored[storage] = number + 1, size + version["Size"]
        except ClientError as error:
            if code(error) != "NoSuchBucket":
                raise
    return stored
