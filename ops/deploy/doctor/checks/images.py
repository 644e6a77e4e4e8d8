"""Container images: base images are pinned, and digests in the settings are in the repository."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ops.deploy.doctor.check import Check, Result, failure, ok, skip, warning
from ops.deploy.doctor.context import Context

if TYPE_CHECKING:
    from types_boto3_ecr import ECRClient

FROM = re.compile(r"^FROM\s+(?:--\S+\s+)*(\S+)", re.MULTILINE | re.IGNORECASE)
NAMES = ("nginx", "orthanc")


def check_base_images(context: Context) -> Result:
    """Every base image has a version, and better a digest, because a tag can be moved."""
    unpinned, by_tag = [], []
    for name in NAMES:
        for base in FROM.findall((context.folder / "images" / name / "Dockerfile").read_text(encoding="utf-8")):
            tag = base.partition("@")[0].rpartition("/")[2].partition(":")[2]
            if "@sha256:" in base:
                continue
            (by_tag if tag and tag != "latest" else unpinned).append(f"{name}: {base}")
    if unpinned:
        return failure(f"without a version: {', '.join(unpinned)}", "Name a version and a digest in the Dockerfile")
    if by_tag:
        return warning(f"by tag only: {', '.join(by_tag)}", "Add @sha256:… in the Dockerfile for repeatable builds")
    return ok("every base image has a digest")


def check_digests(context: Context) -> Result:
    """The digests in the settings can be pulled."""
    study, environment = context.settings.study.id, context.settings.environment
    digests = {name: getattr(context.settings.images, name) for name in NAMES}
    wanted = {name: digest for name, digest in digests.items() if digest}
    if not wanted:
        return skip("the settings have no digest; the images are built")
    ecr: ECRClient = context.client("ecr")
    missing = []
    for name, digest in wanted.items():
        try:
            ecr.describe_images(repositoryName=f"{study}-{environment}-{name}", imageIds=[{"imageDigest": digest}])
        except (ecr.exceptions.RepositoryNotFoundException, ecr.exceptions.ImageNotFoundException):
            missing.append(f"{name} {digest}")
    if missing:
        return failure(f"not in ECR: {', '.join(missing)}", "Push the image first, or remove the digest from `images`")
    return ok(", ".join(wanted))


CHECKS = (Check(name="base images", run=check_base_images), Check(name="image digests", run=check_digests, aws=True))
