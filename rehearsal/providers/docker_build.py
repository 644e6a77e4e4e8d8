"""The provider `docker-build`: an image is not built; its digest is that of the build context and the arguments."""

from __future__ import annotations

import json
import os
from hashlib import sha256
from pathlib import Path
from typing import Any

from awsmodel.properties import UNKNOWN
from rehearsal.cloud.errors import AwsError
from rehearsal.cloud.registry import push
from rehearsal.cloud.resources import Cloud
from rehearsal.cloud.validation import Failure
from rehearsal.providers.protocol import Provider

CONTENT = ("buildArgs", "platforms", "target", "labels")
"""Arguments that change the image; others change only how it is built or where it is pushed."""


class DockerBuild(Provider):
    """Images that are pushed to the repositories of the cloud in `IMAGE_STORE_CLOUD`."""

    def __init__(self) -> None:
        super().__init__("docker-build")

    def inspect(self, token: str, inputs: dict[str, Any]) -> list[Failure]:
        """Find the Dockerfile."""
        path = dockerfile(inputs)
        return [] if path is None or path.is_file() else [Failure("dockerfile", f"{path} does not exist")]

    def create(self, token: str, urn: str, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Push the image; the digest is its id."""
        outputs = self._push(inputs)
        return outputs["digest"], outputs

    def replaces(self, token: str, changed: list[str]) -> list[str]:
        """No change: an image is built again in place."""
        return []

    def update(self, token: str, urn: str, identity: str, olds: dict[str, Any], news: dict[str, Any]) -> dict[str, Any]:
        """Push the changed image."""
        return self._push(news)

    def _push(self, inputs: dict[str, Any]) -> dict[str, Any]:
        digest = f"sha256:{context_digest(inputs)}"
        cloud = Cloud(Path(os.environ["IMAGE_STORE_CLOUD"]))  # another plugin has just created the repository
        for tag in inputs.get("tags", []) if inputs.get("push") else []:
            push(cloud, tag, digest)
        reference = inputs["tags"][0] if inputs.get("tags") else ""
        return {**inputs, "digest": digest, "ref": f"{reference}@{digest}", "contextHash": digest[-64:]}


def dockerfile(inputs: dict[str, Any]) -> Path | None:
    """The Dockerfile of a build; None while it is not known."""
    context, named = inputs.get("context"), inputs.get("dockerfile")
    folder: Any = context.get("location", ".") if isinstance(context, dict) else "."
    path: Any = named.get("location") if isinstance(named, dict) else None
    if UNKNOWN in (context, named, folder, path):
        return None
    return Path(path or f"{folder}/Dockerfile")


def context_digest(inputs: dict[str, Any]) -> str:
    """Digest of an image: of the files in its build context, and of the arguments that change its content."""
    path = dockerfile(inputs)
    if path is None or not path.is_file():
        raise AwsError("BuildError", "dockerfile", f"{path} does not exist")
    content = {name: inputs[name] for name in CONTENT if name in inputs}
    digest = sha256(json.dumps(content, sort_keys=True).encode() + path.read_bytes())
    folder = Path((inputs.get("context") or {}).get("location", "."))
    for file in sorted(one for one in folder.rglob("*") if one.is_file()):
        digest.update(str(file.relative_to(folder)).encode() + file.read_bytes())
    return digest.hexdigest()
