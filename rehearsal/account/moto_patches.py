"""Patches that add to moto 5.2 the behaviour of AWS that the end of a study depends on.

The docstring of each patch names the behaviour. The patches work for clients in the same process and for moto's server.
"""

from __future__ import annotations

import gzip
import json
import threading
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from email.utils import formatdate
from http import HTTPStatus
from typing import Any
from unittest.mock import patch

from moto.awslambda.models import LambdaBackend
from moto.awslambda_simple.models import LambdaSimpleBackend
from moto.rds.models import RDSBackend
from moto.s3.models import FakeBucket, FakeKey, S3Backend, s3_backends
from moto.s3.responses import S3Response
from werkzeug.datastructures import Headers

Function = Callable[[dict[str, Any]], dict[str, Any]]


@contextmanager
def apply_patches(functions: dict[str, Function], clock: Callable[[], float] = time.time) -> Generator[None]:
    """Patch moto for the block. `functions` run in place of the Lambda functions of these names.

    `clock` is the time that S3 reports.
    """
    with ExitStack() as stack:
        for owner, name, wrapper in (
            (S3Response, "_key_response_put", _add_copy_checksum),
            (S3Response, "put_object", _serialize_writes),
            (S3Response, "head_bucket", _add_date(clock)),
            (S3Response, "head_object", _add_part_count),
            (S3Backend, "put_object", _apply_default_retention),
            (S3Backend, "list_object_versions", _exclude_marker),
            (RDSBackend, "start_export_task", _write_export),
        ):
            stack.enter_context(patch.object(owner, name, wrapper(getattr(owner, name))))
        for backend in (LambdaBackend, LambdaSimpleBackend):
            stack.enter_context(patch.object(backend, "invoke", _invoke_with(functions)))
        yield


def _add_copy_checksum(real: Callable[..., Any]) -> Callable[..., Any]:
    """A copy into a bucket with Object Lock needs no Content-MD5: S3 has the bytes and computes the checksum."""

    def put(self: S3Response, *args: Any) -> Any:
        if "x-amz-copy-source" in self.headers:
            self.headers = Headers([*self.headers, ("x-amz-sdk-checksum-algorithm", "SHA256")])
        return real(self, *args)

    return put


def _serialize_writes(real: Callable[..., Any]) -> Callable[..., Any]:
    """A conditional write is atomic: of many that require a new key, one succeeds."""
    lock = threading.Lock()

    def put(self: S3Response) -> Any:
        with lock:
            return real(self)

    return put


def _add_date(clock: Callable[[], float]) -> Callable[..., Any]:
    """Every response of S3 has the header Date; moto adds it in server mode only."""

    def wrapper(real: Callable[..., Any]) -> Callable[..., Any]:
        def head(self: S3Response) -> Any:
            status, headers, body = real(self)
            return status, {**headers, "date": formatdate(clock(), usegmt=True)}, body

        return head

    return wrapper


def _add_part_count(real: Callable[..., Any]) -> Callable[..., Any]:
    """The checksum of a multipart object ends with the number of parts."""

    def head(self: S3Response, bucket_name: str, query: Any, key_name: str, headers: Any) -> Any:
        status, answer, body = real(self, bucket_name, query, key_name, headers)
        name = "x-amz-checksum-sha256"
        key = self.backend.get_object(bucket_name, key_name, version_id=query.get("versionId", [None])[0])
        if status == HTTPStatus.OK and name in answer and key is not None and key.checksum_type == "COMPOSITE":
            answer[name] = f"{answer[name]}-{key.checksum_parts}"
        return status, answer, body

    return head


def _apply_default_retention(real: Callable[..., Any]) -> Callable[..., Any]:
    """The bucket's default retention applies to every object, also to multipart uploads and to what services write."""

    def put(self: S3Backend, bucket_name: str, *args: Any, **options: Any) -> FakeKey:
        bucket = self.get_bucket(bucket_name)
        if bucket.object_lock_enabled and bucket.has_default_lock and not options.get("lock_mode"):
            options |= {"lock_mode": bucket.default_lock_mode, "lock_until": bucket.default_retention()}
        return real(self, bucket_name, *args, **options)

    return put


def _exclude_marker(real: Callable[..., Any]) -> Callable[..., Any]:
    """A listing after a key starts with the next key, whether or not the key exists."""

    def versions(self: S3Backend, bucket_name: str, *args: Any, **options: Any) -> Any:
        marker = options.get("key_marker")
        if marker and not options.get("version_id_marker"):
            bucket: FakeBucket = self.get_bucket(bucket_name)
            before = max((key for key in bucket.keys if key <= marker), default=None)
            options["key_marker"] = before
            if before is not None:
                options["version_id_marker"] = bucket.keys.getlist(before)[0].version_id
        return real(self, bucket_name, *args, **options)

    return versions


def _write_export(real: Callable[..., Any]) -> Callable[..., Any]:
    """A snapshot export writes Parquet files and two descriptions below its prefix."""

    def start(self: RDSBackend, kwargs: dict[str, Any]) -> Any:
        task = real(self, kwargs)
        folder = f"{kwargs['s3_prefix']}/{kwargs['export_task_identifier']}"
        store = s3_backends[self.account_id][self.partition]
        for name in (f"export_info_{task.export_task_identifier}.json", "orthanc/public.resources/1/part-0.gz.parquet"):
            store.put_object(kwargs["s3_bucket_name"], f"{folder}/{name}", f"placeholder for {name}".encode())
        return task

    return start


def _invoke_with(functions: dict[str, Function]) -> Callable[..., Any]:
    """A Lambda function is invoked in this process instead of in a container."""

    def invoke(_backend: LambdaBackend, function_name: str, *request: Any) -> bytes:
        _qualifier, body, _headers, response_headers = request
        name = function_name.rsplit(":", 1)[-1]
        try:
            answer: Any = functions[name](json.loads(body))
        except Exception as error:  # a failed function is a response, too
            response_headers["x-amz-function-error"] = "Unhandled"
            answer = {"errorMessage": str(error), "errorType": type(error).__name__}
        return json.dumps(answer).encode()

    return invoke


def index_function(account: str, lines: Callable[[], list[dict[str, Any]]], part_lines: int = 1000) -> Function:
    """A function that writes the index as the stack's own does: compressed JSON Lines below the requested prefix."""

    def export(payload: dict[str, Any]) -> dict[str, Any]:
        found, store = lines(), s3_backends[account]["aws"]
        parts = []
        for number, start in enumerate(range(0, len(found), part_lines), start=1):
            text = "".join(json.dumps(line) + "\n" for line in found[start : start + part_lines])
            parts.append(f"{payload['prefix']}{number:06d}.jsonl.gz")
            store.put_object(payload["bucket"], parts[-1], gzip.compress(text.encode()))
        return {"objects": len(found), "parts": parts}

    return export
