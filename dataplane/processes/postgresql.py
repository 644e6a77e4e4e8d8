"""A temporary PostgreSQL server: TLS only, on loopback, and, as in RDS, a master user that is no superuser."""

from __future__ import annotations

import os
import secrets
import stat
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from pg8000.native import Connection, literal

from dataplane.packages.debian import POSTGRESQL, package_tree
from dataplane.processes.authority import Authority
from dataplane.processes.namespaces import NOBODY, namespace_command
from dataplane.processes.ports import LOOPBACK, free_port

BIN = "usr/lib/postgresql/15/bin"
MASTER = "storeadmin"
DATABASE = "orthanc"
SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "ssl": "on",
    "ssl_min_protocol_version": "TLSv1.2",
    "fsync": "off",
    "timezone": "UTC",
}
LOG_STATEMENTS = {"log_statement": "all", "log_min_messages": "info"}
"""Settings that log every statement."""

ACCESS = f"hostssl all all {LOOPBACK}/32 scram-sha-256\nhostnossl all all {LOOPBACK}/32 reject\n"


@dataclass(frozen=True, kw_only=True)
class PostgreSql:
    """A server in `folder`. `host` is the name on its certificate, `log` its log file."""

    folder: Path
    host: str
    port: int
    authority: Authority
    log: Path
    master_password: str = field(repr=False)
    superuser_password: str = field(repr=False)

    @classmethod
    def create(cls, folder: Path, host: str = "localhost", **settings: str) -> PostgreSql:
        """Creates the files of a server in `folder`; it is not started."""
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
        certificate, key = authority.issue_server(*dict.fromkeys((host, "localhost")), folder=folder)
        passwords = folder / "password"
        passwords.write_text(server.superuser_password)
        share = package_tree(POSTGRESQL).path("usr/share/postgresql/15")
        names = ("-U", "postgres", "-A", "scram-sha-256", f"--pwfile={passwords}", "-E", "UTF8")
        server._run("initdb", "-L", share, *names, "--no-sync")
        values = SETTINGS | {"port": str(server.port), "ssl_cert_file": str(certificate), "ssl_key_file": str(key)}
        with (folder / "data" / "postgresql.conf").open("a") as text:
            text.writelines(f"{name} = '{value}'\n" for name, value in (values | settings).items())
        (folder / "data" / "pg_hba.conf").write_text(ACCESS)
        return server

    def start(self) -> None:
        """Starts the server, and returns once it accepts connections."""
        self._run("pg_ctl", "-w", "-t", "30", "start", log=self.log)

    def stop(self, mode: str = "fast") -> None:
        """Stops the server: `fast` ends sessions cleanly, `immediate` is like a crash."""
        self._run("pg_ctl", "-w", "-t", "60", "-m", mode, "stop")

    def connect(self, user: str, password: str, database: str = DATABASE) -> Connection:
        """A connection whose server certificate is verified."""
        context = self.authority.client_context()
        return Connection(
            user, host="localhost", port=self.port, database=database, password=password, ssl_context=context
        )

    def connect_as_superuser(self, database: str = "postgres") -> Connection:
        """A connection as superuser, which RDS does not offer."""
        return self.connect("postgres", self.superuser_password, database)

    def _run(self, program: str, *arguments: str, log: Path | None = None) -> None:
        data, programs = str(self.folder / "data"), package_tree(POSTGRESQL)
        command = [*unprivileged_command(self.folder), programs.path(f"{BIN}/{program}"), "-D", data, *arguments]
        # The server keeps its output open, so a pipe would never end.
        with (log or self.folder / "commands").open("a") as output:
            subprocess.run(command, check=True, env=programs.environment(), stdout=output, stderr=output)


@contextmanager
def run_postgresql(folder: Path, host: str = "localhost", **settings: str) -> Generator[PostgreSql]:
    """Runs a server in `folder` with the master user created, and stops it in the end."""
    server = PostgreSql.create(folder, host, **settings)
    server.start()
    try:
        with server.connect_as_superuser() as superuser:
            superuser.run(f"CREATE ROLE {MASTER} LOGIN CREATEROLE CREATEDB PASSWORD {literal(server.master_password)}")
        yield server
    finally:
        with suppress(subprocess.CalledProcessError):  # the caller may have stopped it
            server.stop("immediate")


def unprivileged_command(folder: Path) -> list[str]:
    """The prefix of a command that does not run as root, which PostgreSQL refuses, and that can use `folder`.

    For root this is a user namespace. Where those are not allowed, as in some containers, it is the user nobody, who
    becomes the owner of the folder and gets access to its temporary parents.
    """
    if os.getuid() != 0:
        return []
    if namespace := namespace_command():
        return namespace
    for path in (folder, *folder.rglob("*")):
        os.chown(path, NOBODY, NOBODY)
    for parent in folder.parents:
        if parent.is_relative_to(tempfile.gettempdir()):
            parent.chmod(parent.stat().st_mode | stat.S_IXOTH)
    return ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
