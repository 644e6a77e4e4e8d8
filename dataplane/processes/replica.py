"""An Orthanc task of the app tier: the rendered configuration in Debian's Orthanc."""

from __future__ import annotations

import json
import ssl
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import urllib3
from pynetdicom.association import Association

from dataplane.clients.associations import associate
from dataplane.clients.dicomweb import OK, Client
from dataplane.packages import ohif
from dataplane.packages.debian import LIBRARIES, ORTHANC, package_tree
from dataplane.processes.container import IMAGES, Container
from dataplane.processes.ports import LOOPBACK, free_port
from dataplane.processes.postgresql import PostgreSql
from dataplane.processes.tasks import Task
from dataplane.substitutes import base_image
from dataplane.substitutes.libssl import libssl_folder

LOADER = f"{LIBRARIES}/ld-linux-x86-64.so.2"
PLUGIN_FOLDER = "usr/share/orthanc/plugins"
PLUGINS = {"DicomWeb": "libOrthancDicomWeb.so", "PostgreSQL": "libOrthancPostgreSQLIndex.so"}
"""By the section that enables them. Debian does not package the S3 plugin: a folder holds the files."""

VIEWER_PLUGINS = {"OHIF": "libOrthancPython.so"}
"""Nor the OHIF plugin: a Python script serves the same files."""

VIEWER_SCRIPT = Path(base_image.__file__).with_name("ohif_plugin.py")


class Replica(Container):
    """One Orthanc task. `https` and `dicom` are its ports on loopback, `host` the name on its certificate, `title`
    its AE title.

    With `viewer` it serves OHIF, and writes the names of the headers it receives to `header_log`; without, that section
    is removed from the configuration. `values` override keys of the configuration; `replacements` are further texts to
    replace in the environment.
    """

    def __init__(
        self,
        folder: Path,
        task: Task,
        *,
        host: str,
        database: PostgreSql,
        storage: Path,
        viewer: bool = False,
        values: Mapping[str, object] | None = None,
        replacements: Mapping[str, str] | None = None,
    ) -> None:
        self.host, self.https, self.dicom = host, free_port(), free_port()
        self.title = task.environment["DICOM_AET"]
        self.users: Mapping[str, str] = json.loads(task.secrets["ORTHANC_USERS"])
        self.authority = folder / "run" / "tls" / "authority.crt"
        local, self.header_log = folder / "local.json", folder / "headers"
        texts = {
            "/docker-entrypoint.sh": f"{sys.executable} {base_image.__file__} {local}",
            "/drain.sh": str(IMAGES / "orthanc" / "drain.sh"),
            "/run/tls": f"{folder}/run/tls",
            base_image.PLUGINS: f"{folder}{base_image.PLUGINS}",
            "/tmp/orthanc.json": f"{folder}/tmp/orthanc.json",  # noqa: S108  the path in the image
            f"{database.host}:5432": f"{database.host}:{database.port}",
            "/etc/ssl/rds/global-bundle.pem": f"{database.authority.file}&hostaddr={LOOPBACK}",
            **(replacements or {}),
        }
        if viewer:
            texts["/usr/share/image-store"] = str(IMAGES / "orthanc")
        container = {"HOSTNAME": folder.name, "DRAIN_PORTS": f"{self.https} {self.dicom}", "DRAIN_SECONDS": "0 8"}
        environment = {**task.environment, **task.secrets, **container}
        super().__init__(folder, image="orthanc", environment=environment, replacements=texts)
        for name in ("run/tls", "run/orthanc", "tmp"):
            (folder / name).mkdir(parents=True)
        self.header_log.touch()
        settings = self._local_settings(storage)
        if viewer:
            self._add_viewer(settings)
        settings["values"] |= values or {}
        local.write_text(json.dumps(settings))

    def _local_settings(self, storage: Path) -> dict[str, Any]:
        """What `base_image` changes in the configuration, and how it starts Orthanc on this machine."""
        programs = package_tree(ORTHANC)
        root, libraries = programs.root, programs.path(LIBRARIES)
        search = [str(libssl_folder(programs)), libraries, f"{root}/usr/lib", f"{root}/usr/lib/orthanc"]
        search += [f"{libraries}/blas", f"{libraries}/lapack"]
        loader = [programs.path(LOADER), "--library-path", ":".join(search)]
        return {
            "command": [*loader, programs.path("usr/sbin/Orthanc")],
            # libpq fails on an unreadable ~/.postgresql, dcmtk needs its dictionary, and a library compiled by tcc
            # does not declare a non-executable stack, so the loader has to allow an executable one.
            "environment": {
                "GLIBC_TUNABLES": "glibc.rtld.execstack=2",
                "HOME": "/nonexistent",
                "DCMDICTPATH": programs.path("usr/share/dcmtk/dicom.dic"),
            },
            "plugin_folder": f"{self.folder}{base_image.PLUGINS}",
            "plugins": {section: programs.path(f"{PLUGIN_FOLDER}/{name}") for section, name in PLUGINS.items()},
            "values": {"HttpPort": self.https, "DicomPort": self.dicom, "StorageDirectory": str(storage)},
            "absent": ["AwsS3Storage", "OHIF"],
        }

    def _add_viewer(self, settings: dict[str, Any]) -> None:
        programs = package_tree(ORTHANC)
        settings["absent"].remove("OHIF")
        settings["plugins"] |= {name: programs.path(f"{PLUGIN_FOLDER}/{file}") for name, file in VIEWER_PLUGINS.items()}
        settings["values"]["PythonScript"] = str(VIEWER_SCRIPT)
        settings["environment"] |= {
            "PYTHONHOME": programs.path("usr"),
            "PYTHONDONTWRITEBYTECODE": "1",
            "OHIF_FILES": str(ohif.ohif_files()),
            "OHIF_HEADERS": str(self.header_log),
        }

    def is_healthy(self) -> bool:
        """The result of the image's own health check: whether the index answers."""
        if not self.authority.exists():  # the entry point has not written it yet
            return False
        try:
            return self.client().request("GET", "/changes?last", timeout=5).status == OK
        except urllib3.exceptions.HTTPError:
            return False

    def client(self, **headers: str) -> Client:
        """A client with the credential that nginx uses; `headers` may override it."""
        [(user, password)] = self.users.items()
        credential = urllib3.make_headers(basic_auth=f"{user}:{password}")
        return Client(self.https, host=self.host, authority=self.authority, headers=credential | headers)

    def associate(
        self, tls: ssl.SSLContext | None, *, calling: str, called: str = "", **options: Any
    ) -> AbstractContextManager[Association]:
        """A DICOM association with this replica; `options` are those of `associations.associate`."""
        return associate(self.dicom, tls, host=self.host, calling=calling, called=called or self.title, **options)
