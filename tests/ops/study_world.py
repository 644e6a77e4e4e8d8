"""A study's stack in moto, deployed from the real program's plan by a simulated engine."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config
from moto import mock_aws
from rich.console import Console

from ops.plan import Plan, plan
from ops.study import phase as phases
from ops.study.clients import Clients
from ops.study.close.steps import Closing
from ops.study.engine import Watcher
from ops.study.errors import StudyError
from ops.study.outputs import StudyOutputs
from ops.study.progress import Progress
from ops.study.teardown.steps import Teardown
from tests.stack_files import FIXTURES

ACCOUNT, REGION, STACK = "123456789012", "us-east-1", "dev"
BUCKETS = "aws:s3/bucket:Bucket"
GROUPS = "aws:cloudwatch/logGroup:LogGroup"
DELETED_FIRST = (GROUPS, BUCKETS)


class Killed(BaseException):
    """The process was killed; no code catches it."""


@cache
def plan_phase(phase: str) -> Plan:
    """What the program declares in `phase`, in moto's account."""
    return plan(STACK, overrides={"phase": phase, "account": {"id": ACCOUNT}})


@dataclass
class Engine:
    """Deploys plans into moto and deletes from it, as Pulumi would in AWS. `die_after`: deletions before it is killed."""

    folder: Path
    deployed: str | None = None
    state: dict[str, dict[str, Any]] = field(default_factory=dict)
    die_after: int | None = None
    calls: list[str] = field(default_factory=list)
    locked: bool = False

    def outputs(self) -> dict[str, Any]:
        return dict(plan_phase(self.deployed).exports) if self.deployed else {}

    def resources(self) -> list[dict[str, Any]]:
        return list(self.state.values())

    def up(self, watcher: Watcher) -> None:
        self._lock("up")
        phase = phases.configured_phase(STACK, self.folder)
        declared = plan_phase(phase)
        for one in declared.resources:
            if one.custom and one.type == BUCKETS and one.urn not in self.state:
                boto3.client("s3").create_bucket(
                    Bucket=one.inputs["bucket"], ObjectLockEnabledForBucket=bool(one.inputs.get("objectLockEnabled"))
                )
                boto3.client("s3").put_bucket_tagging(
                    Bucket=one.inputs["bucket"], Tagging={"TagSet": _tags(one.inputs["tags"])}
                )
                boto3.client("s3").put_bucket_versioning(
                    Bucket=one.inputs["bucket"], VersioningConfiguration={"Status": "Enabled"}
                )
            if one.type == GROUPS and one.urn not in self.state:
                boto3.client("logs").create_log_group(logGroupName=one.inputs["name"])
        for urn in self.state.keys() - declared.by_urn.keys():
            self._delete(self.state[urn])
        self._put_task_role(declared.resource(name="app-run-policy").inputs["policy"])
        self.state = {one.urn: _entry(one) for one in declared.resources}
        self._send_event(watcher, declared.urn)
        self.deployed = phase

    def _put_task_role(self, document: str) -> None:
        iam, role = boto3.client("iam"), "octank-dev-app-run"
        if not any(found["RoleName"] == role for found in iam.list_roles()["Roles"]):
            iam.create_role(RoleName=role, AssumeRolePolicyDocument="{}")
            arn = iam.create_policy(PolicyName=role, PolicyDocument=document)["Policy"]["Arn"]
            iam.attach_role_policy(RoleName=role, PolicyArn=arn)
            return
        arn = f"arn:aws:iam::{ACCOUNT}:policy/{role}"
        old = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=document, SetAsDefault=True)
        iam.delete_policy_version(PolicyArn=arn, VersionId=old)

    def destroy(self, watcher: Watcher) -> None:
        self._lock("destroy")
        protected = [urn for urn, one in self.state.items() if one["protect"]]
        if protected:  # the preview fails before the first deletion
            raise StudyError(f"pulumi destroy failed:\n  {protected[0]} is protected")
        for urn in sorted(self.state, key=lambda urn: self.state[urn]["type"] not in DELETED_FIRST):
            if self.die_after is not None:
                self.die_after -= 1
                if self.die_after < 0:
                    raise Killed
            self._delete(self.state[urn])
            del self.state[urn]
            self._send_event(watcher, urn)
        self.deployed = None

    def _delete(self, one: dict[str, Any]) -> None:
        if one["retainOnDelete"]:
            return
        if one["type"] == BUCKETS:
            bucket = boto3.resource("s3").Bucket(one["id"])
            if one["inputs"]["forceDestroy"]:
                bucket.object_versions.delete()
            bucket.delete()
        if one["type"] == GROUPS:
            boto3.client("logs").delete_log_group(logGroupName=one["id"])
        if one["urn"].endswith("::app-run-role"):
            iam, role = boto3.client("iam"), "octank-dev-app-run"
            iam.detach_role_policy(RoleName=role, PolicyArn=f"arn:aws:iam::{ACCOUNT}:policy/{role}")
            iam.delete_role(RoleName=role)

    def _lock(self, call: str) -> None:
        self.calls.append(call)
        if self.locked:
            raise StudyError(f"pulumi {call}: somebody else is changing the stack. Wait until they are done")

    def _send_event(self, watcher: Watcher, urn: str) -> None:
        watcher({"resOutputsEvent": {"metadata": {"urn": urn, "op": "same"}}})


def _entry(one: Any) -> dict[str, Any]:
    name = one.inputs.get("bucket") if one.type == BUCKETS else one.inputs.get("name", one.name)
    arn = f"arn:aws:s3:::{name}" if one.type == BUCKETS else None
    return {
        "urn": one.urn,
        "type": one.type,
        "custom": one.custom,
        "id": name,
        "inputs": dict(one.inputs),
        "outputs": {"arn": arn},
        "protect": one.protect,
        "retainOnDelete": one.retain_on_delete,
    }


def _tags(own: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in {"project": "octank", "env": "dev", **own}.items()]


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """The result of a verification."""

    study: str = "octank"
    image_bucket: str = f"octank-dev-images-{ACCOUNT}"
    objects: int = 3
    bytes: int = 15
    verified_at: datetime = field(default_factory=lambda: datetime.now(UTC) + timedelta(seconds=5))


@dataclass
class Archive:
    """An archive that is verified, or has no manifest."""

    manifest: Manifest | None = None

    def verification(self, exports: Mapping[str, Any]) -> Manifest:
        if self.manifest is None:
            raise StudyError("there is no manifest: run `python -m ops archive`")
        return self.manifest


class NoJobs:
    """AWS Backup without jobs, or with one that is running; moto does not support these calls."""

    def __init__(self, running: str | None = None) -> None:
        self.running = running

    def __getattr__(self, call: str) -> Callable[..., dict[str, Any]]:
        answer = {"list_backup_jobs": "BackupJobs", "list_copy_jobs": "CopyJobs", "list_restore_jobs": "RestoreJobs"}
        jobs = [{"ResourceArn": "arn:aws:rds:::cluster:octank-dev-database"}] if call == self.running else []
        return lambda **states: {answer[call]: jobs if "RUNNING" in states.values() else []}


@dataclass
class World:
    """One stack with three images, and the commands on it. `fail_at`: number of the AWS call that fails."""

    folder: Path
    engine: Engine
    archive: Archive = field(default_factory=Archive)
    backup: NoJobs = field(default_factory=NoJobs)
    fail_at: int | None = None
    requests: list[str] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    _clients: Clients | None = None

    def clients(self, region: str = REGION) -> Clients:
        if self._clients is None:  # slow to make
            once = Config(retries={"mode": "standard", "total_max_attempts": 1})
            services = {"tagging": "resourcegroupstaggingapi", "secrets": "secretsmanager"}
            made = {
                one.name: boto3.client(services.get(one.name, one.name), region_name=region, config=once)
                for one in fields(Clients)
            }
            for client in made.values():
                client.meta.events.register_first("before-send", self._send)
            self._clients = Clients(**made)
        return replace(self._clients, backup=self.backup)

    def _send(self, request: Any, **_: Any) -> AWSResponse | None:
        self.requests.append(f"{request.method} {request.url} {request.headers.get('X-Amz-Target', '')!s}")
        if self.fail_at is not None and len(self.requests) == self.fail_at:
            return AWSResponse(request.url, 503, HTTPHeaders(), _Raw(b""))
        return None

    def progress(self) -> Progress:
        return Progress(Console(quiet=True))

    def closing(self) -> Closing:
        return Closing(
            stack=STACK,
            folder=self.folder,
            engine=self.engine,
            clients=self.clients,
            archive=self.archive,
            progress=self.progress(),
            pause=self.waits.append,
        )

    def teardown(self) -> Teardown:
        return Teardown(
            stack=STACK,
            folder=self.folder,
            engine=self.engine,
            clients=self.clients,
            archive=self.archive,
            progress=self.progress(),
            planned_exports=lambda _: plan_phase("archived").exports,
        )

    def outputs(self) -> StudyOutputs:
        return StudyOutputs.from_exports(plan_phase("closing").exports)

    def read_record(self, name: str) -> dict[str, Any]:
        key = f"studies/octank/dev/{name}"
        answer = boto3.client("s3").get_object(Bucket=f"octank-dev-archive-{ACCOUNT}", Key=key)
        return json.loads(answer["Body"].read())

    def add_image(self, key: str, body: bytes = b"image") -> None:
        boto3.client("s3").put_object(Bucket=f"octank-dev-images-{ACCOUNT}", Key=f"images/{key}.dcm", Body=body)

    def close(self) -> dict[str, Any]:
        return self.closing().close()

    def archive_study(self) -> World:
        """Closes the study, archives and verifies it, and deploys `archived`."""
        self.close()
        self.archive.manifest = Manifest()
        self.closing().deploy_archived()
        return self

    def count_images(self) -> int:
        answer = boto3.client("s3").list_objects_v2(Bucket=f"octank-dev-images-{ACCOUNT}")
        return answer["KeyCount"]


class _Raw:
    """The body of a response, as botocore reads it."""

    def __init__(self, body: bytes) -> None:
        self.body = body

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.body


@contextmanager
def open_world(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[World]:
    """An active study with three images, in its own simulated AWS."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    for name in ("Pulumi.yaml", f"Pulumi.{STACK}.yaml"):
        shutil.copy(FIXTURES / name, folder / name)
    with mock_aws():
        made = World(folder=folder, engine=Engine(folder=folder))
        made.engine.up(lambda _: None)
        for number in range(3):
            made.add_image(f"uuid-{number}")
        yield made
