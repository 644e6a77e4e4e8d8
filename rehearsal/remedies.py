"""The next step for failures of the machine: disk full, read-only, no permission. Standard library only, for set-up."""

from __future__ import annotations

import errno
import os

SPACE = "free at least 4 GB on the disk that holds this checkout, then run the same command again"
MOVE = "copy the checkout to a folder in which you may write, then run the same command there"
OWN = "give yourself write access to this checkout, or copy it to a folder of your own; then run the same command again"
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
    return next((remedy for code, remedy in REMEDIES.items() if os.strerror(code).casefold() in text), None)
