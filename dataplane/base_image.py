"""What the entry point of Orthanc's base image does with its environment, where there is no such image.

Run as `base_image.py <local.json> <configuration>`: reads the environment by the image's rules, writes the
configuration, and becomes Debian's Orthanc. `local.json` says what differs on this machine.
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
DEPRECATED_STATUS, NO_USER_STATUS = 254, 253
ORTHANC = "ORTHANC__"


def configuration(environment: Mapping[str, str]) -> dict[str, Any]:
    """`ORTHANC_JSON`, then each `ORTHANC__A__B_C` as the key `BC` of `A`, a value read as JSON if it is."""
    made: dict[str, Any] = json.loads(environment.get("ORTHANC_JSON", "{}"))
    for name, text in environment.items():
        if name.startswith(ORTHANC):
            *sections, key = [_camel(part) for part in name.removeprefix(ORTHANC).split("__")]
            place = made
            for section in sections:
                place = place.setdefault(section, {})
            place[key] = _value(text)
    return made


def refusal(environment: Mapping[str, str], made: Mapping[str, Any]) -> tuple[int, str] | None:
    """Status and message of a container that does not start."""
    if found := sorted(DEPRECATED & environment.keys()):
        return DEPRECATED_STATUS, f"you are using deprecated settings: {', '.join(found)}"
    if made.get("AuthenticationEnabled") and not isinstance(made.get("RegisteredUsers"), Mapping):
        return NO_USER_STATUS, "authentication is on and no user is registered"
    return None


def localized(made: dict[str, Any], local: Mapping[str, Any]) -> dict[str, Any]:
    """Plugins by section, as the image switches them on; `local` names those that are here and overrides values."""
    plugins = local["plugins"]
    found = {**made, **local["values"], "Plugins": [path for section, path in plugins.items() if section in made]}
    return {key: value for key, value in found.items() if key not in local["absent"]}


def _camel(name: str) -> str:
    return "".join(part.capitalize() if part not in {"URL", "ID"} else part for part in name.split("_"))


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def main() -> None:
    """Becomes Orthanc, or exits with the image's status."""
    local, target = json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2])
    made = configuration(os.environ)
    if refused := refusal(os.environ, made):
        sys.stderr.write(refused[1] + "\n")
        sys.exit(refused[0])
    target.write_text(json.dumps(localized(made, local), indent=2))
    command = [*local["command"], str(target)]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ORTHANC")}
    os.execve(command[0], command, kept | local["environment"])


if __name__ == "__main__":
    main()
