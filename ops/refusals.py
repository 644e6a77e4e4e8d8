"""Errors of AWS, reported with the action that failed and the next step."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError


def code(error: ClientError) -> str:
    """AWS's name of the error."""
    return error.response.get("Error", {}).get("Code", "")


@contextmanager
def translate_errors(kind: type[Exception], doing: str, remedy: str) -> Generator[None]:
    """Converts errors of AWS, and of the connection to it, to an error of `kind`; other errors pass unchanged."""
    try:
        yield
    except ClientError as error:
        details = error.response.get("Error", {})
        cause = f"AWS refused {error.operation_name}: {details.get('Code', '?')} {details.get('Message', '')}".strip()
        raise kind(f"{doing}: {cause}. {remedy}") from error
    except (BotoCoreError, OSError) as error:
        raise kind(f"{doing}: {error}. {remedy}") from error
