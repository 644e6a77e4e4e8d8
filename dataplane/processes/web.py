"""An nginx task of the web tier: the rendered configuration in Debian's nginx."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import urllib3

from dataplane.clients.dicomweb import OK, Client
from dataplane.packages.debian import NGINX, PackageTree, package_tree
from dataplane.processes.container import IMAGES, Container
from dataplane.processes.ports import LOOPBACK, free_port
from dataplane.processes.tasks import Task, certificate_name, container_port, health_path

PROGRAMS = {"nginx": "usr/sbin/nginx", "jq": "usr/bin/jq"}


class Web(Container):
    """One nginx task. `port` is its port on loopback; `upstreams` are ports of Orthanc on loopback.

    `replacements` are further texts to replace in its entry point and environment.
    """

    def __init__(
        self,
        folder: Path,
        task: Task,
        upstreams: Sequence[int],
        *,
        replacements: Mapping[str, str] | None = None,
    ) -> None:
        self.port, self.host = free_port(), certificate_name(task)
        self.health_path = health_path(task)
        self.authority = folder / "run" / "tls" / "authority.crt"
        text = task.environment["NGINX_CONFIGURATION"]
        # Debian's nginx has no `resolve`, and there is no name server here: upstreams get addresses.
        [(server, options)] = re.findall(r"server (\S+:\d+) resolve (.*);", text)
        self.upstream = server.partition(":")[0]
        addresses = "; ".join(f"server {LOOPBACK}:{upstream} {options}" for upstream in upstreams)
        [resolver] = re.findall(r"^ *resolver .*;$", text, re.MULTILINE)
        programs = package_tree(NGINX)
        texts = {
            "/run/tls": f"{folder}/run/tls",
            "/run/nginx": f"{folder}/run/nginx",
            f"listen {container_port(task, 'https')}": f"listen {LOOPBACK}:{self.port}",
            f"server {server} resolve {options}": addresses,
            resolver: "",
            **(replacements or {}),
        }
        if "ngx_http_js_module" in text:
            texts |= {
                "/etc/nginx/identity.js": str(IMAGES / "nginx" / "identity.js"),
                "/usr/lib/nginx/modules": programs.path("usr/lib/nginx/modules"),
            }
        super().__init__(
            folder,
            image="nginx",
            environment={**task.environment, **task.secrets},
            replacements=texts,
            search_path=folder / "bin",
        )
        for name in ("run/tls", "run/nginx", "bin"):
            (folder / name).mkdir(parents=True)
        self._write_launchers(programs)

    def _write_launchers(self, programs: PackageTree) -> None:
        """Scripts that start the programs with the libraries of their packages."""
        libraries = programs.environment()["LD_LIBRARY_PATH"]
        for name, path in PROGRAMS.items():
            options = f"-p {self.folder} -e stderr " if name == "nginx" else ""
            launcher = self.folder / "bin" / name
            launcher.write_text(f'#!/bin/sh\nLD_LIBRARY_PATH={libraries} exec {programs.path(path)} {options}"$@"\n')
            launcher.chmod(0o755)

    def is_healthy(self) -> bool:
        """The result of the load balancer's health check."""
        try:
            return self.authority.exists() and self.client().request("GET", self.health_path, timeout=2).status == OK
        except urllib3.exceptions.HTTPError:
            return False

    def client(self, **headers: str) -> Client:
        """A client that connects as the load balancer does."""
        return Client(self.port, host=self.host, authority=self.authority, headers=headers)
