"""Writes rendered tasks as the files that their entry points create, to be read, compared and run."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ops.plan import PROJECT, PlanError
from ops.render.tasks import RenderedStack, RenderedTask

IMAGES = PROJECT / "images"
CONFIGURATIONS = {"NGINX_CONFIGURATION": "nginx.conf", "ORTHANC_CONFIGURATION": "orthanc.json"}
"""Environment variables that hold a program's whole configuration, and the files they become."""

PRIVATE = 0o600
READABLE = 0o644


def write_files(stack: RenderedStack, folder: Path) -> list[Path]:
    """Writes one folder per tier, and `senders/<center>` with the certificates of DICOM senders; returns the files.

    Only their owner can read files with secrets. Raises PlanError if `folder` is not empty: nothing is overwritten.
    """
    if folder.exists() and any(folder.iterdir()):
        raise PlanError(f"{folder} is not empty: name a new folder, so that no file is overwritten or left behind")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    texts = {
        **{f"{tier}/{name}": text for tier, task in stack.tasks.items() for name, text in task_files(task).items()},
        **{
            f"senders/{center}/{name}": text
            for center, bundle in stack.senders.items()
            for name, text in (*_certificate_files("client", bundle), ("authority.crt", bundle["authority"]))
        },
    }
    return [_write(folder / name, text) for name, text in sorted(texts.items())]


def task_files(task: RenderedTask) -> dict[str, str]:
    """Name to text of the files of one task."""
    environment = dict(task.environment)
    files = {
        name: _indent(environment.pop(variable)) for variable, name in CONFIGURATIONS.items() if variable in environment
    }
    files["environment.json"] = _json(environment)
    files["secrets.json"] = _json(task.secrets)
    files["command.json"] = _json(container_command(task))
    bundle = json.loads(task.secrets["TLS_BUNDLE"])
    files |= {f"tls/{name}": text for name, text in _certificate_files("server", bundle)}
    files["tls/authority.crt"] = bundle["authority"]
    return files


def container_command(task: RenderedTask) -> dict[str, Any]:
    """How ECS starts, checks and stops the container: partly from the image's Dockerfile, the rest as declared."""
    definition = task.definition
    dockerfile = (IMAGES / definition["name"] / "Dockerfile").read_text(encoding="utf-8")
    return {
        "base": _instruction(dockerfile, "FROM"),
        "entryPoint": json.loads(_instruction(dockerfile, "ENTRYPOINT")),
        "stopSignal": _instruction(dockerfile, "STOPSIGNAL", default="SIGTERM"),
        "stopTimeout": definition["stopTimeout"],
        "user": definition["user"],
        "readonlyRootFilesystem": definition["readonlyRootFilesystem"],
        "memoryFileSystems": {one["containerPath"]: one["size"] for one in definition["linuxParameters"]["tmpfs"]},
        "ports": {one["name"]: one["containerPort"] for one in definition["portMappings"]},
        "healthCheck": definition["healthCheck"],
    }


def _certificate_files(name: str, bundle: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    yield f"{name}.crt", bundle["certificate"]
    yield f"{name}.key", bundle["privateKey"]


def _instruction(dockerfile: str, name: str, default: str | None = None) -> str:
    """The last instruction `name`, which overrides earlier ones."""
    found = re.findall(rf"^{name} (.+)$", dockerfile, re.MULTILINE)
    if not found and default is None:
        raise PlanError(f"a Dockerfile has no {name}, which says how its container starts: add it")
    return found[-1].strip() if found else str(default)


def _indent(text: str) -> str:
    """JSON with indentation; other text unchanged."""
    return _json(json.loads(text)) if text.startswith("{") else text


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, sort_keys=True) + "\n"


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    private = path.suffix == ".key" or path.name == "secrets.json"
    path.touch(mode=PRIVATE if private else READABLE)
    path.write_text(text, encoding="utf-8")
    return path
