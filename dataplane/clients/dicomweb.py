"""A DICOMweb client that returns responses unchanged: status, headers and bytes."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

import urllib3

DICOM = "application/dicom"
JSON = "application/dicom+json"
ACCEPT_STORED = 'multipart/related; type="application/dicom"; transfer-syntax=*'
"""Requests instances in the transfer syntax in which they were stored."""

CHUNK_BYTES = 2**20
OK = HTTPStatus.OK
REFERENCED, FAILED, INSTANCE = "00081199", "00081198", "00081155"


class ResponseError(RuntimeError):
    """The store answered with another status than expected."""


class Client:
    """Connects to a port on loopback. Its certificate must be for `host` and signed by `authority`."""

    def __init__(self, port: int, *, host: str, authority: Path, headers: Mapping[str, str] | None = None) -> None:
        self.headers = dict(headers or {})
        self.pool = urllib3.HTTPSConnectionPool(
            "127.0.0.1",
            port,
            maxsize=16,
            cert_reqs="CERT_REQUIRED",
            ca_certs=str(authority),
            assert_hostname=host,
            server_hostname=host,
            timeout=120,  # of each single read or write
            retries=False,
        )

    def request(self, method: str, path: str, **options: Any) -> urllib3.BaseHTTPResponse:
        """Sends one request without retries."""
        headers = self.headers | options.pop("headers", {})
        return self.pool.request(method, path, headers=headers, **options)

    def store(self, *instances: bytes, study: str = "", chunked: bool = False) -> urllib3.BaseHTTPResponse:
        """STOW-RS of DICOM files in one request."""
        boundary = secrets.token_hex(16)
        headers = {"Content-Type": f'multipart/related; type="{DICOM}"; boundary={boundary}', "Accept": JSON}
        chunks = multipart(instances, boundary)
        body: Any = chunks if chunked else b"".join(chunks)
        path = "/dicom-web/studies" + (f"/{study}" if study else "")
        return self.request("POST", path, body=body, headers=headers, chunked=chunked)

    def search(self, path: str = "/dicom-web/instances", **query: str) -> list[dict[str, Any]]:
        """The data sets that QIDO-RS finds. ResponseError without status 200."""
        response = self.request("GET", path, fields=query, headers={"Accept": JSON})
        return json.loads(_body(path, response))

    def retrieve(self, path: str, accept: str = ACCEPT_STORED) -> list[bytes]:
        """Parts that WADO-RS returns for `path`: instances as files, or frames. ResponseError without status 200."""
        response = self.request("GET", path, headers={"Accept": accept})
        return list(parts(response.headers.get("Content-Type", ""), _body(path, response)))


def _body(path: str, response: urllib3.BaseHTTPResponse) -> bytes:
    if response.status != OK:
        raise ResponseError(f"{path}: status {response.status}, {response.data[:500]!r}")
    return response.data


def multipart(instances: Iterable[bytes], boundary: str) -> Iterator[bytes]:
    """The body of a STOW-RS request, in chunks."""
    for instance in instances:
        yield f"--{boundary}\r\nContent-Type: {DICOM}\r\n\r\n".encode()
        yield from (instance[start : start + CHUNK_BYTES] for start in range(0, len(instance), CHUNK_BYTES))
        yield b"\r\n"
    yield f"--{boundary}--\r\n".encode()


def parts(content_type: str, body: bytes) -> Iterator[bytes]:
    """Payloads of a multipart response, by their Content-Length: pixel data may contain the boundary."""
    [boundary] = re.findall(r'boundary="?([^";]+)', content_type)
    end = 0
    while (start := body.find(f"--{boundary}\r\n".encode(), end)) >= 0:
        head_end = body.index(b"\r\n\r\n", start)
        [length] = re.findall(rb"(?i)content-length: *(\d+)", body[start:head_end])
        payload = head_end + len(b"\r\n\r\n")
        end = payload + int(length)
        yield body[payload:end]


def acknowledged_uids(response: urllib3.BaseHTTPResponse) -> set[str]:
    """SOP Instance UIDs that a STOW-RS response lists as stored."""
    if response.status not in {HTTPStatus.OK, HTTPStatus.ACCEPTED}:
        return set()
    sequence = json.loads(response.data).get(REFERENCED, {}).get("Value", [])
    return {item[INSTANCE]["Value"][0] for item in sequence}
