"""OHIF's files from its npm package, in the version that Orthanc's OHIF plugin contains."""

from __future__ import annotations

import base64
import fcntl
import hashlib
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

from dataplane.packages.debian import CACHE
from dataplane.packages.sources import PackagesError

VERSION = "3.12.0"
"""Plugin 1.8, of the Orthanc image in images/orthanc/Dockerfile:
https://orthanc.uclouvain.be/hg/orthanc-ohif/file/tip/NEWS"""

INTEGRITY = "D+SyPEOhW7E+P+ZfzFO1C3n8qwTfKSXExNEt2DPB5QHoLjSnUVTqEE+xaWX2B9p53boJfKWEM4b4SIVmz0qmOA=="
PUBLIC_PATH = '__webpack_require__.p = "/"'
FOLDER = CACHE.parent / "ohif" / VERSION


def ohif_files() -> Path:
    """The folder of OHIF, built for the path that the plugin serves; downloaded on first use."""
    FOLDER.parent.mkdir(parents=True, exist_ok=True)
    with FOLDER.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (FOLDER / "complete").exists():
            shutil.rmtree(FOLDER, ignore_errors=True)
            _unpack(_download())
            (FOLDER / "complete").touch()
    return FOLDER / "package" / "dist"


def _download() -> Path:
    # Without npm on the PATH, the one that `make setup` installs beside Python.
    npm = shutil.which("npm") or str(Path(sys.executable).with_name("npm"))
    command = [npm, "pack", f"@ohif/app@{VERSION}", "--silent", "--pack-destination", str(FOLDER.parent)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    if done.returncode:
        raise PackagesError(f"npm failed: {done.stderr.strip()[-300:]}")
    package = FOLDER.parent / done.stdout.split()[-1]
    found = base64.b64encode(hashlib.sha512(package.read_bytes()).digest()).decode()
    if found != INTEGRITY:
        raise PackagesError(f"{package.name} does not match its pinned checksum: its SHA-512 is {found}")
    return package


def _unpack(package: Path) -> None:
    with tarfile.open(package) as archive:
        archive.extractall(FOLDER, filter="data")
    package.unlink()
    # Published files expect the root of a server; the plugin serves them relative to the page: PUBLIC_URL=./
    built = FOLDER / "package" / "dist"
    _replace(built / "index.html", {"'/'": "'./'", 'href="/': 'href="./', 'src="/': 'src="./'})
    _replace(built / "manifest.json", {'"/assets': '"./assets'})
    _replace(built / "app.bundle.css", {"url(/": "url("})
    scripts = [script for script in built.glob("*.js") if PUBLIC_PATH in script.read_text(encoding="utf-8")]
    if not scripts:
        raise PackagesError(f"no script of OHIF {VERSION} contains {PUBLIC_PATH}")
    for script in scripts:
        _replace(script, {PUBLIC_PATH: PUBLIC_PATH.replace("/", "./")})


def _replace(file: Path, replacements: dict[str, str]) -> None:
    text = file.read_text(encoding="utf-8")
    for old, new in replacements.items():
        if old not in text:
            raise PackagesError(f"{file.name} of OHIF {VERSION} does not contain {old}")
        text = text.replace(old, new)
    file.write_text(text, encoding="utf-8")
