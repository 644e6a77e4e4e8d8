"""Resources with their properties: created, repaired and removed by comparing what AWS has with what is wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from ops.deploy.bootstrap.target import BootstrapError
from ops.refusals import code

T = TypeVar("T")
ABSENT = "(absent)"


@dataclass(frozen=True, kw_only=True)
class Property:
    """One property: `read` returns what AWS has, or raises an error with one of the codes `absent` if it is not set.

    `wanted` is called after everything before it is created, so it may use what did not exist when the run began.
    """

    what: str
    read: Callable[[], Any]
    wanted: Callable[[], Any]
    write: Callable[[Any], object]
    absent: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Resource:
    """`exists` raises BootstrapError if a resource of this name belongs to somebody else.

    `remove` deletes it with all that belongs to it. `removed`: it is already scheduled for deletion. `keep` returns the
    reason for which it must stay, if there is one.
    """

    name: str
    exists: Callable[[], bool]
    create: Callable[[], object]
    properties: Sequence[Property] = ()
    remove: Callable[[], object]
    removed: Callable[[], bool] = lambda: False
    keep: Callable[[], str | None] = lambda: None


@dataclass(frozen=True, kw_only=True)
class Step:
    """One change, and the resource or property that it changes."""

    resource: str
    change: str

    def __str__(self) -> str:
        return f"{self.change:<9} {self.resource}"


def converge(resources: Sequence[Resource], *, apply: bool) -> Iterator[Step]:
    """Yields what is missing or differs, in order; with `apply`, each step is done before it is yielded.

    The next run completes an interrupted one. Raises BootstrapError if AWS refuses.
    """
    for resource in resources:
        exists = call_aws(resource.name, resource.exists)
        if not exists:
            if apply:
                call_aws(f"create {resource.name}", resource.create)
            yield Step(resource=resource.name, change="create")
        for item in resource.properties:
            where = f"{resource.name}: {item.what}"
            if not apply and not exists:
                yield Step(resource=where, change="set")
                continue
            wanted = call_aws(where, item.wanted)
            if call_aws(where, lambda item=item: _read(item)) != wanted:
                if apply:
                    call_aws(f"set {where}", lambda item=item, wanted=wanted: item.write(wanted))
                yield Step(resource=where, change="repair" if exists else "set")


def destroy(resources: Sequence[Resource], *, apply: bool) -> Iterator[Step]:
    """Removes the resources, the last one first; one that must stay is yielded with the reason."""
    for resource in reversed(resources):
        if not call_aws(resource.name, resource.exists) or call_aws(resource.name, resource.removed):
            continue
        if reason := call_aws(resource.name, resource.keep):
            yield Step(resource=f"{resource.name}: {reason}", change="keep")
            continue
        if apply:
            call_aws(f"remove {resource.name}", resource.remove)
        yield Step(resource=resource.name, change="remove")


def call_aws(what: str, call: Callable[[], T]) -> T:
    """The result of `call`; an error of AWS becomes a message that names `what` was being done."""
    try:
        return call()
    except ClientError as error:
        message = error.response["Error"].get("Message", "")
        raise BootstrapError(
            f"{what}: AWS refused {error.operation_name} ({code(error)}: {message}). "
            f"What was done before stays; run it again."
        ) from error


def find(call: Callable[[], T], *codes: str) -> T | None:
    """The result of `call`, or None if AWS answers with one of the error codes; HEAD requests have the status."""
    try:
        return call()
    except ClientError as error:
        if code(error) in codes:
            return None
        raise


def _read(item: Property) -> Any:
    answer = find(item.read, *item.absent)
    return ABSENT if answer is None else answer


def tags_of(listed: Sequence[Mapping[str, Any]], key: str = "Key", value: str = "Value") -> dict[str, str]:
    """AWS's list of tags as a dictionary."""
    return {tag[key]: tag[value] for tag in listed}


def tag_list(tags: Mapping[str, str], key: str = "Key", value: str = "Value") -> list[Any]:
    """A dictionary as AWS's list of tags."""
    return [{key: name, value: text} for name, text in tags.items()]


def tags_property(
    wanted: dict[str, str], read: Callable[[], dict[str, str]], write: Callable[[dict[str, str]], object]
) -> Property:
    """The tags `wanted`; other tags are left alone. `write` receives those that are missing or differ."""

    def find_missing() -> dict[str, str]:
        present = read()
        return {key: value for key, value in wanted.items() if present.get(key) != value}

    return Property(what="tags", read=find_missing, wanted=dict, write=lambda _: write(find_missing()))
