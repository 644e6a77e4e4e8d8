"""What stops the end of a study, said so that a person knows what to do next."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError

AGAIN = "Nothing is lost or half done: run the same command again, and it goes on from there."


class ArchiveError(RuntimeError):
    """The archive cannot go on. The text says what is wrong and the next step to take."""


class StillRestoring(ArchiveError):
    """Objects are on their way back from DEEP_ARCHIVE: nothing is wrong, and it is too early."""


def code(error: ClientError) -> str:
    """AWS's name of the error."""
    return error.response.get("Error", {}).get("Code", "")


@contextmanager
def explained(doing: str, remedy: str = AGAIN) -> Generator[None]:
    """Turns what AWS, or the way to it, answers into an ArchiveError; what is one already passes."""
    try:
        yield
    except ClientError as error:
        said = error.response.get("Error", {})
        why = f"AWS refused {error.operation_name}: {said.get('Code', '?')} {said.get('Message', '')}".strip()
        raise ArchiveError(f"{doing}: {why}. {remedy}") from error
    except (BotoCoreError, OSError) as error:
        raise ArchiveError(f"{doing}: {error}. {remedy}") from error
