"""What is left of a destroyed stack: only what is retained on purpose. Asked of the tags and of each service."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from botocore.exceptions import ClientError

from ops.study.errors import code, explained
from ops.study.facts import Clients, Facts
from ops.study.teardown import prices

AGAIN = "Run the same command again."
CENT = Decimal("0.01")
REGION = re.compile(r"arn:aws:[a-z0-9-]+:([a-z0-9-]+):")

BY_NATURE: Mapping[str, str] = {
    r":cluster-auto-backup:": "automated backups of the database, which end after their days",
    r":recovery-point:": "a recovery point, which ends after the vault's days",
    r":awsbackup:": "a recovery point of the database, which ends after the vault's days",
    r":task-definition/": "a deregistered task definition, which cannot run",
}
"""ARNs of what AWS itself keeps for a while after a deletion, and why it may be there."""


@dataclass(frozen=True, kw_only=True)
class Kept:
    """Something that stays, why, and what it costs a year in USD."""

    name: str
    why: str
    yearly_usd: Decimal

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return {**asdict(self), "yearly_usd": float(self.yearly_usd.quantize(CENT))}


@dataclass(frozen=True, kw_only=True)
class Remains:
    """What was found: what stays on purpose, and what should be gone."""

    kept: tuple[Kept, ...]
    forgotten: tuple[str, ...]

    @property
    def yearly_usd(self) -> Decimal:
        """What all of it costs a year."""
        return sum((one.yearly_usd for one in self.kept), Decimal(0)).quantize(CENT)


def remains(facts: Facts, recorded: Sequence[Mapping[str, Any]], regional: Mapping[str, Clients]) -> Remains:
    """Compares the cloud with the `recorded` resources of the state. `regional`: clients of every Region it had."""
    clients = regional[facts.region]
    retained = {identity for one in recorded if one["retain"] for identity in (one["id"], one["arn"]) if identity}
    snapshots = _snapshots(facts, clients.rds)
    found = {*_tagged(facts, regional), *_buckets(facts, clients), *_named(facts, clients)} - snapshots.keys()
    strange = sorted(arn for arn in found if not _known(arn, retained))
    reasons = {arn: _reason(arn, regional) for arn in strange}
    return Remains(
        kept=(
            *_kept(recorded, clients.s3),
            *(_snapshot(arn, gib) for arn, gib in sorted(snapshots.items())),
            *(Kept(name=arn, why=why, yearly_usd=Decimal(0)) for arn, why in reasons.items() if why),
        ),
        forgotten=tuple(arn for arn, why in reasons.items() if not why),
    )


def regions(facts: Facts, recorded: Sequence[Mapping[str, Any]]) -> list[str]:
    """Every Region in which the stack had something."""
    named = {found[1] for one in recorded if (found := REGION.match(one["arn"] or ""))}
    return sorted({facts.region, *named})


def _known(arn: str, retained: set[str]) -> bool:
    return arn in retained or arn.rpartition(":")[2].rpartition("/")[2] in retained


def _reason(arn: str, regional: Mapping[str, Clients]) -> str | None:
    """Why AWS itself still knows it; None if there is no reason."""
    matched = REGION.match(arn)
    clients = regional.get(matched[1]) if matched else None
    with explained(f"asking what {arn} is", AGAIN):
        if clients and ":key/" in arn:
            pending = clients.kms.describe_key(KeyId=arn)["KeyMetadata"]["KeyState"] == "PendingDeletion"
            return "a key whose deletion is scheduled" if pending else None
        if clients and ":secret:" in arn:
            deleted = "DeletedDate" in clients.secrets.describe_secret(SecretId=arn)
            return "a deleted secret, which AWS keeps for its recovery window" if deleted else None
    return next((why for pattern, why in BY_NATURE.items() if re.search(pattern, arn)), None)


def _tagged(facts: Facts, regional: Mapping[str, Clients]) -> Iterator[str]:
    filters = [{"Key": "project", "Values": [facts.study]}, {"Key": "env", "Values": [facts.environment]}]
    for clients in regional.values():
        with explained("asking for everything with the study's tags", AGAIN):
            for page in clients.tagging.get_paginator("get_resources").paginate(TagFilters=filters):
                for found in page["ResourceTagMappingList"]:
                    yield found["ResourceARN"]


def _buckets(facts: Facts, clients: Clients) -> Iterator[str]:
    with explained("listing buckets", AGAIN):
        for bucket in clients.s3.list_buckets()["Buckets"]:
            if bucket["Name"].startswith(f"{facts.prefix}-"):
                yield f"arn:aws:s3:::{bucket['Name']}"


def _named(facts: Facts, clients: Clients) -> Iterator[str]:
    """What tags may miss, by name."""
    for client, call, answer, name, arn in (
        (clients.rds, "describe_db_clusters", "DBClusters", "DBClusterIdentifier", "DBClusterArn"),
        (clients.logs, "describe_log_groups", "logGroups", "logGroupName", "arn"),
        (clients.iam, "list_roles", "Roles", "RoleName", "Arn"),
    ):
        with explained(f"asking {call}", AGAIN):
            for page in client.get_paginator(call).paginate():
                for found in page[answer]:
                    if found[name].lstrip("/").startswith((f"{facts.prefix}-", f"{facts.prefix}/")):
                        yield found[arn].removesuffix(":*")


def _snapshots(facts: Facts, rds: Any) -> dict[str, int]:
    """GiB of each snapshot of the stack's database."""
    with explained("listing the database's snapshots", AGAIN):
        return {
            snapshot["DBClusterSnapshotArn"]: int(snapshot.get("AllocatedStorage") or 0)
            for page in rds.get_paginator("describe_db_cluster_snapshots").paginate()
            for snapshot in page["DBClusterSnapshots"]
            if snapshot["DBClusterIdentifier"] == facts.database_cluster
        }


def _snapshot(arn: str, gib: int) -> Kept:
    return Kept(name=arn, why="a snapshot of the database", yearly_usd=prices.of_snapshot(gib))


def _kept(recorded: Sequence[Mapping[str, Any]], s3: Any) -> Iterator[Kept]:
    """What the program retains, with its costs; a bucket's settings are part of it."""
    for one in recorded:
        if not one["retain"]:
            continue
        if one["type"] == "aws:kms/key:Key":
            yield Kept(name=one["name"], why="reads what is kept", yearly_usd=prices.of_key())
        elif one["type"] == "aws:s3/bucket:Bucket":
            yield Kept(
                name=one["id"], why="kept by law or contract", yearly_usd=prices.of_objects(_objects(s3, one["id"]))
            )
        elif one["type"] == "aws:backup/vault:Vault":
            yield Kept(
                name=one["id"], why="its recovery points end by themselves, after their days", yearly_usd=Decimal(0)
            )


def _objects(s3: Any, bucket: str) -> dict[str, tuple[int, int]]:
    held: dict[str, tuple[int, int]] = {}
    with explained(f"adding up {bucket}", AGAIN):
        try:
            for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
                for version in page.get("Versions", ()):
                    storage = version.get("StorageClass") or "STANDARD"
                    number, size = held.get(storage, (0, 0))
                    held[storage] = number + 1, size + version["Size"]
        except ClientError as error:
            if code(error) != "NoSuchBucket":
                raise
    return held
