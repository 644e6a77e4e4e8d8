"""Errors that stop the end of a study. Each message says what is wrong and what to do next."""

from __future__ import annotations

from contextlib import AbstractContextManager

from ops import refusals
from ops.refusals import code

__all__ = ["RERUN", "Refused", "StudyError", "code", "explain_failure"]

RERUN = "This step deleted nothing: run the same command again, and it continues from there."


class StudyError(RuntimeError):
    """The command cannot continue. The message names the problem and the next step."""


class Refused(StudyError):
    """The command is refused. `blockers`: every reason, each with its next step."""

    def __init__(self, what: str, blockers: list[str]) -> None:
        self.blockers = blockers
        super().__init__("\n".join([f"{what}:", *(f"  - {blocker}" for blocker in blockers)]))


def explain_failure(doing: str, remedy: str = RERUN) -> AbstractContextManager[None]:
    """Converts an AWS or network error in the block to a StudyError; a StudyError passes unchanged."""
    return refusals.explained(StudyError, doing, remedy)
