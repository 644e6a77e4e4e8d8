"""The AWS services that the archive speaks to, and how: injected everywhere, made here."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ops.study.archive.errors import ArchiveError, explained
from ops.study.archive.target import Target

GIB = 2**30


@dataclass(frozen=True, kw_only=True)
class Clients:
    """boto3 clients, all of one account and Region."""

    s3: Any
    kms: Any
    rds: Any
    logs: Any
    functions: Any
    sts: Any

    @classmethod
    def of(cls, region: str, *, workers: int = 32) -> Clients:
        """Clients that wait longer after each throttling or server error, ten times, before they give up.

        https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
        """
        import boto3  # noqa: PLC0415  slow to import, and only commands that speak to AWS need it
        from botocore.config import Config  # noqa: PLC0415

        session = boto3.session.Session(region_name=region)
        patient = Config(retries={"mode": "standard", "total_max_attempts": 10}, max_pool_connections=workers + 8)
        # The index takes minutes; asking twice would only do the work twice.
        once = Config(retries={"mode": "standard", "total_max_attempts": 1}, read_timeout=910)
        return cls(
            functions=session.client("lambda", config=once),
            **{name: session.client(name, config=patient) for name in ("s3", "kms", "rds", "logs", "sts")},
        )

    def check(self, target: Target) -> str:
        """Who is asking; ArchiveError if that is not the target's account and Region."""
        with explained("asking who you are", "Sign in to the study's account and run the same command again."):
            identity = self.sts.get_caller_identity()
        if identity["Account"] != target.account:
            raise ArchiveError(
                f"you are signed in to the account {identity['Account']}, and the store of {target.study} "
                f"({target.environment}) is in {target.account}: sign in there"
            )
        region = self.s3.meta.region_name
        if region != target.region:
            raise ArchiveError(f"the clients ask {region}, and the store is in {target.region}: set AWS_REGION to that")
        return identity["Arn"]


@dataclass(frozen=True, kw_only=True)
class Options:
    """How the work is done; none of it changes what the archive holds.

    `rate`: at most so many objects a second. `part_objects`: objects a manifest part, which is also what is held in
    memory. `multipart_bytes`: larger objects are copied in pieces of `piece_bytes` (S3 copies up to 5 GiB at once).
    """

    workers: int = 32
    rate: float | None = None
    part_objects: int = 5000
    multipart_bytes: int = 5 * GIB
    piece_bytes: int = GIB
    poll_seconds: float = 20
    storage_class: str = "DEEP_ARCHIVE"
    take_over: bool = False
    again: bool = False
    commit: str = "unknown"
    pause: Callable[[float], None] = field(default=time.sleep)
