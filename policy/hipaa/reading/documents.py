"""JSON in string properties: policy documents, normalized into statements."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any, NamedTuple

from hipaa.model import ABSENT, UNKNOWN, Finding, Resource, Undecided, Violation


class MalformedError(ValueError):
    """The text is not a policy document."""


class Condition(NamedTuple):
    """One condition. Operator and key are in lower case, because AWS ignores case; values are alternatives."""

    operator: str
    key: str
    values: list[Any]


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One statement. Every element is a list: a single value becomes a list of one, a missing element an empty list.

    `principals` combines all kinds, so `"*"`, `{"AWS": "*"}` and `{"AWS": ["*"]}` all become `["*"]`. A value that is
    unknown in a preview is UNKNOWN in its list.
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
        """Whether the effect is Allow."""
        return self.effect == "Allow"

    @property
    def denies(self) -> bool:
        """Whether the effect is Deny."""
        return self.effect == "Deny"

    @property
    def covers_everyone(self) -> bool:
        """Whether it applies to every principal; an Allow with NotPrincipal counts too."""
        return "*" in self.principals or (self.allows and bool(self.not_principals))

    @property
    def covers_every_resource(self) -> bool:
        """Whether it applies to every resource; an Allow with NotResource counts too."""
        return any(_is_star(each) for each in self.resources) or (self.allows and bool(self.not_resources))

    def grants(self, action: str) -> bool:
        """Whether it allows an action such as `s3:GetObject` by name, by wildcard or by NotAction."""
        if not self.allows:
            return False
        if self.not_actions:
            return not any(matches(each, action) for each in self.not_actions)
        return any(matches(each, action) for each in self.actions)

    def condition(self, key: str) -> list[Condition]:
        """The conditions on a key."""
        return [each for each in self.conditions if each.key == key.lower()]


def matches(pattern: Any, action: str) -> bool:
    """Whether an IAM pattern with `*` and `?` matches an action, ignoring case; UNKNOWN matches none."""
    return isinstance(pattern, str) and fnmatchcase(action.lower(), pattern.lower().replace("[", "[[]"))


def statements(document: Any) -> list[Statement] | Any:
    """The statements of a policy document, given as text or mapping: UNKNOWN if it is unknown, empty if it is absent.

    Raises ValueError if it is not JSON or not a policy document.
    """
    if document is UNKNOWN:
        return UNKNOWN
    content = parse_json(document)
    if content is ABSENT:
        return []
    if not isinstance(content, Mapping):
        raise MalformedError("it is not a policy document")
    found = as_list(content.get("Statement"))
    return [_statement(each) for each in found if each is not UNKNOWN]


def parse_json(value: Any) -> Any:
    """Parsed JSON text. Other values are returned unchanged, empty text as ABSENT. Raises ValueError if malformed."""
    if value is None or value is ABSENT or value == "":
        return ABSENT
    return _load_json(value) if isinstance(value, str) else value


@lru_cache(maxsize=512)
def _load_json(text: str) -> Any:
    try:
        return json.loads(text)
    except RecursionError as error:
        raise MalformedError("it is nested too deeply") from error


def check_statements(resource: Resource, path: str, find_fault: Callable[[Statement], str | None]) -> Iterator[Finding]:
    """Violations in the policy document at `path`: `find_fault` returns a message for each faulty statement.

    An unreadable document is a violation. A document that is unknown, even in part, is undecided unless a known
    statement is faulty. An absent document passes: other rules decide whether it may be absent.
    """
    try:
        known = statements(resource.get(path))
    except ValueError:
        yield Violation(message="the policy document cannot be read as JSON", path=path)
        return
    messages = [] if known is UNKNOWN else [(each, message) for each in known if (message := find_fault(each))]
    for statement, message in messages:
        where = f"statement {statement.sid}: " if statement.sid else ""
        yield Violation(message=f"{where}{message}", path=path)
    if not messages and (known is UNKNOWN or _has_unknown(resource.get(path))):
        yield Undecided(path=path)


def as_list(value: Any) -> list[Any]:
    """A list of values: IAM writes a single value without a list."""
    if value is None or value is ABSENT:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def _statement(content: Any) -> Statement:
    if not isinstance(content, Mapping):
        raise MalformedError("a statement is not an object")
    return Statement(
        sid=str(content.get("Sid") or ""),
        effect=content.get("Effect", ""),
        actions=as_list(content.get("Action")),
        not_actions=as_list(content.get("NotAction")),
        resources=as_list(content.get("Resource")),
        not_resources=as_list(content.get("NotResource")),
        principals=_principals(content.get("Principal")),
        not_principals=_principals(content.get("NotPrincipal")),
        conditions=list(_conditions(content.get("Condition"))),
    )


def _principals(value: Any) -> list[Any]:
    kinds = value.values() if isinstance(value, Mapping) else [value]
    return [each for kind in kinds for each in as_list(kind)]


def _conditions(value: Any) -> Iterator[Condition]:
    for operator, keys in (value if isinstance(value, Mapping) else {}).items():
        for key, values in (keys if isinstance(keys, Mapping) else {}).items():
            yield Condition(operator.lower(), key.lower(), [_text(each) for each in as_list(values)])


def _text(value: Any) -> Any:
    """IAM compares text, so `true` and "true" are equal."""
    return str(value).lower() if isinstance(value, bool) else value


def _is_star(value: Any) -> bool:
    return isinstance(value, str) and bool(value) and not value.strip("*")


def _has_unknown(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(_has_unknown(each) for each in value.values())
    return value is UNKNOWN or (isinstance(value, list | tuple) and any(_has_unknown(each) for each in value))
