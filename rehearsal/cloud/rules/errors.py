"""AWS's refusals."""

from __future__ import annotations


class AwsError(RuntimeError):
    """An API error: AWS's name for it, the property at fault, and what is wrong."""

    def __init__(self, code: str, path: str, message: str) -> None:
        super().__init__(f"{path}: {code}: {message}" if path else f"{code}: {message}")
        self.code, self.path = code, path
