"""An account being prepared: calls are recorded, and any of them can be made to fail or to be the last."""

from __future__ import annotations

from functools import cache
from typing import Any

import boto3
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config
from moto.iam.models import AWSManagedPolicy, iam_backends

from ops.deploy.bootstrap.foundation import Foundation
from ops.deploy.bootstrap.target import Target, load_target

ACCOUNT = "111122223333"
REPOSITORY = "octank/image-store"
READING = ("Get", "List", "Describe", "Head")


READ_ONLY: dict[str, Any] = {
    "Arn": "arn:aws:iam::aws:policy/ReadOnlyAccess",
    "CreateDate": "2015-02-06T18:39:48+00:00",
    "UpdateDate": "2026-01-01T00:00:00+00:00",
    "DefaultVersionId": "v1",
    "Path": "/",
    "Document": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:List*", "Resource": "*"}]},
}


def aws_policies() -> None:
    """The policy of AWS's that the roles have; to load all of AWS's takes seconds."""
    backend = iam_backends[ACCOUNT]["aws"]
    backend.managed_policies[READ_ONLY["Arn"]] = AWSManagedPolicy.from_data("ReadOnlyAccess", ACCOUNT, "aws", READ_ONLY)


class Killed(BaseException):
    """The process ended here; nothing catches it."""


class Calls:
    """Records every call of a session. An operation named in `fail` is answered with an error, the `kill`-th change is
    the last thing that happens. Clients are made once, so that it may be armed and run many times.
    """

    def __init__(self) -> None:
        self.session = boto3.Session()
        self.foundation: Foundation | None = None
        events = self.session.events
        events.register("before-call.*.*", self._before)
        events.register("after-call.*.*", self._after)
        self.arm()

    def arm(self, *, fail: str = "", status: int = 503, code: str = "SlowDown", kill: int = 0) -> Calls:
        self.names: list[str] = []
        self.fail, self.status, self.code, self.kill = fail, status, code, kill
        return self

    @property
    def changes(self) -> list[str]:
        return [name for name in self.names if not name.startswith(READING)]

    def _before(self, model: Any, **_: Any) -> tuple[Any, dict[str, Any]] | None:
        self.names.append(model.name)
        if model.name != self.fail:
            return None
        answer = AWSResponse("https://aws.invalid", self.status, HTTPHeaders(), None)
        metadata = {"HTTPStatusCode": self.status}
        return answer, {"Error": {"Code": self.code, "Message": "later"}, "ResponseMetadata": metadata}

    def _after(self, **_: Any) -> None:
        if self.kill and len(self.changes) == self.kill and not self.names[-1].startswith(READING):
            raise Killed


@cache
def dev() -> Target:
    return load_target("dev", REPOSITORY)


def foundation(calls: Calls | None = None, chosen: Target | None = None) -> Foundation:
    """The foundation of dev, without retries, so that one failure is one failure."""
    if calls and calls.foundation:
        return calls.foundation
    session = calls.session if calls else boto3.Session()
    found = Foundation(session, chosen or dev(), Config(retries={"total_max_attempts": 1}))
    if calls:
        calls.foundation = found
    return found


def converge(calls: Calls | None = None, *, apply: bool = True) -> list[str]:
    return [str(step) for step in foundation(calls).converge(apply=apply)]


def destroy_all(calls: Calls | None = None, *, apply: bool = True) -> list[str]:
    return [str(step) for step in foundation(calls).destroy(apply=apply)]
