"""The next step for failures of the machine: disk full, read-only, no permission. Standard library only, for set-up."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from pathlib import Path

SPACE = "free at least 4 GB on the disk that holds this checkout, then run the same command again"
MOVE = "copy the checkout to a folder in which you may write, then run the same command there"
OWN = "give yourself write access to this checkout, or copy it to a folder of your own; then run the same command again"
MIN_FREE_BYTES = 32 * 1024 * 1024
REMEDIES = {
    errno.ENOSPC: SPACE,
    errno.EDQUOT: SPACE,
    errno.EROFS: MOVE,
    errno.EACCES: OWN,
    errno.EPERM: OWN,
}


def find_remedy(problem: OSError | str) -> str | None:
    """The next step for an error, or for the output of a command; None if the machine is not the cause."""
    if isinstance(problem, OSError):
        return REMEDIES.get(problem.errno or 0)
    text = problem.casefold()
    named = next((remedy for code, remedy in REMEDIES.items() if os.strerror(code).casefold() in text), None)
    return named or (SPACE if is_disk_full() else None)


def is_disk_full() -> bool:
    """Whether the disk of the checkout or of temporary files is full: some tools fail without saying so."""
    folders = (Path(__file__).parent, Path(tempfile.gettempdir()))
    return any(shutil.disk_usage(folder).free < MIN_FREE_BYTES for folder in folders)
