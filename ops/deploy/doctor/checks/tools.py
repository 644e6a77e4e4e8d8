"""The tools on this machine, Python, Pulumi, Docker and Go, in the versions that the project pins."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys

from ops.deploy.doctor.check import Check, Result, failure, ok, skip, warning
from ops.deploy.doctor.context import Context

PLATFORMS = {"ARM64": "linux/arm64", "X86_64": "linux/amd64"}
PYTHON = (3, 11)
PULUMI = re.compile(r"^pulumi==(\S+)$", re.MULTILINE)
GO = re.compile(r"^go (\S+)$", re.MULTILINE)
SECONDS = 10


def _read_output(*command: str) -> str | None:
    """What a tool prints; None if it is missing or fails."""
    if shutil.which(command[0]) is None:
        return None
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)  # noqa: S603
    return done.stdout if done.returncode == 0 else None


def _read_version(*command: str) -> str | None:
    """The first version number that a tool prints; None if it is missing or fails."""
    found = re.search(r"\d+\.\d+(?:\.\d+)?", _read_output(*command) or "")
    return found.group() if found else None


def parse_version(version: str) -> tuple[int, ...]:
    """A version as numbers that can be compared."""
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


def check_python(_: Context) -> Result:
    """The interpreter, which also runs the program, is new enough."""
    found = ".".join(str(part) for part in sys.version_info[:3])
    if sys.version_info[:2] < PYTHON:
        return failure(found, "Python 3.11 or newer runs the program: `make setup` with PYTHON=python3.11")
    return ok(found)


def check_pulumi(context: Context) -> Result:
    """The CLI has the SDK's version, as the pipeline does; older versions cannot read newer states."""
    pinned = PULUMI.findall((context.folder / "requirements.txt").read_text(encoding="utf-8"))[0]
    found = _read_version("pulumi", "version")
    if found is None:
        return failure("not found", f"Install the official bundle {pinned}: https://www.pulumi.com/docs/install/")
    if parse_version(found)[:2] != parse_version(pinned)[:2]:
        return warning(f"{found}; the project pins {pinned}", f"Install {pinned}, which the pipeline uses")
    return ok(found)


def check_buildx(context: Context) -> Result:
    """Docker with buildx is there if the settings have no digest, so that images are built."""
    building = [name for name in ("nginx", "orthanc") if getattr(context.settings.images, name) is None]
    if not building:
        return skip("the settings have a digest for every image, so nothing is built")
    found = _read_version("docker", "buildx", "version")
    if found is None:
        what = " and ".join(building)
        return failure(
            f"docker with buildx not found or not running; it builds {what}",
            "Install Docker with buildx, or set digests of images in ECR in `images`",
        )
    return ok(f"buildx {found} builds {' and '.join(building)}")


def check_platforms(context: Context) -> Result:
    """The builder runs the architecture of each image that it builds; QEMU emulates one that is not the machine's.

    https://docs.docker.com/build/building/multi-platform/#qemu
    """
    architectures = context.settings.architectures
    wanted = {
        PLATFORMS[architectures[name]] for name in architectures if getattr(context.settings.images, name) is None
    }
    if not wanted:
        return skip("the settings have a digest for every image, so nothing is built")
    output = _read_output("docker", "buildx", "inspect")
    if output is None:
        return skip("docker buildx cannot be asked")
    found = re.search(r"^Platforms:(.*)$", output, re.MULTILINE)
    if found is None:
        return warning(
            "the builder is not running, so its platforms are unknown", "`docker buildx inspect --bootstrap`"
        )
    missing = sorted(wanted - {each.strip(" *") for each in found.group(1).split(",")})
    if missing:
        names = ",".join(each.rpartition("/")[2] for each in missing)
        return failure(
            f"the builder cannot run {' and '.join(missing)}: RUN in a Dockerfile ends with 'exec format error'",
            f"`docker run --privileged --rm tonistiigi/binfmt --install {names}` (QEMU), or build on such a machine",
        )
    return ok(f"the builder runs {' and '.join(sorted(wanted))}")


def check_go(context: Context) -> Result:
    """Only the rehearsal needs it, where the official bundle is missing."""
    needed = GO.findall((context.folder / "rehearsal" / "engine" / "go.mod").read_text(encoding="utf-8"))[0]
    found = _read_version("go", "version")
    if found is None or parse_version(found) < parse_version(needed):
        return warning(
            f"{found or 'not found'}; the rehearsal's engine needs {needed}",
            "Not needed for AWS; `make setup` installs Go for rehearsals",
        )
    return ok(found)


CHECKS = (
    Check(name="python", run=check_python),
    Check(name="pulumi", run=check_pulumi),
    Check(name="docker buildx", run=check_buildx),
    Check(name="build platforms", run=check_platforms),
    Check(name="go", run=check_go),
)
