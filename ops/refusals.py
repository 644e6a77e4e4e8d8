"""What AWS refuses, told so that a person knows what to do next."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError


def code(error: ClientError) -> str:
    """AWS's name of the error."""
    return error.response.get("Error", {}).get("Code", "")


@contextmanager
def explained(kind: type[Exception], doing: str, remedy: str) -> Generator[None]:
    """Turns what AWS, or the way to it, answers into an error of `kind`; what is one already passes."""
    try:
        yield
    except ClientError as error:
        said = error.response.get("Error", {})
        why = f"AWS refused {error.operation_name}: {said.get('Code', '?')} {said.get('Message', '')}".strip()
        raise kind(f"{doing}: {why}. {remedy}") from error
    except (BotoCoreError, OSError) as error:
        raise kind(f"{doing}: {error}. {remedy}") from error
