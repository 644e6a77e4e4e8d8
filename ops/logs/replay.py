"""Sends to Splunk the events that Firehose could not deliver: the objects under `<source>/splunk-failed/` of the
bucket of failed events. Once Splunk has acknowledged a whole object, the object is tagged `replayed`.

https://docs.aws.amazon.com/firehose/latest/dev/retry.html#dd-retry-splunk
"""

from __future__ import annotations

import base64
import binascii
import gzip
import http.client
import json
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ops.errors import OperatorError

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import TagTypeDef
    from types_boto3_secretsmanager import SecretsManagerClient

TAG = "replayed"
BATCH_BYTES = 1_000_000
TIMEOUT_SECONDS = 30
ACK_TRIES = 60
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
GZIP_MAGIC = b"\x1f\x8b"


class ReplayError(OperatorError):
    """Splunk refused, or an object is not in Firehose's format. Earlier acknowledgements stay valid."""


@dataclass
class Report:
    """Keys and numbers of events sent (in a dry run: to be sent), and the keys sent by earlier runs."""

    sent: dict[str, int] = field(default_factory=dict)
    before: list[str] = field(default_factory=list)


def parse_events(key: str, body: bytes) -> list[bytes]:
    """The events in an object: lines of JSON with base64 in `rawData`, compressed or not."""
    text = gzip.decompress(body) if body.startswith(GZIP_MAGIC) else body
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            try:
                found.append(base64.b64decode(json.loads(line)["rawData"], validate=True).rstrip(b"\n"))
            except (ValueError, KeyError, TypeError, binascii.Error) as error:
                raise ReplayError(f"{key}, line {number}: not a failed event of Firehose ({error!r})") from error
    return found


def split_into_batches(found: list[bytes], limit: int = BATCH_BYTES) -> Iterator[bytes]:
    """Request bodies of at most `limit` bytes; a larger event is sent alone and is never split."""
    body = b""
    for event in found:
        line = event + b"\n"
        if body and len(body) + len(line) > limit:
            yield body
            body = b""
        body += line
    if body:
        yield body


class Collector:
    """Splunk's HTTP Event Collector at `endpoint`, for one token. Raises ReplayError where Splunk does not accept.

    https://docs.splunk.com/Documentation/Splunk/latest/Data/AboutHECIDXAck
    """

    def __init__(self, endpoint: str, token: str, *, pause: Callable[[float], None] = time.sleep) -> None:
        parts = urlsplit(endpoint)
        self.secure, self.host, self.port = parts.scheme == "https", parts.hostname or "", parts.port
        if not (self.secure or (parts.scheme == "http" and self.host in LOOPBACK)):
            raise ReplayError(f"{endpoint} is not https: the token and the events would be readable in transit")
        self.token, self.pause = token, pause
        self.channel = str(uuid.uuid4())

    def send(self, body: bytes) -> None:
        """Sends events and waits until they are indexed; without acknowledgement, until accepted."""
        answer = self._post("/services/collector/raw", body)
        if "ackId" not in answer:
            return
        question = json.dumps({"acks": [answer["ackId"]]}).encode()
        for _ in range(ACK_TRIES):
            if self._post("/services/collector/ack", question)["acks"].get(str(answer["ackId"])):
                return
            self.pause(5)
        raise ReplayError(f"Splunk accepted the events but did not acknowledge them within {ACK_TRIES * 5} s")

    def _post(self, path: str, body: bytes) -> dict[str, Any]:
        kind = http.client.HTTPSConnection if self.secure else http.client.HTTPConnection
        connection = kind(self.host, self.port, timeout=TIMEOUT_SECONDS)
        headers = {"Authorization": f"Splunk {self.token}", "X-Splunk-Request-Channel": self.channel}
        try:
            connection.request("POST", path, body, headers)
            response = connection.getresponse()
            answer = response.read()
        except (OSError, http.client.HTTPException) as error:
            raise ReplayError(f"{self.host}: {error}") from error
        finally:
            connection.close()
        if response.status != http.HTTPStatus.OK:
            raise ReplayError(f"Splunk answers {response.status}: {answer[:200].decode(errors='replace')}")
        return json.loads(answer)


def read_token(secrets: SecretsManagerClient, arn: str) -> str:
    """The collector's token in the secret `arn`, as Firehose reads it: the key `hec_token`."""
    try:
        return json.loads(secrets.get_secret_value(SecretId=arn)["SecretString"])["hec_token"]
    except (ValueError, KeyError, TypeError):
        # Without its cause, whose text would show the secret.
        raise ReplayError(f"{arn} is not JSON with the key hec_token") from None


def replay(s3: S3Client, bucket: str, source: str, collector: Collector | None) -> Report:
    """Sends the failed events of `source` in the order of their keys; without a collector, counts them only.

    It can be run again after any failure: objects sent before are skipped, and an interrupted object is sent again in
    full.
    """
    report = Report()
    for key in _list_keys(s3, bucket, f"{source}/splunk-failed/"):
        tags = s3.get_object_tagging(Bucket=bucket, Key=key)["TagSet"]
        if any(tag["Key"] == TAG for tag in tags):
            report.before.append(key)
            continue
        found = parse_events(key, s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        if collector is not None:
            for body in split_into_batches(found):
                collector.send(body)
            done: TagTypeDef = {"Key": TAG, "Value": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
            s3.put_object_tagging(Bucket=bucket, Key=key, Tagging={"TagSet": [*tags, done]})
        report.sent[key] = len(found)
    return report


def _list_keys(s3: S3Client, bucket: str, prefix: str) -> Iterator[str]:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for item in page.get("Contents", ()):
            yield item["Key"]
