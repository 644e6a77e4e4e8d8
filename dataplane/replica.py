"""Orthanc as the app tier runs it: the rendered configuration in Debian's Orthanc."""

from __future__ import annotations

import fcntl
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import urllib3

from dataplane import base_image, ohif
from dataplane.container import Container
from dataplane.debian import LIBRARIES, ORTHANC, TCC, Tree, tree
from dataplane.dicomweb import Client
from dataplane.postgresql import PostgreSql, free_port
from ops.render import RenderedTask
from ops.render.files import IMAGES

LOADER = f"{LIBRARIES}/ld-linux-x86-64.so.2"
SHIM = Path(__file__).with_name("libssl.c")
PLUGINS = {"DicomWeb": "libOrthancDicomWeb.so", "PostgreSQL": "libOrthancPostgreSQLIndex.so"}
"""By the section that switches them on. There is no Debian package of the S3 plugin: a folder holds the files."""

PLACE = "usr/share/orthanc/plugins"
VIEWER = {"OHIF": "libOrthancPython.so"}
"""Nor of the viewer's: a script in Python serves the same files."""


class Replica(Container):
    """One Orthanc task. `https` and `dicom` are its ports on loopback, `host` the name on its certificate.

    `viewer`: it serves OHIF, and writes to `asked` which headers reached it; without, that part of the configuration
    is left out. `values` replace keys of the configuration, `more` texts of the environment.
    """

    def __init__(
        self,
        folder: Path,
        task: RenderedTask,
        *,
        host: str,
        database: PostgreSql,
        storage: Path,
        viewer: bool = False,
        values: Mapping[str, object] | None = None,
        more: Mapping[str, str] | None = None,
    ) -> None:
        self.host, self.https, self.dicom = host, free_port(), free_port()
        self.users: Mapping[str, str] = json.loads(task.secrets["ORTHANC_USERS"])
        self.authority = folder / "run" / "tls" / "authority.crt"
        local, self.asked = folder / "local.json", folder / "asked"
        python = f"{sys.executable} {base_image.__file__} {local}"
        places = {
            "/docker-entrypoint.sh": python,
            "/drain.sh": str(IMAGES / "orthanc" / "drain.sh"),
            "/run/tls": f"{folder}/run/tls",
            "/tmp/orthanc.json": f"{folder}/tmp/orthanc.json",
            f"{database.host}:5432": f"{database.host}:{database.port}",
            "/etc/ssl/rds/global-bundle.pem": f"{database.authority.file}&hostaddr=127.0.0.1",
            **(more or {}),
        }
        local_values = {"HOSTNAME": folder.name, "DRAIN_PORTS": f"{self.https} {self.dicom}", "DRAIN_SECONDS": "0 8"}
        if viewer:
            places["/usr/share/image-store"] = str(IMAGES / "orthanc")
        environment = {**task.environment, **task.secrets, **local_values}
        super().__init__(folder, image="orthanc", environment=environment, places=places)
        for needed in ("run/tls", "tmp"):
            (folder / needed).mkdir(parents=True)
        self.asked.touch()
        made = self._local(storage)
        made["values"] |= values or {}
        local.write_text(json.dumps(self._with_viewer(made) if viewer else made))

    def _with_viewer(self, local: dict[str, Any]) -> dict[str, Any]:
        programs = tree(ORTHANC)
        local["absent"].remove("OHIF")
        local["plugins"] |= {name: programs.program(f"{PLACE}/{file}") for name, file in VIEWER.items()}
        local["values"]["PythonScript"] = str(Path(__file__).with_name("ohif_plugin.py"))
        local["environment"] |= {
            "PYTHONHOME": programs.program("usr"),
            "PYTHONDONTWRITEBYTECODE": "1",
            "OHIF_FILES": str(ohif.files()),
            "OHIF_HEADERS": str(self.asked),
        }
        return local

    def _local(self, storage: Path) -> dict[str, Any]:
        programs = tree(ORTHANC)
        root, libraries = programs.root, programs.program(LIBRARIES)
        search = [str(shim(programs)), libraries, f"{root}/usr/lib", f"{root}/usr/lib/orthanc"]
        search += [f"{libraries}/blas", f"{libraries}/lapack"]
        return {
            "command": [
                *(programs.program(LOADER), "--library-path", ":".join(search)),
                programs.program("usr/sbin/Orthanc"),
            ],
            # An unreadable ~/.postgresql would make libpq fail; dcmtk asks for its dictionary; and what tcc makes does
            # not say that it needs no executable stack, so the loader is told to take it all the same.
            "environment": {
                "GLIBC_TUNABLES": "glibc.rtld.execstack=2",
                "HOME": "/nonexistent",
                "DCMDICTPATH": programs.program("usr/share/dcmtk/dicom.dic"),
            },
            "plugins": {section: programs.program(f"{PLACE}/{name}") for section, name in PLUGINS.items()},
            "values": {"HttpPort": self.https, "DicomPort": self.dicom, "StorageDirectory": str(storage)},
            "absent": ["AwsS3Storage", "OHIF"],
        }

    def healthy(self) -> bool:
        """What the image's own probe asks: whether the index answers."""
        if not self.authority.exists():  # its entry point has not come that far
            return False
        try:
            return self.client().request("GET", "/changes?last", timeout=5).status == 200
        except urllib3.exceptions.HTTPError:
            return False

    def client(self, **headers: str) -> Client:
        """A client with its one user's credential, as nginx is one; `headers` may override it."""
        [(user, password)] = self.users.items()
        credential = urllib3.make_headers(basic_auth=f"{user}:{password}")
        return Client(self.https, host=self.host, authority=self.authority, headers=credential | headers)


def shim(programs: Tree) -> Path:
    """Folder of a libssl.so with the name that Debian's Orthanc looks for."""
    folder = programs.root / "shim"
    with (programs.root / "shim.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "libssl.so").exists():
            folder.mkdir(exist_ok=True)
            compiler = tree(TCC)
            flags = (f"-B{compiler.program(LIBRARIES)}/tcc", "-nostdlib", "-shared", "-Wl,-soname=libssl.so")
            target = folder / "libssl.part"
            command = [compiler.program("usr/bin/tcc"), *flags, "-o", str(target), str(SHIM)]
            command.append(programs.program(f"{LIBRARIES}/libssl.so.3"))
            subprocess.run(command, check=True, env=compiler.environment())
            target.rename(folder / "libssl.so")
    return folder
