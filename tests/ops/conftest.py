"""Simulated AWS accounts: an empty one, and one with a store that can be archived."""

from __future__ import annotations

import hashlib
import itertools
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import boto3
import pytest
from botocore.config import Config
from moto import mock_aws

from ops.study.archive.run import archive
from ops.study.store.clients import Clients
from ops.study.store.options import Options
from ops.study.store.target import Target
from rehearsal.account import moto_patches

REGION, ACCOUNT = "us-east-1", "123456789012"
DEV_ACCOUNT = "111122223333"
IMAGES, ARCHIVE, TRAIL = (f"octank-prod-{name}-{ACCOUNT}" for name in ("images", "archive", "cloudtrail"))
FUNCTION, CLUSTER, GROUPS = "octank-prod-index-export", "octank-prod-database", ("/octank-prod/web", "/octank-prod/app")
LOCK_DAYS = 365
SERVICES = {"s3": "s3", "kms": "kms", "rds": "rds", "logs": "logs", "functions": "lambda", "sts": "sts"}


@dataclass
class Store:
    """A store that tests change, and the options to archive it with."""

    clients: Clients
    target: Target
    options: Options
    index: list[dict[str, Any]] = field(default_factory=list)
    functions: dict[str, moto_patches.Function] = field(default_factory=dict)
    number: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    skew: list[float] = field(default_factory=lambda: [0.0])

    @property
    def ahead(self) -> float:
        """Seconds by which S3's clock is ahead of the local clock."""
        return self.skew[0]

    @ahead.setter
    def ahead(self, seconds: float) -> None:
        self.skew[0] = seconds

    bodies: dict[str, bytes] = field(default_factory=dict)

    def add(self, body: bytes, *, study: str = "1.2.3", kind: int = 1, known: bool = True) -> str:
        """Stores an attachment as Orthanc does; its key."""
        number = next(self.number)
        name = str(uuid.uuid5(uuid.NAMESPACE_OID, str(number)))
        key = f"images/{name}{ {1: '.dcm', 2: '.json', 3: '.dcm.head'}.get(kind, '.unk') }"
        self.clients.s3.put_object(Bucket=IMAGES, Key=key, Body=body)
        self.bodies[key] = body
        if known:
            uids = {"instance": f"{study}.1.{number}", "series": f"{study}.1", "study": study}
            md5 = hashlib.md5(body, usedforsecurity=False).hexdigest()
            self.index.append({"uuid": name, "type": kind, "bytes": len(body), "md5": md5, **uids})
        return key

    def versions(self, bucket: str) -> set[tuple[str, str]]:
        """Every version of every object, none of which may be deleted."""
        answer = self.clients.s3.list_object_versions(Bucket=bucket)
        return {(item["Key"], item["VersionId"]) for item in answer.get("Versions", ())}

    def markers(self, bucket: str) -> int:
        """Number of delete markers."""
        return len(self.clients.s3.list_object_versions(Bucket=bucket).get("DeleteMarkers", ()))

    def remove_images(self) -> None:
        """Deletes the image bucket, as a teardown does."""
        answer = self.clients.s3.list_object_versions(Bucket=IMAGES)
        for item in (*answer.get("Versions", ()), *answer.get("DeleteMarkers", ())):
            self.clients.s3.delete_object(Bucket=IMAGES, Key=item["Key"], VersionId=item["VersionId"])
        self.clients.s3.delete_bucket(Bucket=IMAGES)

    def with_options(self, **options: Any) -> Options:
        """The store's options with changes."""
        return replace(self.options, **options)


def make_clients(attempts: int = 1) -> Clients:
    """Clients that make `attempts` attempts at a call, so that retries do not hide a fault."""
    config = Config(retries={"mode": "standard", "total_max_attempts": attempts}, max_pool_connections=20)
    session = boto3.session.Session(region_name=REGION, aws_access_key_id="testing", aws_secret_access_key="testing")  # noqa: S106
    return Clients(**{field: session.client(name, config=config) for field, name in SERVICES.items()})


@pytest.fixture(scope="session")
def session_clients() -> Clients:
    """Created once, because that takes longer than a whole archive run."""
    return make_clients()


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)


def set_object_lock(clients: Clients, bucket: str) -> None:
    """Sets the default retention of an archive bucket."""
    clients.s3.put_object_lock_configuration(
        Bucket=bucket,
        ObjectLockConfiguration={
            "ObjectLockEnabled": "Enabled",
            "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": LOCK_DAYS}},
        },
    )


def build_store(clients: Clients) -> Store:
    """An empty store in an empty AWS."""
    s3, kms = clients.s3, clients.kms
    keys = {name: kms.create_key(Description=name)["KeyMetadata"]["Arn"] for name in ("images", "archive", "database")}
    signing = kms.create_key(KeySpec="ECC_NIST_P384", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
    for bucket in (IMAGES, ARCHIVE):
        s3.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=bucket == ARCHIVE)
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    set_object_lock(clients, ARCHIVE)
    clients.rds.create_db_cluster(
        DBClusterIdentifier=CLUSTER, Engine="aurora-postgresql", MasterUsername="master", ManageMasterUserPassword=True,
        StorageEncrypted=True, KmsKeyId=keys["database"],
    )  # fmt: skip
    for group in GROUPS:
        clients.logs.create_log_group(logGroupName=group)
        clients.logs.create_log_stream(logGroupName=group, logStreamName="task")
        clients.logs.put_log_events(
            logGroupName=group, logStreamName="task", logEvents=[{"timestamp": 1_700_000_000_000, "message": "GET /"}]
        )
    target = Target(
        stack="prod", study="octank", environment="prod", account=ACCOUNT, region=REGION, phase="closing",
        image_bucket=IMAGES, image_prefix="images", archive_bucket=ARCHIVE, archive_prefix="studies/octank/prod",
        archive_key_arn=keys["archive"], signing_key_arn=signing, database_cluster=CLUSTER, index_function=FUNCTION,
        export_role_arn=f"arn:aws:iam::{ACCOUNT}:role/octank-prod-export", database_key_arn=keys["database"],
        log_groups=GROUPS, trail_bucket=TRAIL,
    )  # fmt: skip
    return Store(clients, target, Options(workers=1, poll_seconds=0, pause=lambda _: None))


def add_images(store: Store) -> Store:
    """Adds two studies, an orphan, an older version and a deleted object."""
    for number, study in enumerate(("1.2.3", "1.2.3", "1.2.4")):
        store.add(f"DICM{number}".encode() * 50, study=study)
    store.add(b'{"metadata": 1}', kind=2)
    store.add(b"nobody knows me", known=False)
    old = next(iter(store.bodies))
    store.clients.s3.put_object(Bucket=IMAGES, Key=old, Body=store.bodies[old])
    gone = store.add(b"gone", known=False)
    store.clients.s3.delete_object(Bucket=IMAGES, Key=gone)
    del store.bodies[gone]
    return store


@pytest.fixture
def store(session_clients: Clients) -> Iterator[Store]:
    """A small store that can be archived."""
    made: list[Store] = []
    functions = {FUNCTION: moto_patches.index_function(ACCOUNT, lambda: made[0].index)}
    with mock_aws(), moto_patches.apply_patches(functions, lambda: time.time() + (made[0].ahead if made else 0)):
        made.append(add_images(build_store(session_clients)))
        made[0].functions = functions
        yield made[0]


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty account, that of `dev`, with fake credentials."""
    for name in ("AWS_PROFILE", "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("MOTO_ACCOUNT_ID", DEV_ACCOUNT)
    with mock_aws():
        yield


@pytest.fixture
def archived_store(store: Store) -> Store:
    """A store with an archive."""
    archive(store.target, store.clients, store.options)
    return store
