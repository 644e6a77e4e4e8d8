"""Errors that the operator can correct: the command line prints their message without a traceback."""

from __future__ import annotations


class OperatorError(RuntimeError):
    """Base class of these errors. The message says what is wrong and what to do about it."""
