"""A PostgreSQL of one test run: TLS only, on loopback, with a master that is no superuser, as in RDS."""

from __future__ import annotations

import os
import secrets
import socket
import stat
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from pg8000.native import Connection, literal

from tests.dataplane.authority import Authority
from tests.dataplane.debian import POSTGRESQL, tree

BIN = "usr/lib/postgresql/15/bin"
MASTER = "storeadmin"
DATABASE = "orthanc"
NOBODY = 65534
SETTINGS = {
    "listen_addresses": "'127.0.0.1'",
    "unix_socket_directories": "''",
    "ssl": "on",
    "ssl_min_protocol_version": "TLSv1.2",
    "log_statement": "all",
    "log_min_messages": "info",
    "fsync": "off",
    "max_connections": "100",
    "timezone": "UTC",
}
ACCESS = "hostssl all all 127.0.0.1/32 scram-sha-256\nhostnossl all all 127.0.0.1/32 reject\n"


@dataclass(frozen=True, kw_only=True)
class PostgreSql:
    """A running server. `log` holds every statement it was sent."""

    port: int
    authority: Authority
    log: Path
    master_password: str = field(repr=False)
    superuser_password: str = field(repr=False)

    def connect(self, user: str, password: str, database: str = DATABASE) -> Connection:
        """A verified connection."""
        context = self.authority.trusted()
        return Connection(
            user, host="localhost", port=self.port, database=database, password=password, ssl_context=context
        )

    def as_superuser(self, database: str = "postgres") -> Connection:
        """A connection that may do anything, which RDS gives nobody."""
        return self.connect("postgres", self.superuser_password, database)


@contextmanager
def running(folder: Path) -> Generator[PostgreSql]:
    """Starts a server in `folder`, and stops it."""
    programs = tree(POSTGRESQL)
    data, passwords = folder / "data", folder / "password"
    authority = Authority.create(folder)
    server = PostgreSql(
        port=free_port(),
        authority=authority,
        log=folder / "log",
        master_password=secrets.token_urlsafe(20),
        superuser_password=secrets.token_urlsafe(20),
    )
    passwords.write_text(server.superuser_password)
    certificate, key = authority.issue("localhost", folder)
    settings = {**SETTINGS, "port": str(server.port), "ssl_cert_file": f"'{certificate}'", "ssl_key_file": f"'{key}'"}

    def run(program: str, *arguments: str, log: IO[str] | int = subprocess.PIPE) -> None:
        command = [*as_somebody(folder), programs.program(f"{BIN}/{program}"), "-D", str(data), *arguments]
        subprocess.run(command, check=True, env=programs.environment(), stdout=log, stderr=log)

    share = programs.program("usr/share/postgresql/15")
    run(
        "initdb",
        "-L",
        share,
        "-U",
        "postgres",
        "-A",
        "scram-sha-256",
        f"--pwfile={passwords}",
        "-E",
        "UTF8",
        "--no-sync",
    )
    with (data / "postgresql.conf").open("a") as text:
        text.writelines(f"{name} = {value}\n" for name, value in settings.items())
    (data / "pg_hba.conf").write_text(ACCESS)
    with server.log.open("w") as log:
        run("pg_ctl", "-w", "-t", "30", "start", log=log)
    try:
        with server.as_superuser() as superuser:
            superuser.run(f"CREATE ROLE {MASTER} LOGIN CREATEROLE CREATEDB PASSWORD {literal(server.master_password)}")
        yield server
    finally:
        run("pg_ctl", "-m", "immediate", "stop")


def as_somebody(folder: Path) -> list[str]:
    """How to start PostgreSQL, which refuses root, so that it can use `folder`.

    In a user namespace root is nobody, and its files are still its own. Where there are none, as in some containers,
    the server runs as nobody, who is given the folder and a way to it.
    """
    if os.getuid() != 0:
        return []
    namespace = ["unshare", "--user", f"--map-user={NOBODY}", f"--map-group={NOBODY}"]
    if subprocess.run([*namespace, "true"], capture_output=True, check=False).returncode == 0:
        return namespace
    for path in (folder, *folder.rglob("*")):
        os.chown(path, NOBODY, NOBODY)
    for parent in folder.parents:
        if parent.is_relative_to(tempfile.gettempdir()):
            parent.chmod(parent.stat().st_mode | stat.S_IXOTH)
    return ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]


def free_port() -> int:
    """A port of loopback that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
