"""Images in the repositories of ECR: a tag and the digest to which it points."""

from __future__ import annotations

from rehearsal.cloud.errors import AwsError
from rehearsal.cloud.resources import Cloud

REPOSITORY = "aws:ecr/repository:Repository"


def push(cloud: Cloud, reference: str, digest: str) -> None:
    """Push an image as `<registry>/<repository>:<tag>`. An immutable tag never changes its image.

    https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutImage.html
    """
    url, _, tag = reference.rpartition(":")
    repository = next((one for one in cloud.of_type(REPOSITORY) if one.outputs.get("repositoryUrl") == url), None)
    if repository is None:
        raise AwsError("RepositoryNotFoundException", "tags", f"The repository {url} does not exist in the registry")
    file = cloud.folder.parent / "images" / repository.outputs["name"] / tag
    found = file.read_text() if file.exists() else digest
    if found != digest and repository.outputs.get("imageTagMutability") == "IMMUTABLE":
        message = (
            f"The image tag '{tag}' already exists in the '{repository.outputs['name']}' repository and cannot be "
            "overwritten because the repository is immutable"
        )
        raise AwsError("ImageTagAlreadyExistsException", "tags", message)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(digest)
