"""A PostgreSQL of one test run: TLS only, on loopback, with a master that is no superuser, as in RDS."""

from __future__ import annotations

import os
import secrets
import socket
import stat
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from pg8000.native import Connection, literal

from dataplane.authority import Authority
from dataplane.debian import POSTGRESQL, tree

BIN = "usr/lib/postgresql/15/bin"
MASTER = "storeadmin"
DATABASE = "orthanc"
NOBODY = 65534
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "ssl": "on",
    "ssl_min_protocol_version": "TLSv1.2",
    "fsync": "off",
    "timezone": "UTC",
}
TALKATIVE = {"log_statement": "all", "log_min_messages": "info"}
"""For tests that read what a client sent."""

ACCESS = "hostssl all all 127.0.0.1/32 scram-sha-256\nhostnossl all all 127.0.0.1/32 reject\n"


@dataclass(frozen=True, kw_only=True)
class PostgreSql:
    """A server of one test run. `log` is its own; `host` is the name on its certificate."""

    folder: Path
    host: str
    port: int
    authority: Authority
    log: Path
    master_password: str = field(repr=False)
    superuser_password: str = field(repr=False)

    @classmethod
    def create(cls, folder: Path, host: str = "localhost", **settings: str) -> PostgreSql:
        """Files of a new server in `folder`, which does not run yet."""
        authority = Authority.create(folder)
        server = cls(
            folder=folder,
            host=host,
            port=free_port(),
            authority=authority,
            log=folder / "log",
            master_password=secrets.token_urlsafe(20),
            superuser_password=secrets.token_urlsafe(20),
        )
        certificate, key = authority.issue(*dict.fromkeys((host, "localhost")), folder=folder)
        passwords = folder / "password"
        passwords.write_text(server.superuser_password)
        share = tree(POSTGRESQL).program("usr/share/postgresql/15")
        names = ("-U", "postgres", "-A", "scram-sha-256", f"--pwfile={passwords}", "-E", "UTF8")
        server._run("initdb", "-L", share, *names, "--no-sync")
        held = SETTINGS | {"port": str(server.port), "ssl_cert_file": str(certificate), "ssl_key_file": str(key)}
        with (folder / "data" / "postgresql.conf").open("a") as text:
            text.writelines(f"{name} = '{value}'\n" for name, value in (held | settings).items())
        (folder / "data" / "pg_hba.conf").write_text(ACCESS)
        return server

    def start(self) -> None:
        """Starts it; it accepts connections when this returns."""
        self._run("pg_ctl", "-w", "-t", "30", "start", log=self.log)

    def stop(self, mode: str = "fast") -> None:
        """Stops it: `fast` ends sessions in good order, `immediate` is a crash."""
        self._run("pg_ctl", "-w", "-t", "60", "-m", mode, "stop")

    def connect(self, user: str, password: str, database: str = DATABASE) -> Connection:
        """A verified connection."""
        context = self.authority.trusted()
        return Connection(
            user, host="localhost", port=self.port, database=database, password=password, ssl_context=context
        )

    def as_superuser(self, database: str = "postgres") -> Connection:
        """A connection that may do anything, which RDS gives nobody."""
        return self.connect("postgres", self.superuser_password, database)

    def _run(self, program: str, *arguments: str, log: Path | None = None) -> None:
        data, programs = str(self.folder / "data"), tree(POSTGRESQL)
        command = [*as_somebody(self.folder), programs.program(f"{BIN}/{program}"), "-D", data, *arguments]
        # The server keeps what it is given as output, so a pipe would never end.
        with (log or self.folder / "commands").open("a") as said:
            subprocess.run(command, check=True, env=programs.environment(), stdout=said, stderr=said)


@contextmanager
def running(folder: Path, host: str = "localhost", **settings: str) -> Generator[PostgreSql]:
    """Starts a server in `folder`, and stops it."""
    server = PostgreSql.create(folder, host, **settings)
    server.start()
    try:
        with server.as_superuser() as superuser:
            superuser.run(f"CREATE ROLE {MASTER} LOGIN CREATEROLE CREATEDB PASSWORD {literal(server.master_password)}")
        yield server
    finally:
        with suppress(subprocess.CalledProcessError):  # a test may have stopped it
            server.stop("immediate")


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
