"""Substitute for the entry point of Orthanc's base image: it treats the environment by the image's documented rules.

Run as `base_image.py <local.json> <configuration>`: it writes the configuration and then executes Debian's Orthanc.
`local.json` holds the differences of this machine.
https://orthanc.uclouvain.be/book/users/docker-orthancteam.html
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

DEPRECATED = frozenset(
    {
        "DICOM_AET",
        "DICOM_PORT",
        "DW_ENABLED",
        "HTTP_PORT",
        "NAME",
        "PG_DB",
        "PG_HOST",
        "PG_LOCK",
        "PG_PASSWORD",
        "PG_PORT",
        "PG_SSL",
        "PG_USER",
        "STORAGE_DIR",
    }
)
DEPRECATED_STATUS, NO_USER_STATUS, INSTALL_STATUS = 254, 253, 255
ORTHANC = "ORTHANC__"
PLUGINS = "/run/orthanc/plugins"
"""Where the image installs the plugins of the configuration if this folder exists; else among its own files.
https://github.com/orthanc-server/orthanc-builder/blob/master/docker/orthanc/generateConfiguration.py"""


def configuration(environment: Mapping[str, str]) -> dict[str, Any]:
    """`ORTHANC_JSON`, then each `ORTHANC__A__B_C` as the key `BC` of `A`; values are parsed as JSON if possible."""
    result: dict[str, Any] = json.loads(environment.get("ORTHANC_JSON", "{}"))
    for name, text in environment.items():
        if name.startswith(ORTHANC):
            *sections, key = [_camel(part) for part in name.removeprefix(ORTHANC).split("__")]
            target = result
            for section in sections:
                target = target.setdefault(section, {})
            target[key] = _value(text)
    return result


def refusal(environment: Mapping[str, str], settings: Mapping[str, Any]) -> tuple[int, str] | None:
    """Exit status and message if the image would refuse to start, else None."""
    if found := sorted(DEPRECATED & environment.keys()):
        return DEPRECATED_STATUS, f"you are using deprecated settings: {', '.join(found)}"
    if settings.get("AuthenticationEnabled") and not isinstance(settings.get("RegisteredUsers"), Mapping):
        return NO_USER_STATUS, "authentication is on and no user is registered"
    return None


def installation_error(plugins: Path) -> tuple[int, str] | None:
    """Exit status and message if the image cannot install plugins: without `plugins`, it writes to a read-only path."""
    if plugins.is_dir():
        return None
    return INSTALL_STATUS, "failed to install plugins: [Errno 30] Read-only file system: '/usr/share/orthanc/plugins'"


def localize(settings: dict[str, Any], local: Mapping[str, Any]) -> dict[str, Any]:
    """Adapts the configuration to this machine: plugins by section, values replaced, and missing plugins left out."""
    plugins = local["plugins"]
    found = {
        **settings,
        **local["values"],
        "Plugins": [path for section, path in plugins.items() if section in settings],
    }
    return {key: value for key, value in found.items() if key not in local["absent"]}


def _camel(name: str) -> str:
    return "".join(part.capitalize() if part not in {"URL", "ID"} else part for part in name.split("_"))


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def main() -> None:
    """Executes Orthanc, or exits with the image's status."""
    local, target = json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2])
    settings = configuration(os.environ)
    if refused := refusal(os.environ, settings) or installation_error(Path(local["plugin_folder"])):
        status, message = refused
        sys.stderr.write(f"{message}\n")
        sys.exit(status)
    target.write_text(json.dumps(localize(settings, local), indent=2))
    command = [*local["command"], str(target)]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ORTHANC")}
    os.execve(command[0], command, kept | local["environment"])  # noqa: S606  Debian's Orthanc


if __name__ == "__main__":
    main()
