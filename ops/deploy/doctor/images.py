"""Container images: what they are built from is pinned, and a digest in the settings is in the repository."""

from __future__ import annotations

import re

from ops.deploy.doctor.check import Check, Patient, Result, failure, ok, skipped, warning

FROM = re.compile(r"^FROM\s+(?:--\S+\s+)*(\S+)", re.MULTILINE | re.IGNORECASE)
NAMES = ("nginx", "orthanc")


def bases(patient: Patient) -> Result:
    """Every base image has a version, better a digest: a tag can be moved."""
    loose, moving = [], []
    for name in NAMES:
        for base in FROM.findall((patient.folder / "images" / name / "Dockerfile").read_text(encoding="utf-8")):
            tag = base.partition("@")[0].rpartition("/")[2].partition(":")[2]
            if "@sha256:" in base:
                continue
            (moving if tag and tag != "latest" else loose).append(f"{name}: {base}")
    if loose:
        return failure(f"without a version: {', '.join(loose)}", "Name a version and a digest in the Dockerfile")
    if moving:
        return warning(f"by tag alone: {', '.join(moving)}", "Add @sha256:… in the Dockerfile, so that a build repeats")
    return ok("every base image has a digest")


def digests(patient: Patient) -> Result:
    """What the settings name can be pulled."""
    study, environment = patient.settings.study.id, patient.settings.environment
    named = {name: getattr(patient.settings.images, name) for name in NAMES}
    wanted = {name: digest for name, digest in named.items() if digest}
    if not wanted:
        return skipped("settings name no digest; the images are built")
    ecr, missing = patient.client("ecr"), []
    for name, digest in wanted.items():
        try:
            ecr.describe_images(repositoryName=f"{study}-{environment}-{name}", imageIds=[{"imageDigest": digest}])
        except (ecr.exceptions.RepositoryNotFoundException, ecr.exceptions.ImageNotFoundException):
            missing.append(f"{name} {digest}")
    if missing:
        return failure(f"not in ECR: {', '.join(missing)}", "Push the image first, or remove the digest from `images`")
    return ok(", ".join(wanted))


CHECKS = (Check(name="base images", run=bases), Check(name="image digests", run=digests, aws=True))
