"""What stops the end of a study, said so that a person knows what to do next."""

from __future__ import annotations

from contextlib import AbstractContextManager

from ops import refusals
from ops.errors import OperatorError
from ops.refusals import code

__all__ = ["AGAIN", "ArchiveError", "StillRestoring", "code", "explained"]

AGAIN = "Nothing is lost or half done: run the same command again, and it goes on from there."


class ArchiveError(OperatorError):
    """The archive cannot go on. The text says what is wrong and the next step to take."""


class StillRestoring(ArchiveError):
    """Objects are on their way back from DEEP_ARCHIVE: nothing is wrong, and it is too early."""


def explained(doing: str, remedy: str = AGAIN) -> AbstractContextManager[None]:
    """Turns what AWS, or the way to it, answers into an ArchiveError; what is one already passes."""
    return refusals.translate_errors(ArchiveError, doing, remedy)
