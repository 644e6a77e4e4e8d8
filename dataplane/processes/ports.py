"""Ports of the loopback interface."""

from __future__ import annotations

import secrets
import socket
from contextlib import suppress

LOOPBACK = "127.0.0.1"
LOWEST, HIGHEST = 20_000, 32_000
"""Below the ephemeral ports, which any connection may take between the choice of a port and its use."""

TRIES = 100


def free_port() -> int:
    """A port of loopback that is not in use at the moment; OSError if none is found."""
    for _ in range(TRIES):
        port = LOWEST + secrets.randbelow(HIGHEST - LOWEST)
        with suppress(OSError), socket.socket() as probe:
            probe.bind((LOOPBACK, port))
            return port
    raise OSError(f"no free port found between {LOWEST} and {HIGHEST}")
