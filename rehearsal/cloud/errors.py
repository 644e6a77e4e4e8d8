"""Errors of the AWS API."""

from __future__ import annotations


class AwsError(RuntimeError):
    """An API error: its code, the property that caused it, and the message."""

    def __init__(self, code: str, path: str, message: str) -> None:
        super().__init__(f"{path}: {code}: {message}" if path else f"{code}: {message}")
        self.code, self.path = code, path
