"""Checks that the kinds of values are built from. Every refusal states the rule and what to do instead."""

from __future__ import annotations

import re
from collections.abc import Sized
from typing import Any

from pydantic import AfterValidator


class RefusedError(ValueError):
    """A value that breaks a rule."""

    def __init__(self, rule: str, remedy: str) -> None:
        super().__init__(f"{rule}. {remedy}")
        self.rule, self.remedy = rule, remedy


def matching(pattern: str, rule: str, remedy: str) -> AfterValidator:
    """Text that `pattern` matches as a whole."""

    def check(value: str) -> str:
        if re.fullmatch(pattern, value, re.ASCII) is None:
            raise RefusedError(rule, remedy)
        return value

    return AfterValidator(check)


def within(lowest: float, highest: float, what: str, *, step: float | None = None) -> AfterValidator:
    """A number in a range, in steps where given."""
    rule = f"{what} is {lowest:g} to {highest:g}" + (f" in steps of {step:g}" if step else "")

    def check(value: float) -> float:
        if not lowest <= value <= highest or (step and value % step):
            raise RefusedError(rule, f"Choose a value from {lowest:g} to {highest:g}")
        return value

    return AfterValidator(check)


def length_between(lowest: int, highest: int, what: str) -> AfterValidator:
    """Text or a list of a certain length."""
    rule = f"it has {lowest} to {highest} {what}"

    def check(value: Sized) -> Sized:
        if not lowest <= len(value) <= highest:
            raise RefusedError(rule, "Add what is missing" if len(value) < lowest else "Shorten it")
        return value

    return AfterValidator(check)


def switch(value: Any) -> bool:
    """The truth value that a stack file means."""
    # The engine passes a scalar as text.
    switches = {True: True, False: False, "true": True, "false": False}
    if not isinstance(value, bool | str) or value not in switches:
        raise RefusedError("it is neither true nor false", "Write true or false")
    return switches[value]


def no_number_as_truth(value: Any, *, truth: bool) -> Any:
    """`value`, unless it is a truth value where something else belongs, or a number where a truth value belongs."""
    if truth:
        return switch(value)
    if isinstance(value, bool):
        raise RefusedError("a truth value has no place here", "Write the number or text that is meant")
    return value
