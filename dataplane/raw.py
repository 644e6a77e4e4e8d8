"""Requests as bytes, for what no honest client sends."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

END = b"\r\n\r\n"


@contextmanager
def connected(
    port: int, *, host: str, authority: Path, context: ssl.SSLContext | None = None, seconds: float = 10
) -> Generator[ssl.SSLSocket]:
    """A TLS connection to `port` of loopback, verified unless `context` says otherwise."""
    context = context or ssl.create_default_context(cafile=str(authority))
    with (
        socket.create_connection(("127.0.0.1", port), timeout=seconds) as plain,
        context.wrap_socket(plain, server_hostname=host) as secured,
    ):
        yield secured


def everything(connection: socket.socket) -> bytes:
    """All that comes until the other side closes, or says nothing for the connection's timeout."""
    received = b""
    try:
        while more := connection.recv(65536):
            received += more
    except (TimeoutError, ConnectionResetError, ssl.SSLError):
        pass
    return received


def statuses(answers: bytes) -> list[int]:
    """Status of each answer on a connection."""
    return [int(line.split()[1]) for line in answers.split(b"\r\n") if line.startswith(b"HTTP/1.")]


def head(method: str, path: str, *lines: str, host: str = "store.example") -> bytes:
    """A request's head, its lines as they are given."""
    return "\r\n".join((f"{method} {path} HTTP/1.1", f"Host: {host}", *lines)).encode("latin-1") + END
