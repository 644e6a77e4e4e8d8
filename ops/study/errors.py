"""What stops the end of a study, said so that a person knows what to do next."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError

AGAIN = "Nothing was deleted by this step: run the same command again, and it goes on from there."


class StudyError(RuntimeError):
    """The command cannot go on. The text says what is wrong and the next step to take."""


class Refused(StudyError):
    """Every objection, each with its next step."""

    def __init__(self, what: str, objections: list[str]) -> None:
        self.objections = objections
        super().__init__("\n".join([f"{what}:", *(f"  - {objection}" for objection in objections)]))


def code(error: ClientError) -> str:
    """AWS's name of the error."""
    return error.response.get("Error", {}).get("Code", "")


@contextmanager
def explained(doing: str, remedy: str = AGAIN) -> Generator[None]:
    """Turns what AWS, or the way to it, answers into a StudyError; what is one already passes."""
    try:
        yield
    except ClientError as error:
        said = error.response.get("Error", {})
        why = f"AWS refused {error.operation_name}: {said.get('Code', '?')} {said.get('Message', '')}".strip()
        raise StudyError(f"{doing}: {why}. {remedy}") from error
    except (BotoCoreError, OSError) as error:
        raise StudyError(f"{doing}: {error}. {remedy}") from error
