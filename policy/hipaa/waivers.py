"""Waivers: permission for named resources to violate a rule, with reason, approver and expiry date.

A waiver is a reviewed entry in a file, never an exception in code. A waiver that has expired or is not needed is itself
a violation, so the file stays current.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml

from hipaa.evaluate import Result
from hipaa.rule import rule_metadata

KEYS = {"rule", "resources", "stacks", "reason", "approver", "expires"}
MIN_REASON_LENGTH = 20


class WaiverError(ValueError):
    """A waiver file is invalid."""


@dataclass(frozen=True, kw_only=True)
class Waiver:
    """Lets the resources whose names match violate `rule` in the matching stacks, up to and including `expires`."""

    rule: str
    resources: tuple[str, ...]
    stacks: tuple[str, ...]
    reason: str
    approver: str
    expires: date

    def covers(self, result: Result) -> bool:
        """Whether it covers this result's rule, resource and stack, regardless of the date."""
        return (
            result.metadata.code == self.rule
            and _matches(result.resource.stack, self.stacks)
            and _matches(result.resource.name, self.resources)
        )

    def __str__(self) -> str:
        return f"waiver of {self.rule} for {', '.join(self.resources)}"


@dataclass
class Waivers:
    """The waivers of the files, and the results each was used for. `today` decides which have expired."""

    entries: tuple[Waiver, ...] = ()
    today: date = field(default_factory=date.today)
    used: dict[Waiver, list[Result]] = field(default_factory=dict)

    def waive(self, result: Result) -> Waiver | None:
        """The waiver in force that covers the result. A covering waiver counts as used even if it has expired."""
        for entry in self.entries:
            if entry.covers(result):
                self.used.setdefault(entry, []).append(result)
                if entry.expires >= self.today:
                    return entry
        return None

    def unwaived_violations(self, results: Iterable[Result]) -> list[Result]:
        """The violations without a waiver. Undecided results use their waiver too, as they may become violations."""
        return [result for result in results if self.waive(result) is None and result.is_violation]

    def problems(self, stack: str) -> Iterator[str]:
        """Waivers for this stack that have expired or were not used. Call it after all checks."""
        for entry in self.entries:
            if not _matches(stack, entry.stacks):
                continue
            if entry.expires < self.today:
                yield f"{entry}: it expired on {entry.expires}. Fix the violation, or renew the waiver with a reason"
            if entry not in self.used:
                yield f"{entry}: it is not needed in the stack {stack}. Remove it"


def load(*paths: Path, today: date | None = None) -> Waivers:
    """The waivers of YAML files; a missing file has none. WaiverError names the entry, the key and the problem."""
    entries = tuple(entry for path in paths if path.exists() for entry in _parse_file(path))
    return Waivers(entries=entries, today=today or date.today())


def _parse_file(path: Path) -> list[Waiver]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except yaml.YAMLError as error:
        raise WaiverError(f"{path.name} is not valid YAML: {error}") from error
    entries = content.get("waivers") if isinstance(content, Mapping) else None
    if not isinstance(entries, list) or set(content) != {"waivers"}:
        raise WaiverError(f"{path.name} must have exactly one key, waivers, with a list of entries")
    return [_parse_entry(f"{path.name}, entry {position}", entry) for position, entry in enumerate(entries, start=1)]


def _parse_entry(where: str, entry: Any) -> Waiver:
    if not isinstance(entry, Mapping) or set(entry) != KEYS:
        given = sorted(entry) if isinstance(entry, Mapping) else entry
        raise WaiverError(f"{where}: the keys must be {', '.join(sorted(KEYS))}, and no others; given: {given}")
    if entry["rule"] not in rule_metadata():
        raise WaiverError(f"{where}: there is no rule {entry['rule']!r}; rules have codes such as NET-07")
    if not isinstance(entry["expires"], date):
        raise WaiverError(f"{where}: expires must be a date such as 2027-12-31, not {entry['expires']!r}")
    for key in ("resources", "stacks"):
        if not _is_list_of_strings(entry[key]):
            raise WaiverError(f"{where}: {key} must be a list of names or patterns, not {entry[key]!r}")
        if "*" in entry[key]:
            raise WaiverError(f"{where}: {key} must not contain *; name them, or use narrower patterns")
    for key in ("reason", "approver"):
        if not isinstance(entry[key], str) or not entry[key].strip():
            raise WaiverError(f"{where}: {key} is missing")
    if len(entry["reason"]) < MIN_REASON_LENGTH:
        raise WaiverError(f"{where}: the reason {entry['reason']!r} is shorter than {MIN_REASON_LENGTH} characters")
    known: dict[str, Any] = {**entry, "resources": tuple(entry["resources"]), "stacks": tuple(entry["stacks"])}
    return Waiver(**known)


def _is_list_of_strings(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, str) and item for item in value)


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
