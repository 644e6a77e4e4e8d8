"""Serves a plugin to the engine over gRPC."""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent import futures

import grpc

from rehearsal.engine.parent import end_with_parent

MESSAGE_BYTES = 400 * 1024 * 1024  # the engine's own limit


def start_server(register: Callable[[grpc.Server], None], *, workers: int) -> grpc.Server:
    """Start a server that ends with the engine; its port is the only line on standard output."""
    end_with_parent()
    options = [("grpc.max_receive_message_length", MESSAGE_BYTES), ("grpc.max_send_message_length", MESSAGE_BYTES)]
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=workers), options=options)
    register(server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    return server
