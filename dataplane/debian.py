"""Programs from Debian packages, unpacked into a folder of this checkout: no root, no container, nothing installed.

apt checks each package against the signed index of the distribution. The folder is named after what is in it, so a
changed list makes a new one, and one that is complete is never touched again.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

CACHE = Path(__file__).parents[1] / ".cache" / "debian"
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
LIBRARIES = "usr/lib/x86_64-linux-gnu"


class PackagesError(RuntimeError):
    """The packages cannot be had."""


@dataclass(frozen=True, kw_only=True)
class PackageSet:
    """Packages of one suite, with all they depend on."""

    suite: str
    packages: tuple[str, ...]

    @property
    def folder(self) -> Path:
        """Where they are unpacked."""
        wanted = hashlib.sha256(" ".join(self.packages).encode()).hexdigest()[:8]
        return CACHE / f"{self.suite}-{wanted}"


POSTGRESQL = PackageSet(suite="bookworm", packages=("postgresql-15",))
NGINX = PackageSet(suite="bookworm", packages=("nginx", "libnginx-mod-http-js", "jq"))
ORTHANC = PackageSet(suite="trixie", packages=("orthanc", "orthanc-postgresql", "orthanc-dicomweb", "orthanc-python"))
TCC = PackageSet(suite="bookworm", packages=("tcc",))


@dataclass(frozen=True, kw_only=True)
class Tree:
    """An unpacked set of packages."""

    root: Path

    def program(self, path: str) -> str:
        """A program of the tree."""
        return str(self.root / path)

    def environment(self, **more: str) -> dict[str, str]:
        """Environment in which its programs find their libraries."""
        return {"PATH": os.environ["PATH"], "LD_LIBRARY_PATH": str(self.root / LIBRARIES), "LC_ALL": "C.UTF-8", **more}


def tree(wanted: PackageSet) -> Tree:
    """The unpacked packages, downloaded if this is the first time; PackagesError says what went wrong."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with _lock(wanted):
        if not (wanted.folder / "complete").exists():
            shutil.rmtree(wanted.folder, ignore_errors=True)
            _unpack(_download(wanted), wanted.folder)
            (wanted.folder / "complete").touch()
    return Tree(root=wanted.folder)


@contextmanager
def _lock(wanted: PackageSet) -> Generator[None]:
    with (CACHE / f"{wanted.folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _download(wanted: PackageSet) -> list[Path]:
    """Apt with a state of its own, in which nothing is installed: it fetches every dependency."""
    for tool in ("apt-get", "dpkg-deb"):
        if shutil.which(tool) is None:
            raise PackagesError(f"{tool} is missing: these tests need a Debian or Ubuntu machine")
    if not KEYRING.exists():
        raise PackagesError(f"{KEYRING} is missing: install the package debian-archive-keyring")
    state = CACHE / f"apt-{wanted.folder.name}"
    for part in ("state/lists/partial", "cache/archives/partial", "etc"):
        (state / part).mkdir(parents=True, exist_ok=True)
    (state / "state" / "status").touch()
    (state / "etc" / "sources.list").write_text(_sources(wanted.suite))
    options = {
        "Dir::State": state / "state",
        "Dir::State::status": state / "state" / "status",
        "Dir::Cache": state / "cache",
        "Dir::Etc::sourcelist": state / "etc" / "sources.list",
        "Dir::Etc::sourceparts": "-",
        "APT::Architecture": "amd64",
        "APT::Install-Recommends": "false",
        "APT::Sandbox::User": "",
        "Debug::NoLocking": "1",
    }
    flags = [part for key, value in options.items() for part in ("-o", f"{key}={value}")]
    _run(["apt-get", *flags, "-qq", "update"])
    _run(["apt-get", *flags, "-qq", "--yes", "--download-only", "install", *wanted.packages])
    return sorted((state / "cache" / "archives").glob("*.deb"))


def _sources(suite: str) -> str:
    mirror = f"deb [signed-by={KEYRING}] http://deb.debian.org"
    return (
        f"{mirror}/debian {suite} main\n"
        f"{mirror}/debian {suite}-updates main\n"
        f"{mirror}/debian-security {suite}-security main\n"
    )


def _unpack(packages: Sequence[Path], folder: Path) -> None:
    folder.mkdir(parents=True)
    for package in packages:
        _run(["dpkg-deb", "-x", str(package), str(folder)])


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()[-3:]
        raise PackagesError(f"{command[0]} failed: {' '.join(said)}")
