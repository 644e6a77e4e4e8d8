"""Failed events reach Splunk once: against S3 and Secrets Manager in memory, and a collector on loopback."""

from __future__ import annotations

import base64
import gzip
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

import boto3
import pytest
from moto import mock_aws
from typer.testing import CliRunner

from ops import __main__
from ops.logs import replay

BUCKET, SOURCE = "octank-prod-splunk-failed", "aws-cloudtrail"
FIRST, SECOND = (f"{SOURCE}/splunk-failed/2027/01/0{day}/part" for day in (1, 2))


class Splunk(ThreadingHTTPServer):
    """A collector that keeps what it is sent. `refuse_after` bodies it answers 503; `pending` acknowledgements wait."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.bodies: list[bytes] = []
        self.headers: list[dict[str, str]] = []
        self.refuse_after = 100
        self.pending = 0
        self.acknowledges = True

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        splunk = cast(Splunk, self.server)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/services/collector/ack":
            splunk.pending -= 1
            self._answer(200, {"acks": {str(ack): splunk.pending < 0 for ack in json.loads(body)["acks"]}})
        elif len(splunk.bodies) >= splunk.refuse_after:
            self._answer(503, {"text": "Server is busy", "code": 9})
        else:
            splunk.bodies.append(body)
            splunk.headers.append(dict(self.headers))
            ack = {"ackId": len(splunk.bodies)} if splunk.acknowledges else {}
            self._answer(200, {"text": "Success", "code": 0, **ack})

    def _answer(self, status: int, content: dict[str, object]) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(content).encode())

    def log_message(self, format: str, *args: Any) -> None: ...


@pytest.fixture
def splunk() -> Iterator[Splunk]:
    server = Splunk()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def lines(*found: bytes) -> bytes:
    """An object as Firehose writes it."""
    records = [{"attemptsMade": 5, "errorCode": "x", "rawData": base64.b64encode(event).decode()} for event in found]
    return "\n".join(json.dumps(record) for record in records).encode()


@pytest.fixture
def s3(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket=BUCKET)
        client.put_object(Bucket=BUCKET, Key=FIRST, Body=gzip.compress(lines(b"one", b"two\n")))
        client.put_object(Bucket=BUCKET, Key=SECOND, Body=lines(b"three"))
        client.put_object(Bucket=BUCKET, Key=f"{SOURCE}/processing-failed/2027/01/01/part", Body=b"not ours")
        yield client


def collector(splunk: Splunk) -> replay.Collector:
    return replay.Collector(splunk.endpoint, "t", pause=lambda _: None)


def test_every_event_is_sent_once(s3, splunk):
    report = replay.replay(s3, BUCKET, SOURCE, collector(splunk))
    assert report.sent == {FIRST: 2, SECOND: 1}
    again = replay.replay(s3, BUCKET, SOURCE, collector(splunk))
    assert (again.sent, again.before) == ({}, [FIRST, SECOND])
    assert splunk.bodies == [b"one\ntwo\n", b"three\n"]
    assert {sent["Authorization"] for sent in splunk.headers} == {"Splunk t"}
    assert all(sent["X-Splunk-Request-Channel"] for sent in splunk.headers)


def test_a_dry_run_sends_and_marks_nothing(s3, splunk):
    assert replay.replay(s3, BUCKET, SOURCE, None).sent == {FIRST: 2, SECOND: 1}
    assert splunk.bodies == []
    assert s3.get_object_tagging(Bucket=BUCKET, Key=FIRST)["TagSet"] == []


def test_after_a_refusal_only_the_rest_is_sent(s3, splunk):
    splunk.refuse_after = 1
    with pytest.raises(replay.ReplayError, match="503"):
        replay.replay(s3, BUCKET, SOURCE, collector(splunk))
    splunk.refuse_after = 100
    assert replay.replay(s3, BUCKET, SOURCE, collector(splunk)).sent == {SECOND: 1}
    assert splunk.bodies == [b"one\ntwo\n", b"three\n"]


def test_an_object_is_done_only_when_it_is_acknowledged(s3, splunk):
    splunk.pending = 10_000
    with pytest.raises(replay.ReplayError, match="acknowledge"):
        replay.replay(s3, BUCKET, SOURCE, collector(splunk))
    assert s3.get_object_tagging(Bucket=BUCKET, Key=FIRST)["TagSet"] == []
    splunk.pending = 2
    assert len(replay.replay(s3, BUCKET, SOURCE, collector(splunk)).sent) == 2


def test_a_token_without_acknowledgement_is_enough(s3, splunk):
    splunk.acknowledges = False
    assert len(replay.replay(s3, BUCKET, SOURCE, collector(splunk)).sent) == 2


@pytest.mark.parametrize("body", [b"{}", b"text", b'{"rawData": "%%"}', b"[1]"])
def test_an_object_that_firehose_did_not_write_is_an_error(body):
    with pytest.raises(replay.ReplayError, match="k, line 1"):
        replay.parse_events("k", body)


def test_batches_keep_events_whole():
    assert list(replay.split_into_batches([b"aa", b"bb", b"ccccccc", b"d"], limit=6)) == [
        b"aa\nbb\n",
        b"ccccccc\n",
        b"d\n",
    ]


@pytest.mark.parametrize("endpoint", ["http://splunk.example:8088", "ftp://127.0.0.1", "splunk.example"])
def test_nothing_is_sent_in_plain_text(endpoint):
    with pytest.raises(replay.ReplayError, match="not https"):
        replay.Collector(endpoint, "t")


def test_the_command_is_dry_unless_told(s3, splunk):
    secret = boto3.client("secretsmanager").create_secret(Name="hec", SecretString='{"hec_token": "t"}')["ARN"]
    options = ["--bucket", BUCKET, "--source", SOURCE, "--endpoint", splunk.endpoint, "--secret", secret]
    said = CliRunner().invoke(__main__.app, ["replay-splunk", *options])
    assert (said.exit_code, splunk.bodies) == (0, [])
    assert "2 objects, 3 events; 0 sent before" in said.output
    said = CliRunner().invoke(__main__.app, ["replay-splunk", *options, "--send"])
    assert (said.exit_code, len(splunk.bodies)) == (0, 2)


def test_a_secret_without_a_token_is_not_shown(s3):
    secret = boto3.client("secretsmanager").create_secret(Name="hec", SecretString="hidden")["ARN"]
    with pytest.raises(replay.ReplayError) as refused:
        replay.read_token(boto3.client("secretsmanager"), secret)
    assert "hidden" not in str(refused.value)
