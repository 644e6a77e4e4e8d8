"""The container images of the two tiers, in repositories of the stack's own."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pulumi
import pulumi_awsx as awsx
from pulumi_aws import ecr

from components.core.base import Component, Scope
from components.core.keys import Keys
from settings import ImageSettings

SOURCES = Path(__file__).parents[2] / "images"
PLATFORMS = {"ARM64": "linux/arm64", "X86_64": "linux/amd64"}


def context_tag(folder: Path) -> str:
    """Tag of the image built from `folder`: it changes with any file's name or content, and with nothing else."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"{path.relative_to(folder).as_posix()}\0{content}\n".encode())
    return digest.hexdigest()[:16]


class Images(Component):
    """Creates a repository per image, and builds the image from `images/<name>` unless settings name a digest.

    Guarantees: immutable tags, scan on push, encryption with a customer-managed key; tasks run a digest, never a tag.
    """

    TYPE = "imgstore:images:Images"

    def __init__(
        self,
        name: str,
        scope: Scope,
        settings: ImageSettings,
        *,
        architectures: dict[str, str],
        keys: Keys,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, scope, opts)
        digests = settings.model_dump()
        self.uris = {
            image: self._uri(image, architecture, digests[image], keys) for image, architecture in architectures.items()
        }
        self.register_outputs(self.uris)

    def repository_arn(self, image: str) -> str:
        """ARN of the repository that holds `image`."""
        return self.names.arn("ecr", f"repository/{self.names.of('ecr.Repository', image)}")

    def _uri(self, image: str, architecture: str, digest: str | None, keys: Keys) -> pulumi.Output[str]:
        repository = awsx.ecr.Repository(
            self.child(f"{image}-repository"),
            name=self.names.of("ecr.Repository", image),
            encryption_configurations=[
                ecr.RepositoryEncryptionConfigurationArgs(encryption_type="KMS", kms_key=keys.images.arn)
            ],
            image_scanning_configuration=ecr.RepositoryImageScanningConfigurationArgs(scan_on_push=True),
            image_tag_mutability="IMMUTABLE",
            # An image can be built again from the source; data can't.
            force_delete=not self.lifecycle.protected,
            tags=self.names.tags(image),
            opts=self.options(),
        )
        if digest is not None:
            return pulumi.Output.concat(repository.url, "@", digest)
        built = awsx.ecr.Image(
            f"{self.child(image)}-image",
            repository_url=repository.url,
            context=f"images/{image}",  # relative to the project, or the state would hold a folder of one machine
            image_tag=context_tag(SOURCES / image),
            platform=PLATFORMS[architecture],
            opts=self.options(),
        )
        return built.image_uri
