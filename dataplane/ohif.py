"""OHIF's own files, of the version that Orthanc's plugin holds, from the package that OHIF publishes."""

from __future__ import annotations

import base64
import fcntl
import hashlib
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

from dataplane.debian import CACHE, PackagesError

VERSION = "3.12.0"
"""Plugin 1.8, of the Orthanc image in images/orthanc/Dockerfile:
https://orthanc.uclouvain.be/hg/orthanc-ohif/file/tip/NEWS"""

INTEGRITY = "D+SyPEOhW7E+P+ZfzFO1C3n8qwTfKSXExNEt2DPB5QHoLjSnUVTqEE+xaWX2B9p53boJfKWEM4b4SIVmz0qmOA=="
PLACE = '__webpack_require__.p = "/"'
FOLDER = CACHE.parent / "ohif" / VERSION


def files() -> Path:
    """Folder with OHIF built for the place the plugin serves it from, downloaded if this is the first time."""
    FOLDER.parent.mkdir(parents=True, exist_ok=True)
    with FOLDER.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (FOLDER / "complete").exists():
            shutil.rmtree(FOLDER, ignore_errors=True)
            _unpack(_download())
            (FOLDER / "complete").touch()
    return FOLDER / "package" / "dist"


def _download() -> Path:
    # Where there is no npm, the one that set-up installs beside Python.
    npm = shutil.which("npm") or str(Path(sys.executable).with_name("npm"))
    command = [npm, "pack", f"@ohif/app@{VERSION}", "--silent", "--pack-destination", str(FOLDER.parent)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    if done.returncode:
        raise PackagesError(f"npm failed: {done.stderr.strip()[-300:]}")
    package = FOLDER.parent / done.stdout.split()[-1]
    found = base64.b64encode(hashlib.sha512(package.read_bytes()).digest()).decode()
    if found != INTEGRITY:
        raise PackagesError(f"{package.name} is not the package that is pinned: its SHA-512 is {found}")
    return package


def _unpack(package: Path) -> None:
    with tarfile.open(package) as archive:
        archive.extractall(FOLDER, filter="data")
    package.unlink()
    # The published files stand at the root of a server, those of the plugin beside the page: PUBLIC_URL=./
    built = FOLDER / "package" / "dist"
    _replace(built / "index.html", {"'/'": "'./'", 'href="/': 'href="./', 'src="/': 'src="./'})
    _replace(built / "manifest.json", {'"/assets': '"./assets'})
    _replace(built / "app.bundle.css", {"url(/": "url("})
    scripts = [script for script in built.glob("*.js") if PLACE in script.read_text(encoding="utf-8")]
    assert scripts
    for script in scripts:
        _replace(script, {PLACE: PLACE.replace("/", "./")})


def _replace(file: Path, words: dict[str, str]) -> None:
    text = file.read_text(encoding="utf-8")
    for there, here in words.items():
        assert there in text, f"{file.name} has no {there}"
        text = text.replace(there, here)
    file.write_text(text, encoding="utf-8")
