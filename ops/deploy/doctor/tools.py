"""What this machine has: Python, Pulumi, Docker, Go, in the versions that the project pins."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys

from ops.deploy.doctor.check import Check, Patient, Result, failure, ok, skipped, warning

PYTHON = (3, 11)
PULUMI = re.compile(r"^pulumi==(\S+)$", re.MULTILINE)
GO = re.compile(r"^go (\S+)$", re.MULTILINE)
SECONDS = 10


def _version(*command: str) -> str | None:
    """The first version that a tool names; None if there is no such tool or it does not answer."""
    if shutil.which(command[0]) is None:
        return None
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)  # noqa: S603
    found = re.search(r"\d+\.\d+(?:\.\d+)?", done.stdout) if done.returncode == 0 else None
    return found.group() if found else None


def numbers(version: str) -> tuple[int, ...]:
    """A version as numbers, to be compared."""
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


def python(_: Patient) -> Result:
    """The interpreter that runs this also runs the program."""
    found = ".".join(str(part) for part in sys.version_info[:3])
    if sys.version_info[:2] < PYTHON:
        return failure(found, "Python 3.11 or newer runs the program: `make setup` with PYTHON=python3.11")
    return ok(found)


def pulumi(patient: Patient) -> Result:
    """The CLI has the version of the SDK: the pipeline has that one, and states are not read by older ones."""
    pinned = PULUMI.findall((patient.folder / "requirements.txt").read_text(encoding="utf-8"))[0]
    found = _version("pulumi", "version")
    if found is None:
        return failure("not found", f"Install the official bundle {pinned}: https://www.pulumi.com/docs/install/")
    if numbers(found)[:2] != numbers(pinned)[:2]:
        return warning(f"{found}; the project pins {pinned}", f"Install {pinned}, which the pipeline has")
    return ok(found)


def buildx(patient: Patient) -> Result:
    """Images are built where settings name no digest."""
    building = [name for name in ("nginx", "orthanc") if getattr(patient.settings.images, name) is None]
    if not building:
        return skipped("settings name a digest for every image, so nothing is built")
    found = _version("docker", "buildx", "version")
    if found is None:
        what = " and ".join(building)
        return failure(
            f"docker with buildx not found or not running; it builds {what}",
            "Install Docker with buildx, or name digests of images in ECR in `images`",
        )
    return ok(f"buildx {found} builds {' and '.join(building)}")


def go(patient: Patient) -> Result:
    """Only the rehearsal needs it, where the official bundle is not there."""
    needed = GO.findall((patient.folder / "rehearsal" / "engine" / "go.mod").read_text(encoding="utf-8"))[0]
    found = _version("go", "version")
    if found is None or numbers(found) < numbers(needed):
        return warning(
            f"{found or 'not found'}; the rehearsal's engine needs {needed}",
            "None for AWS; `make setup` fetches Go by itself for rehearsals",
        )
    return ok(found)


CHECKS = (
    Check(name="python", run=python),
    Check(name="pulumi", run=pulumi),
    Check(name="docker buildx", run=buildx),
    Check(name="go", run=go),
)
