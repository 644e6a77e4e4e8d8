"""The container images of the two tiers, in the stack's own repositories."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pulumi
import pulumi_awsx as awsx
from pulumi_aws import ecr

from components.core import Component, Platform
from settings import ImageSettings

SOURCES = Path(__file__).parents[2] / "images"
PLATFORMS = {"ARM64": "linux/arm64", "X86_64": "linux/amd64"}


def context_tag(folder: Path, platform: str) -> str:
    """Tag of the image built from `folder` for `platform`.

    It changes with the platform and any file's name or content, and with nothing else: a pushed tag is immutable.
    """
    digest = hashlib.sha256(f"{platform}\n".encode())
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"{path.relative_to(folder).as_posix()}\0{content}\n".encode())
    return digest.hexdigest()[:16]


@dataclass(frozen=True, kw_only=True)
class ContainerImage:
    """An image by digest, and the ARN of the repository that holds it."""

    uri: pulumi.Output[str]
    repository_arn: str


class Images(Component):
    """Creates a repository per image, and builds the image from `images/<name>` unless settings name a digest.

    Guarantees: immutable tags, scan on push, encryption with a customer-managed key; tasks run a digest, never a tag.
    """

    TYPE = "imgstore:images:Images"

    def __init__(
        self,
        name: str,
        base: Platform,
        settings: ImageSettings,
        *,
        architectures: Mapping[str, str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, base, opts)
        digests = settings.model_dump()
        self._images = {
            image: self._image(image, architecture, digests[image]) for image, architecture in architectures.items()
        }
        self.register_outputs({name: image.uri for name, image in self._images.items()})

    def __getitem__(self, image: str) -> ContainerImage:
        return self._images[image]

    def _image(self, image: str, architecture: str, digest: str | None) -> ContainerImage:
        repository_name = self.names.of("ecr.Repository", image)
        repository = awsx.ecr.Repository(
            self.child(f"{image}-repository"),
            name=repository_name,
            encryption_configurations=[
                ecr.RepositoryEncryptionConfigurationArgs(encryption_type="KMS", kms_key=self.keys.images.arn)
            ],
            image_scanning_configuration=ecr.RepositoryImageScanningConfigurationArgs(scan_on_push=True),
            image_tag_mutability="IMMUTABLE",
            # An image can be built again from the source; data can't.
            force_delete=not self.lifecycle.protected,
            tags=self.names.tags(image),
            opts=self.options(),
        )
        if digest is None:
            uri = self._build(image, architecture, repository)
        else:
            uri = pulumi.Output.concat(repository.url, "@", digest)
        return ContainerImage(uri=uri, repository_arn=self.names.arn("ecr", f"repository/{repository_name}"))

    def _build(self, image: str, architecture: str, repository: awsx.ecr.Repository) -> pulumi.Output[str]:
        return awsx.ecr.Image(
            f"{self.child(image)}-image",
            repository_url=repository.url,
            context=f"images/{image}",  # relative to the project, or the state would hold a folder of one machine
            image_tag=context_tag(SOURCES / image, PLATFORMS[architecture]),
            platform=PLATFORMS[architecture],
            opts=self.options(),
        ).image_uri
