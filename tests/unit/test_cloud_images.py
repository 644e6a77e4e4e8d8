"""Images: what awsx passes to the build, the digest of its content, and pushes that ECR refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rehearsal.cloud.errors import AwsError
from rehearsal.cloud.validation import validate
from rehearsal.providers.awsx import BUILD, build_arguments
from rehearsal.providers.docker_build import DockerBuild, context_digest
from tests.unit.simulated import REGION, Simulated

REPOSITORY = "aws:ecr/repository:Repository"


@pytest.fixture
def context(tmp_path: Path) -> Path:
    folder = tmp_path / "context"
    folder.mkdir()
    (folder / "Dockerfile").write_text("FROM scratch\n")
    return folder


def repository(simulated: Simulated, mutability: str = "IMMUTABLE") -> str:
    inputs = {"name": "octank/web", "imageTagMutability": mutability}
    return simulated.create(REPOSITORY, "web", inputs)["repositoryUrl"]


def arguments(context: Path, url: str = "registry/web", **inputs: Any) -> dict[str, Any]:
    """Inputs of the build that awsx registers for an image with the tag `1`."""
    found = build_arguments({"repositoryUrl": url, "context": str(context), **inputs}, f"{url}:1")
    return {key: value for key, value in found.items() if value is not None}


def push(inputs: dict[str, Any]) -> str:
    return DockerBuild().create(BUILD, "urn:pulumi:dev::image-store::docker-build:index:Image::1", inputs)[0]


def test_awsx_passes_valid_arguments_to_the_build(context: Path) -> None:
    found = arguments(context, platform="linux/arm64", args={"VERSION": "1"}, target="web")
    assert validate("docker-build", BUILD, found) == []
    assert (found["platforms"], found["buildArgs"], found["target"]) == (["linux/arm64"], {"VERSION": "1"}, "web")


def test_a_build_without_a_dockerfile_is_refused_in_the_preview(tmp_path: Path) -> None:
    [failure] = DockerBuild().inspect(BUILD, arguments(tmp_path))
    assert failure.path == "dockerfile"


def test_the_digest_is_that_of_the_content(context: Path) -> None:
    first = context_digest(arguments(context))
    assert context_digest(arguments(context, "another/repository")) == first
    assert context_digest(arguments(context, platform="linux/arm64")) != first
    (context / "Dockerfile").write_text(f"FROM scratch\nLABEL region={REGION}\n")
    assert context_digest(arguments(context)) != first


def test_an_immutable_tag_is_pushed_again_only_with_the_same_content(simulated: Simulated, context: Path) -> None:
    url = repository(simulated)
    assert push(arguments(context, url)) == push(arguments(context, url))
    with pytest.raises(AwsError) as caught:
        push(arguments(context, url, platform="linux/arm64"))
    assert (caught.value.code, caught.value.path) == ("ImageTagAlreadyExistsException", "tags")


def test_a_mutable_tag_moves_to_the_new_content(simulated: Simulated, context: Path) -> None:
    url = repository(simulated, "MUTABLE")
    assert push(arguments(context, url)) != push(arguments(context, url, platform="linux/arm64"))


def test_a_push_to_a_repository_that_does_not_exist_is_refused(simulated: Simulated, context: Path) -> None:
    assert simulated.provider.cloud.of_type(REPOSITORY) == []
    with pytest.raises(AwsError, match="RepositoryNotFoundException"):
        push(arguments(context))


def test_the_images_of_a_repository_are_deleted_with_it(simulated: Simulated, context: Path) -> None:
    push(arguments(context, repository(simulated)))
    simulated.delete(REPOSITORY, "web", "octank/web")
    push(arguments(context, repository(simulated), platform="linux/arm64"))
