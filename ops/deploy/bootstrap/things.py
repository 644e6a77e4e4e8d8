"""A thing to make: how it is found, whose it is, and each property that it shall have. Idempotent by comparison."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from ops.deploy.bootstrap.target import BootstrapError

ABSENT = "(absent)"


@dataclass(frozen=True, kw_only=True)
class Aspect:
    """One property: `read` is what AWS has (ABSENT where it answers with one of `absent`), `wanted` what it shall be.

    `wanted` is asked once everything before it is made, so it may name what did not exist when the run began.
    """

    what: str
    read: Callable[[], Any]
    wanted: Callable[[], Any]
    write: Callable[[Any], object]
    absent: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Thing:
    """`exists` raises BootstrapError where a thing of this name is not ours to change.

    `remove` deletes it and whatever hangs on it. `removed` is true of what is deleted and only waits for its end, and
    `keep` says why it stays.
    """

    name: str
    exists: Callable[[], bool]
    create: Callable[[], object]
    aspects: Sequence[Aspect] = ()
    remove: Callable[[], object]
    removed: Callable[[], bool] = lambda: False
    keep: Callable[[], str | None] = lambda: None


@dataclass(frozen=True, kw_only=True)
class Step:
    """One change: to what, and which."""

    thing: str
    change: str

    def __str__(self) -> str:
        return f"{self.change:<9} {self.thing}"


def converge(things: Sequence[Thing], *, apply: bool) -> Iterator[Step]:
    """What is missing or differs, in order; with `apply` each step is done before it is yielded.

    A run that broke off is completed by the next one. Raises BootstrapError where AWS refuses.
    """
    for thing in things:
        there = asked(thing.name, thing.exists)
        if not there:
            if apply:
                asked(f"create {thing.name}", thing.create)
            yield Step(thing=thing.name, change="create")
        for aspect in thing.aspects:
            where = f"{thing.name}: {aspect.what}"
            if not apply and not there:
                yield Step(thing=where, change="set")
                continue
            wanted = asked(where, aspect.wanted)
            found = asked(where, lambda aspect=aspect: _read(aspect))
            if found != wanted:
                if apply:
                    asked(f"set {where}", lambda aspect=aspect, wanted=wanted: aspect.write(wanted))
                yield Step(thing=where, change="repair" if there else "set")


def dissolve(things: Sequence[Thing], *, apply: bool) -> Iterator[Step]:
    """Removes the things from the last to the first; what must be kept is yielded with the reason."""
    for thing in reversed(things):
        if not asked(thing.name, thing.exists) or asked(thing.name, thing.removed):
            continue
        if reason := asked(thing.name, thing.keep):
            yield Step(thing=f"{thing.name}: {reason}", change="keep")
            continue
        if apply:
            asked(f"remove {thing.name}", thing.remove)
        yield Step(thing=thing.name, change="remove")


def asked(what: str, call: Callable[[], Any]) -> Any:
    """The answer of AWS; a refusal as a message that says what was being done."""
    try:
        return call()
    except ClientError as error:
        code, message = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
        raise BootstrapError(
            f"{what}: AWS refused {error.operation_name} ({code}: {message}). What was done before stays; run it again."
        ) from error


def missing(error: ClientError, *codes: str) -> bool:
    """Whether AWS says that there is none; HEAD requests answer with the status alone."""
    return error.response["Error"]["Code"] in codes


def found(call: Callable[[], Any], *codes: str) -> Any:
    """The answer, or None where AWS says with one of `codes` that there is none."""
    try:
        return call()
    except ClientError as error:
        if missing(error, *codes):
            return None
        raise


def _read(aspect: Aspect) -> Any:
    answer = found(aspect.read, *aspect.absent)
    return ABSENT if answer is None else answer


def tags_of(listed: Sequence[dict[str, str]], key: str = "Key", value: str = "Value") -> dict[str, str]:
    """AWS's list of tags as a dictionary."""
    return {tag[key]: tag[value] for tag in listed}


def tags_aspect(
    wanted: dict[str, str], read: Callable[[], dict[str, str]], write: Callable[[dict[str, str]], object]
) -> Aspect:
    """The tags `wanted`, beside which others may stand; `write` is given those that are missing or differ."""

    def missing_ones() -> dict[str, str]:
        there = read()
        return {key: value for key, value in wanted.items() if there.get(key) != value}

    return Aspect(what="tags", read=missing_ones, wanted=dict, write=lambda _: write(missing_ones()))


def tag_list(tags: dict[str, str], key: str = "Key", value: str = "Value") -> list[dict[str, str]]:
    """A dictionary as AWS's list of tags."""
    return [{key: name, value: text} for name, text in tags.items()]
