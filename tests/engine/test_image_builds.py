"""awsx builds an image with another package's provider, which a program without default providers must pass."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from rehearsal.stack.driver import Rehearsal

PROGRAM = """
import pulumi
import pulumi_aws as aws
import pulumi_awsx as awsx
import pulumi_docker_build as docker_build

providers = [aws.Provider("aws", region="us-east-1"), awsx.Provider("awsx")]
if pulumi.Config().get_bool("builds"):
    providers.append(docker_build.Provider("docker-build"))
images = pulumi.ComponentResource("images:index:Images", "images", None, pulumi.ResourceOptions(providers=providers))
on = pulumi.ResourceOptions(parent=images)
repository = awsx.ecr.Repository("web-repository", name="web", image_tag_mutability="IMMUTABLE", opts=on)
image = awsx.ecr.Image("web", repository_url=repository.url, context="context", image_tag="1", opts=on)
pulumi.export("uri", image.image_uri)
"""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    folder = tmp_path / "program"
    (folder / "context").mkdir(parents=True)
    (folder / "context" / "Dockerfile").write_text("FROM scratch\n")
    (folder / "__main__.py").write_text(PROGRAM)
    (folder / "Pulumi.yaml").write_text("{name: images, runtime: python}\n")
    (folder / "Pulumi.dev.yaml").write_text('config: {"pulumi:disable-default-providers": ["*"]}\n')
    return folder


def test_a_program_without_a_provider_of_the_build_previews_and_fails_at_the_update(
    fresh: Callable[..., Rehearsal], program: Path
) -> None:
    rehearsal = fresh("dev", program=program, policies=False)
    assert rehearsal.preview().exit_code == 0, "the build is registered only when the repository is known"
    refused = rehearsal.up(check=False)
    assert refused.exit_code != 0
    assert "Default provider for 'docker-build' disabled" in refused.message


def test_a_program_with_that_provider_pushes_the_image_and_runs_its_digest(
    fresh: Callable[..., Rehearsal], program: Path
) -> None:
    rehearsal = fresh("dev", program=program, policies=False, config={"images:builds": True})
    rehearsal.up()
    assert ".amazonaws.com/web@sha256:" in rehearsal.outputs()["uri"]
    rehearsal.preview(expect_no_changes=True)
