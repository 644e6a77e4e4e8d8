"""The store on this machine: PostgreSQL, Orthanc replicas and nginx, from the rendered tasks of a stack."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dataplane.clients.dicomweb import Client
from dataplane.processes.postgresql import DATABASE, MASTER, PostgreSql, run_postgresql
from dataplane.processes.replica import Replica
from dataplane.processes.tasks import Stack, Task, certificate_name
from dataplane.processes.web import Web
from functions.rotation import roles

RDS_ONLY = "rds."
"""Prefix of parameters that only RDS knows. The server's access file does what `rds.force_ssl` does."""

LOG_DELAY_SECONDS = 0.2


@dataclass(frozen=True, kw_only=True)
class Store:
    """A running store. `storage` is the folder that replaces the image bucket."""

    stack: Stack
    web: Web
    replicas: Sequence[Replica]
    database: PostgreSql
    storage: Path

    def client(self, **headers: str) -> Client:
        """A client of nginx, which connects as the load balancer does."""
        return self.web.client(**headers)

    def logs(self) -> dict[str, str]:
        """The text of all logs by file."""
        logs = [self.database.log, self.web.log, *(replica.log for replica in self.replicas)]
        return {str(log): log.read_text(errors="replace") for log in logs}

    def access_log(self, status: int | None = None) -> list[dict[str, Any]]:
        """Entries of nginx's access log, or those with `status`. An entry is written shortly after its response."""
        time.sleep(LOG_DELAY_SECONDS)
        lines = [json.loads(line) for line in self.web.log.read_text().splitlines() if line.startswith("{")]
        return [line for line in lines if status in {None, line["status"]}]

    def query(self, statement: str) -> list[Any]:
        """Rows of Orthanc's index."""
        with self.database.connect_as_superuser(DATABASE) as session:
            return session.run(statement)

    def stored_files(self) -> set[str]:
        """Identifiers of all stored files."""
        return {path.name for path in self.storage.rglob("*") if path.is_file()}

    def ae_titles(self) -> dict[str, list[str]]:
        """AE titles by center, as in Orthanc's configuration; centers without a sender are left out."""
        configuration = json.loads(self.stack.tasks["app"].environment["ORTHANC_CONFIGURATION"])
        modalities = configuration["DicomModalities"]
        centers = {
            center: [modality["AET"] for name, modality in modalities.items() if name.startswith(center)]
            for center in self.stack.senders
        }
        return {center: titles for center, titles in centers.items() if titles}


@contextmanager
def run_store(
    folder: Path,
    stack: Stack,
    *,
    replicas: int = 2,
    parameters: Mapping[str, str] | None = None,
    values: Mapping[str, object] | None = None,
    viewer: bool = False,
    web_replacements: Mapping[str, str] | None = None,
) -> Generator[Store]:
    """Starts the store in `folder`, waits until it is healthy, and stops it in the end.

    `parameters` are added to the declared ones of the database. `values` override keys of Orthanc's configuration.
    `viewer` adds OHIF if the stack has it. `web_replacements` replace text of nginx's task, such as a limit that is too
    large to test.
    """
    app, web = stack.tasks["app"], stack.tasks["web"]
    [endpoint] = re.findall(r"postgresql://([^:/]+):", app.environment["ORTHANC_CONFIGURATION"])
    declared = {name: value for name, value in stack.database_parameters.items() if not name.startswith(RDS_ONLY)}
    storage = folder / "storage"
    storage.mkdir()
    (folder / "postgresql").mkdir()
    with run_postgresql(folder / "postgresql", endpoint, **declared | dict(parameters or {})) as database:
        create_roles(database, app)
        orthancs = [
            Replica(
                folder / f"app-{number}",
                app,
                host=certificate_name(app),
                database=database,
                storage=storage,
                values=values,
                viewer=viewer,
            )
            for number in range(1, replicas + 1)
        ]
        front = Web(folder / "web", web, [one.https for one in orthancs], replacements=web_replacements)
        try:
            for container in (*orthancs, front):
                container.start()
            for container in (*orthancs, front):
                container.wait()
            yield Store(stack=stack, web=front, replicas=orthancs, database=database, storage=storage)
        finally:
            for container in (front, *orthancs):
                if container.is_running:
                    container.kill()


def create_roles(database: PostgreSql, app: Task) -> None:
    """Creates the database and its roles, as the rotation function does before the first task starts."""
    with database.connect(MASTER, database.master_password, "postgres") as master:
        master.run(f"CREATE DATABASE {DATABASE}")
    with database.connect(MASTER, database.master_password) as master:
        roles.prepare(master)
        roles.set_password(master, app.secrets["PG_USER"], app.secrets["PG_PASSWORD"])
