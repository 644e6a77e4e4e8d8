"""nginx as the web tier runs it: the rendered configuration in Debian's nginx."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import urllib3

from components.service import nginx
from dataplane.container import Container, certificate_name
from dataplane.debian import NGINX, tree
from dataplane.dicomweb import Client
from dataplane.postgresql import free_port
from ops.render import RenderedTask

PROGRAMS = {"nginx": "usr/sbin/nginx", "jq": "usr/bin/jq"}


class Web(Container):
    """One nginx task. `port` is its own on loopback; `upstreams` are ports of Orthanc on loopback."""

    def __init__(
        self, folder: Path, task: RenderedTask, upstreams: Sequence[int], *, more: Mapping[str, str] | None = None
    ) -> None:
        self.port = free_port()
        self.authority = folder / "run" / "tls" / "authority.crt"
        text = task.environment["NGINX_CONFIGURATION"]
        # Debian's nginx is older than `resolve`, and there is no name server here: the tasks stand by their addresses.
        [(server, options)] = re.findall(r"server (\S+:\d+) resolve (.*);", text)
        self.upstream = server.partition(":")[0]
        self.host = certificate_name(task)
        addresses = "; ".join(f"server 127.0.0.1:{upstream} {options}" for upstream in upstreams)
        [resolver] = re.findall(r"^ *resolver .*;$", text, re.MULTILINE)
        programs = tree(NGINX)
        places = {
            "/run/tls": f"{folder}/run/tls",
            "/run/nginx": f"{folder}/run/nginx",
            f"listen {nginx.HTTPS_PORT}": f"listen 127.0.0.1:{self.port}",
            f"server {server} resolve {options}": addresses,
            resolver: "",
            **(more or {}),
        }
        if "ngx_http_js_module" in text:
            places |= {
                "/etc/nginx/identity.js": str(nginx.TEMPLATE.parent / "identity.js"),
                "/usr/lib/nginx/modules": programs.program("usr/lib/nginx/modules"),
            }
        super().__init__(
            folder,
            image="nginx",
            environment={**task.environment, **task.secrets},
            places=places,
            path=folder / "bin",
        )
        for needed in ("run/tls", "run/nginx", "bin"):
            (folder / needed).mkdir(parents=True)
        for name, path in PROGRAMS.items():
            options = f"-p {folder} -e stderr " if name == "nginx" else ""
            libraries = programs.environment()["LD_LIBRARY_PATH"]
            script = f'#!/bin/sh\nLD_LIBRARY_PATH={libraries} exec {programs.program(path)} {options}"$@"\n'
            (folder / "bin" / name).write_text(script)
            (folder / "bin" / name).chmod(0o755)

    def healthy(self) -> bool:
        """What the balancer asks."""
        try:
            return self.authority.exists() and self.client().request("GET", nginx.HEALTH_PATH, timeout=2).status == 200
        except urllib3.exceptions.HTTPError:
            return False

    def client(self, **headers: str) -> Client:
        """A client, as the balancer is one."""
        return Client(self.port, host=self.host, authority=self.authority, headers=headers)
