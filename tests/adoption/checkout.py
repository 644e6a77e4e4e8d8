"""A copy of the checkout, and what an adopter changes in it: stack files, nothing else."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from ops.plan.configuration import PROJECT

SHARED = (".venv", ".rehearsal", ".cache")
"""What set-up installed; the copy links to it and changes nothing there."""


class Checkout:
    """A copy of the project in `folder`: tracked and new files, committed, with the tools of the original."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        names = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=PROJECT,
            capture_output=True,
            check=True,
            text=True,
        )
        for name in names.stdout.rstrip("\0").split("\0"):
            target = folder / name
            if os.path.lexists(PROJECT / name):
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(PROJECT / name, target, follow_symlinks=False)
        for name in SHARED:
            if (PROJECT / name).exists():
                (folder / name).unlink(missing_ok=True)
                (folder / name).symlink_to((PROJECT / name).resolve())

    def edit(self, stack: str, change: Callable[[dict[str, Any]], None], *, new: str | None = None) -> None:
        """Changes the settings of `stack` by group; `new` names the stack file to write, if it is another."""
        content = yaml.safe_load((self.folder / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8"))
        start = "image-store:"
        groups = {key.removeprefix(start): value for key, value in content["config"].items() if key.startswith(start)}
        others = {key: value for key, value in content["config"].items() if not key.startswith(start)}
        change(groups)
        content["config"] = others | {f"{start}{key}": value for key, value in groups.items()}
        path = self.folder / f"Pulumi.{new or stack}.yaml"
        path.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True), encoding="utf-8")

    def commit(self) -> None:
        """Commits everything, as a review compares with what is committed."""
        who = ("-c", "user.name=Adopter", "-c", "user.email=adopter@example.org", "-c", "commit.gpgsign=false")
        self.run("git", "init", "--quiet")
        (self.folder / ".git" / "info" / "exclude").write_text("\n".join(SHARED))
        for words in (("add", "--all"), (*who, "commit", "--quiet", "--message", "Adopt")):
            self.run("git", *words)

    def python(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Runs the copy's Python with `words`."""
        return self.run(sys.executable, *words, check=check)

    def run(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Runs a command in the copy; AssertionError with its output if it fails."""
        done = subprocess.run(command, cwd=self.folder, env=environment(), capture_output=True, text=True, check=False)
        assert not check or done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-8000:]}\n{done.stderr[-4000:]}"
        return done


def environment() -> Mapping[str, str]:
    """The environment without what the running test session, Git and the original project put there."""
    foreign = ("PYTEST", "GIT_", "AWS_", "PULUMI_", "IMAGE_STORE_", "PYTHONPATH")
    return {key: value for key, value in os.environ.items() if not key.startswith(foreign)}


def adopt_dev(settings: dict[str, Any]) -> None:
    """Another hospital's test stack: its account, Region, study, network, name and center."""
    _adopt(settings, account="777788889999", network="10.64.0.0/20", host="images-test")
    settings["exposure"]["allow"] = ["198.51.100.0/24"]
    settings["centers"] = [{"name": "campus", "ae_titles": ["CAMPUSCT1"]}]


def adopt_prod(settings: dict[str, Any]) -> None:
    """Its production stack: one center instead of two, without Splunk and without the client VPN."""
    _adopt(settings, account="222233334444", network="10.65.0.0/20", host="images")
    gateway = {"address": "203.0.113.10", "asn": 65100}
    settings["centers"] = [
        {"name": "campus", "networks": ["172.16.0.0/16"], "gateway": gateway, "ae_titles": ["CAMPUSCT1"]}
    ]
    settings["identity"]["domain_prefix"] = "clinic-images"
    settings["backup"]["copy_region"] = "eu-west-1"
    del settings["logging"]["splunk"], settings["client_vpn"]


def _adopt(settings: dict[str, Any], *, account: str, network: str, host: str) -> None:
    settings["account"] = {"id": account, "region": "eu-central-1"}
    settings["study"] |= {"id": "lungs", "cost_center": "pneumology", "contact": "imaging@clinic.example"}
    settings["network"]["cidr"] = network
    settings["dns"] = {"name": f"{host}.clinic.example", "zone_id": f"Z0{host.upper().replace('-', '')}"}
    settings["schedule"]["time_zone"] = "Europe/Berlin"
    settings["budget"]["notify"] = ["imaging@clinic.example"]
