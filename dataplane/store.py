"""The store on this machine: PostgreSQL, Orthanc replicas and nginx from the files that a stack's tasks are given."""

from __future__ import annotations

import functools
import json
import re
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.data.database import PARAMETERS
from dataplane import postgresql
from dataplane.container import certificate_name
from dataplane.dicomweb import Client
from dataplane.postgresql import DATABASE, MASTER, PostgreSql
from dataplane.replica import Replica
from dataplane.web import Web
from functions.rotation import roles
from ops.render import RenderedStack, RenderedTask, render_stack

MANAGED = "rds."
"""Parameters of RDS alone; what force_ssl does is in the server's access file here."""


@dataclass(frozen=True, kw_only=True)
class Store:
    """A running store. `storage` is the folder that stands for the image bucket."""

    stack: RenderedStack
    web: Web
    replicas: Sequence[Replica]
    database: PostgreSql
    storage: Path

    def client(self, **headers: str) -> Client:
        """A client of nginx, as the balancer is one."""
        return self.web.client(**headers)

    def logs(self) -> dict[str, str]:
        """Every line that anything of it has written, by file."""
        logs = [self.database.log, self.web.log, *(replica.log for replica in self.replicas)]
        return {str(log): log.read_text(errors="replace") for log in logs}

    def lines(self, status: int | None = None) -> list[dict[str, Any]]:
        """The access log, or its lines with `status`. A line follows its answer by a moment."""
        time.sleep(0.2)
        lines = [json.loads(line) for line in self.web.log.read_text().splitlines() if line.startswith("{")]
        return [line for line in lines if status in {None, line["status"]}]

    def rows(self, statement: str) -> list[Any]:
        """What the index says."""
        with self.database.as_superuser(DATABASE) as session:
            return session.run(statement)

    def files(self) -> set[str]:
        """Identifiers of all files that were stored."""
        return {path.name for path in self.storage.rglob("*") if path.is_file()}


@contextmanager
def running(
    folder: Path,
    stack: str = "prod",
    *,
    replicas: int = 2,
    overrides: Mapping[str, Any] | None = None,
    parameters: Mapping[str, str] | None = None,
    values: Mapping[str, object] | None = None,
    viewer: bool = False,
    app_places: Mapping[str, str] | None = None,
    web_places: Mapping[str, str] | None = None,
) -> Generator[Store]:
    """Starts the store in `folder`, and stops all of it. `parameters` are the database's, beside the declared ones.

    `app_places` and `web_places` replace text of what the tasks are given, such as a limit that is too large to test.
    `values` replace keys of Orthanc's configuration. `viewer`: OHIF is there too, if the stack has it.
    """
    made = _rendered(stack) if overrides is None else render_stack(stack, overrides=overrides)
    app, web = made.tasks["app"], made.tasks["web"]
    [endpoint] = re.findall(r"postgresql://([^:/]+):", app.environment["ORTHANC_CONFIGURATION"])
    host = certificate_name(app)
    declared = {name: value for name, value in PARAMETERS.items() if not name.startswith(MANAGED)}
    storage = folder / "storage"
    storage.mkdir()
    (folder / "postgresql").mkdir()
    with postgresql.running(folder / "postgresql", endpoint, **declared | dict(parameters or {})) as database:
        prepare(database, app)
        tasks = [
            Replica(
                folder / f"app-{number}",
                app,
                host=host,
                database=database,
                storage=storage,
                values=values,
                viewer=viewer,
                more=app_places,
            )
            for number in range(1, replicas + 1)
        ]
        front = Web(folder / "web", web, [task.https for task in tasks], more=web_places)
        store = Store(stack=made, web=front, replicas=tasks, database=database, storage=storage)
        try:
            for container in (*tasks, front):
                container.start()
            for container in (*tasks, front):
                container.wait()
            yield store
        finally:
            for container in (front, *tasks):
                if container.running:
                    container.kill()


@functools.cache
def _rendered(stack: str) -> RenderedStack:
    """Once a session, as nothing changes it."""
    return render_stack(stack)


def prepare(database: PostgreSql, app: RenderedTask) -> None:
    """The roles, as the rotation function makes them before the first task starts."""
    with database.connect(MASTER, database.master_password, "postgres") as master:
        master.run(f"CREATE DATABASE {DATABASE}")
    with database.connect(MASTER, database.master_password) as master:
        roles.prepare(master)
        roles.set_password(master, app.secrets["PG_USER"], app.secrets["PG_PASSWORD"])
