"""Raw TLS connections, for requests that no HTTP client would send."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

END = b"\r\n\r\n"


@contextmanager
def connect(
    port: int, *, host: str, authority: Path, context: ssl.SSLContext | None = None, seconds: float = 10
) -> Generator[ssl.SSLSocket]:
    """A TLS connection to `port` on loopback, verified unless `context` says otherwise."""
    context = context or ssl.create_default_context(cafile=str(authority))
    with (
        socket.create_connection(("127.0.0.1", port), timeout=seconds) as plain,
        context.wrap_socket(plain, server_hostname=host) as secured,
    ):
        yield secured


def read_all(connection: socket.socket) -> bytes:
    """All bytes until the peer closes the connection, or sends nothing for the connection's timeout."""
    received = b""
    try:
        while more := connection.recv(65536):
            received += more
    except (TimeoutError, ConnectionResetError, ssl.SSLError):
        pass
    return received


def statuses(responses: bytes) -> list[int]:
    """The status of each response on a connection."""
    return [int(line.split()[1]) for line in responses.split(b"\r\n") if line.startswith(b"HTTP/1.")]


def head(method: str, path: str, *lines: str, host: str = "store.example") -> bytes:
    """The head of a request, with its lines unchanged."""
    return "\r\n".join((f"{method} {path} HTTP/1.1", f"Host: {host}", *lines)).encode("latin-1") + END
