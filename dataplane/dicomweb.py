"""A DICOMweb client that shows everything: status, headers and bytes as they came."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import urllib3

DICOM = "application/dicom"
JSON = "application/dicom+json"
STORED = 'multipart/related; type="application/dicom"; transfer-syntax=*'
"""WADO-RS answers with the bytes as they were stored."""

PIECE = 2**20  # bytes of a chunk
REFERENCED, FAILED, INSTANCE = "00081199", "00081198", "00081155"


class Client:
    """Speaks to one port of loopback, whose certificate must be of `host` and signed by `authority`."""

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
        """One request, never repeated."""
        headers = self.headers | options.pop("headers", {})
        return self.pool.request(method, path, headers=headers, **options)

    def store(self, *instances: bytes, study: str = "", chunked: bool = False) -> urllib3.BaseHTTPResponse:
        """STOW-RS of DICOM files in one request."""
        boundary = secrets.token_hex(16)
        headers = {"Content-Type": f'multipart/related; type="{DICOM}"; boundary={boundary}', "Accept": JSON}
        pieces = multipart(instances, boundary)
        body: Any = pieces if chunked else b"".join(pieces)
        path = "/dicom-web/studies" + (f"/{study}" if study else "")
        return self.request("POST", path, body=body, headers=headers, chunked=chunked)

    def search(self, path: str = "/dicom-web/instances", **query: str) -> list[dict[str, Any]]:
        """QIDO-RS."""
        answer = self.request("GET", path, fields=query, headers={"Accept": JSON})
        assert answer.status == 200, answer.data
        return json.loads(answer.data)

    def retrieve(self, path: str, accept: str = STORED) -> list[bytes]:
        """WADO-RS of every instance below `path`, as files."""
        answer = self.request("GET", path, headers={"Accept": accept})
        assert answer.status == 200, answer.data[:500]
        return list(parts(answer.headers["Content-Type"], answer.data))


def multipart(instances: Iterable[bytes], boundary: str) -> Iterator[bytes]:
    """Parts of a STOW-RS body."""
    for instance in instances:
        yield f"--{boundary}\r\nContent-Type: {DICOM}\r\n\r\n".encode()
        yield from (instance[place : place + PIECE] for place in range(0, len(instance), PIECE))
        yield b"\r\n"
    yield f"--{boundary}--\r\n".encode()


def parts(content_type: str, body: bytes) -> Iterator[bytes]:
    """Payloads of a multipart answer. Sizes are given, so that pixels may hold anything."""
    [boundary] = re.findall(r'boundary="?([^";]+)', content_type)
    place = 0
    while (start := body.find(f"--{boundary}\r\n".encode(), place)) >= 0:
        head_end = body.index(b"\r\n\r\n", start)
        [length] = re.findall(rb"(?i)content-length: *(\d+)", body[start:head_end])
        yield body[head_end + 4 : head_end + 4 + int(length)]
        place = head_end + 4 + int(length)


def acknowledged(answer: urllib3.BaseHTTPResponse) -> set[str]:
    """SOP Instance UIDs that the answer of a STOW-RS says are stored."""
    if answer.status not in {200, 202}:
        return set()
    sequence = json.loads(answer.data).get(REFERENCED, {}).get("Value", [])
    return {item[INSTANCE]["Value"][0] for item in sequence}
