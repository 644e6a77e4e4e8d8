"""What the doctor finds of the tools on this machine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ops.deploy.doctor.check import Result
from ops.deploy.doctor.checks import tools
from ops.deploy.doctor.context import Context
from tests.ops.test_doctor_local import context


def tool(folder: Path, name: str, says: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\necho '{says}'\n")
    (folder / name).chmod(0o755)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Context:
    """A machine without any tool, and a project that pins two."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/bin")
    (tmp_path / "requirements.txt").write_text("pulumi==3.259.0\npulumi-aws==7.0.0\n")
    (tmp_path / "rehearsal" / "engine").mkdir(parents=True)
    (tmp_path / "rehearsal" / "engine" / "go.mod").write_text("module x\n\ngo 1.26.1\n")
    return context(tmp_path, images=SimpleNamespace(nginx=None, orthanc="sha256:1"))


@pytest.mark.parametrize(
    ("check", "name", "says", "expected"),
    [
        (tools.check_pulumi, "pulumi", "v3.259.0", "ok"),
        (tools.check_pulumi, "pulumi", "v3.200.0", "warning"),
        (tools.check_pulumi, "", "", "failure"),
        (tools.check_buildx, "docker", "github.com/docker/buildx v0.30.1 abc", "ok"),
        (tools.check_buildx, "", "", "failure"),
        (tools.check_go, "go", "go version go1.26.8 linux/amd64", "ok"),
        (tools.check_go, "go", "go version go1.21.0 linux/amd64", "warning"),
    ],
)
def test_tools(machine: Context, check: Callable[[Context], Result], name: str, says: str, expected: str):
    if name:
        tool(machine.folder / "bin", name, says)
    assert check(machine).state == expected


def test_nothing_is_built_where_digests_are_named(machine: Context):
    settings: Any = SimpleNamespace(images=SimpleNamespace(nginx="sha256:1", orthanc="sha256:2"))
    machine.settings = settings
    assert tools.check_buildx(machine).state == "skipped"


@pytest.mark.parametrize(
    ("says", "expected"),
    [
        ("Platforms: linux/amd64, linux/amd64/v2, linux/386", "failure"),
        ("Platforms: linux/amd64, linux/arm64*, linux/arm/v7", "ok"),
        ("Platforms: linux/arm64", "ok"),
        ("Status: inactive", "warning"),
        ("", "skipped"),
    ],
)
def test_the_builder_runs_the_architecture_of_the_images(machine: Context, says: str, expected: str):
    """nginx is built for ARM64; the image of the tier on X86_64 has a digest."""
    settings: Any = SimpleNamespace(
        images=SimpleNamespace(nginx=None, orthanc="sha256:1"), architectures={"nginx": "ARM64", "orthanc": "X86_64"}
    )
    machine.settings = settings
    if says:
        tool(machine.folder / "bin", "docker", says)
    result = tools.check_platforms(machine)
    assert (result.state, "--install arm64" in result.remedy) == (expected, expected == "failure"), result
