"""Waivers: rules that a resource may break, each with a reason, somebody who answers for it, and a last day.

A waiver is a reviewed entry in a file and never an exception in code. One that is over, or that excuses nothing, is a
violation itself: the file says what is true today.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml

from hipaa.evaluate import Result
from hipaa.rule import facts

KEYS = {"rule", "resources", "stacks", "reason", "approver", "expires"}
SHORTEST_REASON = 20


class WaiverError(ValueError):
    """The file of waivers is not as it should be."""


@dataclass(frozen=True, kw_only=True)
class Waiver:
    """Lets the resources whose names match break `rule` in the stacks that match, until `expires` has passed."""

    rule: str
    resources: tuple[str, ...]
    stacks: tuple[str, ...]
    reason: str
    approver: str
    expires: date

    def covers(self, result: Result) -> bool:
        """Whether it speaks of this rule, resource and stack, on whatever day."""
        return (
            result.facts.code == self.rule
            and _matches(result.resource.stack, self.stacks)
            and _matches(result.resource.name, self.resources)
        )

    def __str__(self) -> str:
        return f"waiver of {self.rule} for {', '.join(self.resources)}"


@dataclass
class Waivers:
    """The waivers of a file, and what each has excused so far. `today` decides which are over."""

    entries: tuple[Waiver, ...] = ()
    today: date = field(default_factory=date.today)
    used: dict[Waiver, list[Result]] = field(default_factory=dict)

    def excuse(self, result: Result) -> Waiver | None:
        """The waiver that speaks of this finding and holds today; it is remembered as used, in its time or not."""
        for entry in self.entries:
            if entry.covers(result):
                self.used.setdefault(entry, []).append(result)
                if entry.expires >= self.today:
                    return entry
        return None

    def standing(self, results: Iterable[Result]) -> list[Result]:
        """The broken rules that nothing excuses. What cannot be decided yet uses its waiver as well: it will be."""
        return [result for result in results if self.excuse(result) is None and result.broken]

    def problems(self, stack: str) -> Iterator[str]:
        """Waivers for this stack that are over, or that excused nothing; ask once everything has been checked."""
        for entry in self.entries:
            if not _matches(stack, entry.stacks):
                continue
            if entry.expires < self.today:
                yield f"{entry}: it ended on {entry.expires}. Decide again: remove the cause, or renew it with a reason"
            if entry not in self.used:
                yield f"{entry}: it excuses nothing in the stack {stack}. Remove it"

    def hint(self, result: Result) -> str:
        """What to do where only other stacks have a waiver for this resource, as in a copied stack file; or nothing."""
        stack = result.resource.stack
        others = [
            name
            for entry in self.entries
            if not entry.covers(result) and replace(entry, stacks=(stack,)).covers(result)
            for name in entry.stacks
        ]
        if not others:
            return ""
        return (
            f" This is waived for {', '.join(dict.fromkeys(others))}: if the reason also holds here, "
            f"add {stack} to the stacks of its waiver in waivers.yaml."
        )


def load(*paths: Path, today: date | None = None) -> Waivers:
    """The waivers of YAML files; a file that is not there has none. WaiverError names entry, key and what is wrong."""
    entries = tuple(entry for path in paths if path.exists() for entry in _entries(path))
    return Waivers(entries=entries, today=today or date.today())


def _entries(path: Path) -> list[Waiver]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except yaml.YAMLError as error:
        raise WaiverError(f"{path.name} is no YAML: {error}") from error
    listed = content.get("waivers") if isinstance(content, Mapping) else None
    if not isinstance(listed, list) or set(content) != {"waivers"}:
        raise WaiverError(f"{path.name} holds one key, waivers, with a list of entries")
    return [_entry(f"{path.name}, entry {position}", one) for position, one in enumerate(listed, start=1)]


def _entry(where: str, one: Any) -> Waiver:
    if not isinstance(one, Mapping) or set(one) != KEYS:
        given = sorted(one) if isinstance(one, Mapping) else one
        raise WaiverError(f"{where}: it has the keys {', '.join(sorted(KEYS))}, and no others; given: {given}")
    if one["rule"] not in facts():
        raise WaiverError(f"{where}: there is no rule {one['rule']!r}; rules have codes such as NET-07")
    if not isinstance(one["expires"], date):
        raise WaiverError(f"{where}: expires is a day such as 2027-12-31, not {one['expires']!r}")
    for key in ("resources", "stacks"):
        if not _are_texts(one[key]):
            raise WaiverError(f"{where}: {key} is a list of names or patterns, not {one[key]!r}")
        if "*" in one[key]:
            raise WaiverError(f"{where}: {key} must not be every one of them; waive by name, never by type")
    for key in ("reason", "approver"):
        if not isinstance(one[key], str) or not one[key].strip():
            raise WaiverError(f"{where}: {key} is missing")
    if len(one["reason"]) < SHORTEST_REASON:
        raise WaiverError(f"{where}: the reason {one['reason']!r} explains nothing")
    known: dict[str, Any] = {**one, "resources": tuple(one["resources"]), "stacks": tuple(one["stacks"])}
    return Waiver(**known)


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, str) and item for item in value)


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
