"""A server in place of Orthanc that records every byte it receives."""

from __future__ import annotations

import re
import socket
import ssl
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from dataplane.clients.raw import END

RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@dataclass(kw_only=True)
class Recorder:
    """Listens on `port`. `received` has the bytes of each connection."""

    port: int
    received: list[bytearray] = field(default_factory=list)
    failed_handshakes: int = 0

    @property
    def all_bytes(self) -> bytes:
        """The bytes of all connections."""
        return b"".join(bytes(connection) for connection in self.received)

    @property
    def requests(self) -> list[bytes]:
        """Heads of the received requests; bodies are skipped by the framing in the heads."""
        return [head for connection in self.received for head in heads(bytes(connection))]


@contextmanager
def run_recorder(certificate: Path, key: Path) -> Generator[Recorder]:
    """Runs a recorder with a server certificate; it answers each request with an empty object."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        recorder = Recorder(port=listener.getsockname()[1])

        def accept() -> None:
            with suppress(OSError):
                while True:
                    plain, _ = listener.accept()
                    threading.Thread(target=serve, args=(plain,), daemon=True).start()

        def serve(plain: socket.socket) -> None:
            try:
                secured = context.wrap_socket(plain, server_side=True)
            except OSError:
                recorder.failed_handshakes += 1
                return
            received = bytearray()
            recorder.received.append(received)
            answered = 0
            with secured, suppress(OSError):
                while more := secured.recv(65536):
                    received += more
                    if (complete := len(list(heads(bytes(received))))) > answered:
                        secured.sendall(RESPONSE * (complete - answered))
                        answered = complete

        threading.Thread(target=accept, daemon=True).start()
        yield recorder
        listener.shutdown(socket.SHUT_RDWR)


def heads(received: bytes) -> list[bytes]:
    """Heads of the complete requests in `received`, by their own framing."""
    found, start = [], 0
    while (end := received.find(END, start)) >= 0:
        text = received[start:end]
        if re.search(rb"(?im)^transfer-encoding: *chunked", text):
            body_end = received.find(b"0\r\n\r\n", end + len(END))
            if body_end < 0:
                break
            following = body_end + 5
        else:
            lengths = re.findall(rb"(?im)^content-length: *(\d+)", text)
            following = end + len(END) + (int(lengths[0]) if lengths else 0)
        if following > len(received):
            break
        found.append(text)
        start = following
    return found
