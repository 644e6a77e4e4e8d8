"""Set-up chooses a Pulumi CLI of the pinned version, and a Go toolchain that can build it."""

from __future__ import annotations

from pathlib import Path

import pytest

from rehearsal import environment as env
from rehearsal.engine import cli
from rehearsal.engine.tasks import SetupError, fingerprint, write

PINNED = cli.pinned_version(cli.PACKAGE)
BUNDLE = ("pulumi", cli.LANGUAGE_HOST)


def executable(path: Path, script: str) -> Path:
    write(path, f"#!/bin/sh\n{script}\n", mode=0o755)
    return path


def bundle(folder: Path, version: str) -> Path:
    for name in BUNDLE:
        executable(folder / name, f"echo {version}")
    return folder


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Set-up's folder, in which the CLI is built and current."""
    folder = tmp_path / "tools"
    for name, value in {"TOOLS": folder, "BIN": folder / "bin", "OFFICIAL": folder / "official-bundle"}.items():
        monkeypatch.setattr(env, name, value)
    executable(folder / "bin" / "pulumi", f"echo {PINNED}")
    write(folder / "bin" / "pulumi.mark", fingerprint(*cli.MODULE))
    return folder


def test_the_official_bundle_is_the_cli_with_its_host_beside_it(
    tools: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, lone = bundle(tmp_path / "bundle", PINNED), tmp_path / "lone"
    executable(lone / "pulumi", "exit 0")
    monkeypatch.setenv("PATH", f"{lone}:{whole}")
    assert cli.bundles_on_path() == [whole], "a CLI without a Python language host cannot run this program"


def test_the_cli_that_setup_built_is_not_taken_for_the_official_bundle(
    tools: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle(tools / "bin", PINNED)
    monkeypatch.setenv("PATH", str(tools / "bin"))
    assert cli.bundles_on_path() == []


def test_an_official_bundle_of_the_pinned_version_is_used_and_the_built_cli_stays(
    tools: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = bundle(tmp_path / "bundle", PINNED)
    monkeypatch.setenv("PATH", f"/usr/bin:/bin:{folder}")
    cli.install()
    assert env.environment()["PATH"].startswith(f"{folder}:{tools / 'bin'}:")
    assert (tools / "bin" / "pulumi").exists()


@pytest.mark.parametrize("version", ["v3.100.0", "v3.259.0-alpha.1", ""])
def test_another_version_is_reported_and_not_used(
    version: str, tools: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = bundle(tmp_path / "bundle", version)
    env.OFFICIAL.write_text(f"{folder}\n")
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    cli.install()
    printed = capsys.readouterr().out
    assert f"{folder} has {version or 'a CLI that does not run'}, but rehearsals need {PINNED}: not used" in printed
    assert f"{PINNED} built from rehearsal/engine/go.mod" in printed
    assert env.environment()["PATH"].startswith(f"{tools / 'bin'}:")
    assert (tools / "bin" / "pulumi").exists()


def test_go_on_path_is_used_when_it_is_new_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go = executable(tmp_path / "go", "echo go1.99.0")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert cli.toolchain() == (str(go), "Go 1.99.0 from PATH")


@pytest.mark.parametrize("printed", ["go1.20.1", "go1.25.10", "devel"])
def test_go_that_is_too_old_gives_way_to_the_wheel(
    printed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    executable(tmp_path / "path" / "go", f"echo {printed}")
    wheel = executable(tmp_path / "tools" / "go" / "go" / "bin" / "go", "echo go1.26.6")
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.setattr(env, "TOOLS", tmp_path / "tools")
    write(tmp_path / "tools" / "go.mark", cli.GO_WHEEL)
    assert cli.toolchain() == (str(wheel), f"Go 1.26.6 from {cli.GO_WHEEL}")


def test_a_wheel_without_a_go_that_runs_names_the_next_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(env, "TOOLS", tmp_path)
    (tmp_path / "go").mkdir()
    write(tmp_path / "go.mark", cli.GO_WHEEL)
    with pytest.raises(SetupError, match="Next step: install Go"):
        cli.toolchain()
