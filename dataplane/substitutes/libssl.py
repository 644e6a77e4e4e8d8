"""A libssl.so under the name that Debian's Orthanc looks for, linked to the installed libssl."""

from __future__ import annotations

import fcntl
import subprocess
from pathlib import Path

from dataplane.packages.debian import LIBRARIES, TCC, PackageTree, package_tree

SOURCE = Path(__file__).with_name("libssl.c")


def libssl_folder(orthanc: PackageTree) -> Path:
    """The folder that holds libssl.so, compiled on first use."""
    folder = orthanc.root / "shim"
    with (orthanc.root / "shim.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "libssl.so").exists():
            folder.mkdir(exist_ok=True)
            compiler = package_tree(TCC)
            flags = (f"-B{compiler.path(LIBRARIES)}/tcc", "-nostdlib", "-shared", "-Wl,-soname=libssl.so")
            target = folder / "libssl.part"
            command = [compiler.path("usr/bin/tcc"), *flags, "-o", str(target), str(SOURCE)]
            command.append(orthanc.path(f"{LIBRARIES}/libssl.so.3"))
            subprocess.run(command, check=True, env=compiler.environment())
            target.rename(folder / "libssl.so")
    return folder
