"""Programs from Debian packages, unpacked into `.cache` of this checkout without root, container or installation.

apt verifies each package against the signed index of the distribution. A folder is named after its suite and packages,
so a changed list creates a new folder; a complete folder is never changed.
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

from dataplane.packages.sources import PackagesError, apt_folder, read_sources, sources_list

CACHE = Path(__file__).parents[2] / ".cache" / "debian"
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
LIBRARIES = "usr/lib/x86_64-linux-gnu"


@dataclass(frozen=True, kw_only=True)
class PackageSet:
    """Packages of one suite. Their dependencies are unpacked with them."""

    suite: str
    packages: tuple[str, ...]

    @property
    def folder(self) -> Path:
        """The folder that they are unpacked into."""
        digest = hashlib.sha256(" ".join(self.packages).encode()).hexdigest()[:8]
        return CACHE / f"{self.suite}-{digest}"


POSTGRESQL = PackageSet(suite="bookworm", packages=("postgresql-15",))
NGINX = PackageSet(suite="bookworm", packages=("nginx", "libnginx-mod-http-js", "jq"))
ORTHANC = PackageSet(suite="trixie", packages=("orthanc", "orthanc-postgresql", "orthanc-dicomweb", "orthanc-python"))
CHROMIUM = PackageSet(suite="bookworm", packages=("chromium", "chromium-driver", "fonts-dejavu-core"))
TCC = PackageSet(suite="bookworm", packages=("tcc",))


@dataclass(frozen=True, kw_only=True)
class PackageTree:
    """An unpacked set of packages."""

    root: Path

    def path(self, path: str) -> str:
        """The path of a file in the packages, such as a program."""
        return str(self.root / path)

    def environment(self, **variables: str) -> dict[str, str]:
        """Environment in which the programs find their libraries, with `variables` added."""
        libraries = str(self.root / LIBRARIES)
        return {"PATH": os.environ["PATH"], "LD_LIBRARY_PATH": libraries, "LC_ALL": "C.UTF-8", **variables}


def package_tree(packages: PackageSet) -> PackageTree:
    """The unpacked packages, downloaded on first use. PackagesError if that fails."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with _lock(packages):
        if not (packages.folder / "complete").exists():
            shutil.rmtree(packages.folder, ignore_errors=True)
            _unpack(_download(packages), packages.folder)
            (packages.folder / "complete").touch()
    return PackageTree(root=packages.folder)


@contextmanager
def _lock(packages: PackageSet) -> Generator[None]:
    with (CACHE / f"{packages.folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _download(packages: PackageSet) -> list[Path]:
    """Downloads with a separate apt state in which nothing is installed, so that apt fetches every dependency."""
    for tool in ("apt-get", "dpkg-deb"):
        if shutil.which(tool) is None:
            raise PackagesError(f"{tool} is missing: a machine with Debian's package tools is needed")
    if not KEYRING.exists():
        raise PackagesError(f"{KEYRING} is missing: install the package debian-archive-keyring")
    state = CACHE / f"apt-{packages.folder.name}"
    for part in ("state/lists/partial", "cache/archives/partial", "etc"):
        (state / part).mkdir(parents=True, exist_ok=True)
    (state / "state" / "status").touch()
    (state / "etc" / "sources.list").write_text(sources_list(read_sources(apt_folder()), packages.suite, KEYRING))
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
    _run(["apt-get", *flags, "-qq", "--yes", "--download-only", "install", *packages.packages])
    return sorted((state / "cache" / "archives").glob("*.deb"))


def _unpack(files: Sequence[Path], folder: Path) -> None:
    folder.mkdir(parents=True)
    for package in files:
        _run(["dpkg-deb", "-x", str(package), str(folder)])


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        output = (done.stderr or done.stdout).strip().splitlines()[-3:]
        raise PackagesError(f"{command[0]} failed: {' '.join(output)}")
