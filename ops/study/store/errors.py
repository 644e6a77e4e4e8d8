"""Errors that stop an archive command. Each message says what is wrong and what to do next."""

from __future__ import annotations

from contextlib import AbstractContextManager

from ops import refusals
from ops.refusals import code

__all__ = ["RERUN", "ArchiveError", "StillRestoring", "code", "explain_failure"]

RERUN = "Nothing is lost or half done: run the same command again, and it continues from there."


class ArchiveError(RuntimeError):
    """The command cannot continue. The message names the problem and the next step."""


class StillRestoring(ArchiveError):
    """S3 has not restored every object from DEEP_ARCHIVE yet. Nothing is wrong: run the command again later."""


def explain_failure(doing: str, remedy: str = RERUN) -> AbstractContextManager[None]:
    """Converts an AWS or network error in the block to an ArchiveError; an ArchiveError passes unchanged."""
    return refusals.explained(ArchiveError, doing, remedy)
