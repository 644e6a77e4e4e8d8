"""`. rehearsal/env`: from any folder and shell, in a copied checkout, and without a way to a real AWS account."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from rehearsal import environment as env

pytestmark = [pytest.mark.engine, pytest.mark.slow]

SHELLS = ("sh", "bash", "dash")
PROGRAM = """
import pulumi, pulumi_random, rehearsal
pulumi_random.RandomString("text", length=5)
pulumi.export("seen", [rehearsal.__file__, __file__])
"""
POISON = {
    ".aws/credentials": "[default]\naws_access_key_id = real\naws_secret_access_key = real\n",
    ".aws/config": "[default]\nregion = eu-west-1\ncredential_process = /bin/false\n",
    ".boto": "[Credentials]\naws_access_key_id = real\naws_secret_access_key = real\n",
}
ASK_BOTO = """
import boto3
session = boto3.Session(region_name="us-east-1")
found = session.get_credentials()
print(found and found.access_key)
print(session.client("s3").meta.endpoint_url, session.client("sts").meta.endpoint_url, sep="\\n")
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the checkout, with set-up's tools and a small program, in a folder whose name needs quoting."""
    copy = tmp_path / "it's a $copy"
    for name in ("rehearsal", "awsmodel"):
        shutil.copytree(env.PROJECT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / ".venv").symlink_to(env.VENV)
    for name in ("tables", "pulumi-home/plugins"):
        shutil.copytree(env.TOOLS / name, copy / ".rehearsal" / name)
    (copy / ".rehearsal" / "bin").mkdir()
    (copy / ".rehearsal" / "bin" / "pulumi").symlink_to(shutil.which("pulumi", path=env.search_path()) or "")
    shutil.copy(env.BIN / "pulumi-language-python", copy / ".rehearsal" / "bin")
    shutil.copy(env.PASSPHRASE, copy / ".rehearsal")
    (copy / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    (copy / "Pulumi.dev.yaml").write_text("config: {}\n")
    (copy / "__main__.py").write_text(PROGRAM)
    return copy


def source(checkout: Path, commands: str, *, shell: str = "bash", **variables: str) -> subprocess.CompletedProcess[str]:
    """Source the file from another folder, and run commands in that shell."""
    script = f". {shlex.quote(str(checkout / 'rehearsal' / 'env'))} && {commands}"
    return subprocess.run(
        [shell, "-c", script], cwd="/", env=os.environ | variables, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("shell", SHELLS)
def test_it_can_be_sourced_from_any_folder(shell: str, checkout: Path) -> None:
    user = dict.fromkeys(("AWS_PROFILE", "PULUMI_ACCESS_TOKEN"), "of-the-user")
    done = source(checkout, "pwd && env", shell=shell, **user)
    assert done.returncode == 0, done.stderr
    folder, *lines = done.stdout.splitlines()
    seen = dict(line.partition("=")[::2] for line in lines)
    assert folder == seen["IMAGE_STORE_PROJECT"] == str(checkout / ".rehearsal" / "project")
    assert seen["PATH"].startswith(f"{checkout}/.rehearsal/bin:")
    assert "of-the-user" not in seen.values()


def test_a_copied_checkout_uses_nothing_of_the_old_one(checkout: Path) -> None:
    done = source(checkout, "pulumi up --yes --skip-preview --stack dev && pulumi stack output seen --stack dev")
    assert done.returncode == 0, done.stdout + done.stderr
    *_, seen = done.stdout.strip().splitlines()
    assert seen == f'["{checkout}/rehearsal/__init__.py","{checkout}/__main__.py"]'


def test_the_policy_pack_of_a_moved_checkout_is_its_own(checkout: Path) -> None:
    (checkout / "policy").mkdir()
    assert source(checkout, "true").returncode == 0
    moved = checkout.rename(checkout.with_name("moved"))
    done = source(moved, "readlink policy")
    assert done.stdout.strip() == str(moved / "policy"), done.stderr


def test_without_a_set_up_it_names_the_next_step(checkout: Path) -> None:
    shutil.rmtree(checkout / ".rehearsal" / "pulumi-home")
    done = source(checkout, "echo sourced")
    assert (done.stdout, done.stderr.strip()) == ("", "Nothing is set up here. Next step: make setup")
    (checkout / ".venv").unlink()
    done = source(checkout, "echo sourced")
    assert done.stdout == ""
    assert f"Run 'make setup' in {checkout}" in done.stderr


@pytest.mark.parametrize("account", [None, 4321])
def test_no_real_account_can_be_reached(account: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in POISON.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    if account:
        (tmp_path / env.ACCOUNT_PORT).write_text(str(account))
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI"):
        monkeypatch.setenv(name, "real")
    environment = env.environment(tmp_path)
    assert "real" not in environment.values()
    done = subprocess.run([sys.executable, "-c", ASK_BOTO], env=environment, capture_output=True, text=True, check=True)
    expected = f"http://127.0.0.1:{account}" if account else env.NOWHERE
    assert done.stdout.splitlines() == ["rehearsal" if account else "None", expected, expected]


def test_the_environment_hides_the_users_own_pulumi(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PULUMI_ACCESS_TOKEN", "PULUMI_CONFIG_PASSPHRASE", "PULUMI_BACKEND_URL"):
        monkeypatch.setenv(name, "from-the-user")
    seen = env.environment()
    assert "from-the-user" not in seen.values()
    assert seen["PULUMI_HOME"].startswith(str(env.TOOLS))
    assert seen["PULUMI_BACKEND_URL"].startswith(f"file://{env.TOOLS}")


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_gets_the_same_environment_as_the_driver(
    shell: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "from-the-user")
    monkeypatch.setenv("PULUMI_BACKEND_URL", "from-the-user")
    script = tmp_path / "script"
    script.write_text(env.shell_script())
    done = subprocess.run([shell, "-c", f". {script}; env"], capture_output=True, text=True, check=True)
    seen = dict(line.partition("=")[::2] for line in done.stdout.splitlines())
    ours = {name: value for name, value in seen.items() if name.startswith(("AWS_", "PULUMI_", "IMAGE_STORE_"))}
    assert ours == {name: value for name, value in env.environment().items() if name in ours}
    assert ours.keys() >= {name for name in env.variables() if name.startswith(("AWS_", "PULUMI_", "IMAGE_STORE_"))}
    assert seen["PATH"].startswith(f"{env.BIN}:{env.VENV / 'bin'}:")


def test_an_interactive_shell_shows_where_it_is() -> None:
    script = f"{env.shell_script()}{env.shell_script()}printf '%s' \"$PS1\""
    done = subprocess.run(["bash", "--norc", "-ic", script], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("(rehearsal) ")
    assert done.stdout.count("(rehearsal)") == 1
