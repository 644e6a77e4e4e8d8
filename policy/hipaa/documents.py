"""JSON that properties hold as text: policy documents as statements in one form, however AWS lets them be written."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any, NamedTuple

from hipaa.model import ABSENT, UNKNOWN, Finding, Resource, Undecided, Violation


class MalformedError(ValueError):
    """Text that should be a policy document is none."""


class Condition(NamedTuple):
    """One condition: all operators and keys in lower case, as AWS compares them; several values are alternatives."""

    operator: str
    key: str
    values: list[Any]


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One statement. Every element is a list: of one if it is written as itself, empty if it is not there.

    `principals` are those of every kind, so `"*"`, `{"AWS": "*"}` and `{"AWS": ["*"]}` are all `["*"]`. An element that
    a preview does not know is UNKNOWN in its list.
    """

    sid: str = ""
    effect: Any = ""
    actions: list[Any]
    not_actions: list[Any]
    resources: list[Any]
    not_resources: list[Any]
    principals: list[Any]
    not_principals: list[Any]
    conditions: list[Condition]

    @property
    def allows(self) -> bool:
        """Whether it gives rights."""
        return self.effect == "Allow"

    @property
    def denies(self) -> bool:
        """Whether it takes rights away."""
        return self.effect == "Deny"

    @property
    def anyone(self) -> bool:
        """Whether it speaks of everybody, whoever they are; an Allow with NotPrincipal does as well."""
        return "*" in self.principals or (self.allows and bool(self.not_principals))

    @property
    def everywhere(self) -> bool:
        """Whether it speaks of every resource; an Allow with NotResource does but for a few."""
        return any(_is_star(each) for each in self.resources) or (self.allows and bool(self.not_resources))

    def grants(self, action: str) -> bool:
        """Whether it allows the action (`s3:GetObject`), named, by wildcard or by NotAction."""
        if not self.allows:
            return False
        if self.not_actions:
            return not any(matches(each, action) for each in self.not_actions)
        return any(matches(each, action) for each in self.actions)

    def condition(self, key: str) -> list[Condition]:
        """Conditions on a key."""
        return [each for each in self.conditions if each.key == key.lower()]


def matches(pattern: Any, action: str) -> bool:
    """Whether a pattern of IAM, with `*` and `?`, covers an action; case does not matter, UNKNOWN covers none."""
    return isinstance(pattern, str) and fnmatchcase(action.lower(), pattern.lower().replace("[", "[[]"))


def statements(document: Any) -> list[Statement] | Any:
    """Statements of a policy document, given as text or as a mapping; UNKNOWN if it is, none if it is absent or empty.

    Raises ValueError if it is no JSON or no policy document.
    """
    if document is UNKNOWN:
        return UNKNOWN
    content = parsed(document)
    if content is ABSENT:
        return []
    if not isinstance(content, Mapping):
        raise MalformedError("it is not a policy document")
    found = listed(content.get("Statement"))
    return [_statement(each) for each in found if each is not UNKNOWN]


def parsed(value: Any) -> Any:
    """What JSON text says; what is no text stays, empty text is ABSENT. Raises ValueError if it is malformed."""
    if value is None or value is ABSENT or value == "":
        return ABSENT
    return _loaded(value) if isinstance(value, str) else value


@lru_cache(maxsize=512)
def _loaded(text: str) -> Any:
    try:
        return json.loads(text)
    except RecursionError as error:
        raise MalformedError("it is nested too deeply") from error


def wrong(resource: Resource, path: str, says: Callable[[Statement], str | None]) -> Iterator[Finding]:
    """What is wrong with the policy document at `path`: each message that `says` has for one of its statements.

    A document that cannot be read is a violation; one that is unknown, even in part, is undecided unless what is known
    is wrong already. An absent one is fine: whether it may be absent is another question.
    """
    try:
        known = statements(resource.get(path))
    except ValueError:
        yield Violation(message="the policy document cannot be read as JSON", path=path)
        return
    messages = [] if known is UNKNOWN else [(each, message) for each in known if (message := says(each))]
    for statement, message in messages:
        where = f"statement {statement.sid}: " if statement.sid else ""
        yield Violation(message=f"{where}{message}", path=path)
    if not messages and (known is UNKNOWN or _has_unknown(resource.get(path))):
        yield Undecided(path=path)


def listed(value: Any) -> list[Any]:
    """IAM writes one as itself and several as a list."""
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def _statement(content: Any) -> Statement:
    if not isinstance(content, Mapping):
        raise MalformedError("a statement is not an object")
    return Statement(
        sid=str(content.get("Sid") or ""),
        effect=content.get("Effect", ""),
        actions=listed(content.get("Action")),
        not_actions=listed(content.get("NotAction")),
        resources=listed(content.get("Resource")),
        not_resources=listed(content.get("NotResource")),
        principals=_principals(content.get("Principal")),
        not_principals=_principals(content.get("NotPrincipal")),
        conditions=list(_conditions(content.get("Condition"))),
    )


def _principals(value: Any) -> list[Any]:
    kinds = value.values() if isinstance(value, Mapping) else [value]
    return [each for kind in kinds for each in listed(kind)]


def _conditions(value: Any) -> Iterator[Condition]:
    for operator, keys in (value if isinstance(value, Mapping) else {}).items():
        for key, values in (keys if isinstance(keys, Mapping) else {}).items():
            yield Condition(operator.lower(), key.lower(), [_text(each) for each in listed(values)])


def _text(value: Any) -> Any:
    """IAM compares text, so `true` and "true" are one."""
    return str(value).lower() if isinstance(value, bool) else value


def _is_star(value: Any) -> bool:
    return isinstance(value, str) and bool(value) and not value.strip("*")


def _has_unknown(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(_has_unknown(each) for each in value.values())
    return value is UNKNOWN or (isinstance(value, list | tuple) and any(_has_unknown(each) for each in value))
