"""What stops the end of a study, said so that a person knows what to do next."""

from __future__ import annotations

from contextlib import AbstractContextManager

from ops import refusals
from ops.errors import OperatorError
from ops.refusals import code

__all__ = ["AGAIN", "Refused", "StudyError", "code", "explained"]

AGAIN = "Nothing was deleted by this step: run the same command again, and it goes on from there."


class StudyError(OperatorError):
    """The command cannot go on. The text says what is wrong and the next step to take."""


class Refused(StudyError):
    """Every objection, each with its next step."""

    def __init__(self, what: str, objections: list[str]) -> None:
        self.objections = objections
        super().__init__("\n".join([f"{what}:", *(f"  - {objection}" for objection in objections)]))


def explained(doing: str, remedy: str = AGAIN) -> AbstractContextManager[None]:
    """Turns what AWS, or the way to it, answers into a StudyError; what is one already passes."""
    return refusals.translate_errors(StudyError, doing, remedy)
