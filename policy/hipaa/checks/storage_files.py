"""File systems."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from hipaa import types
from hipaa.model import ABSENT, UNKNOWN, Finding, Resource, Settings, Stack, Undecided, Violation, look
from hipaa.rule import rule


@rule("EFS-01", types.FILE_SYSTEM)
def encrypted(files: Resource, _settings: Settings) -> Iterator[Finding]:
    """File systems are encrypted; AWS leaves one as it is where nothing is said."""
    return files.is_true("encrypted", "the file system is not encrypted")


@rule("EFS-02", types.SELECTION, types.FILE_SYSTEM)
def backed_up(stack: Stack, _settings: Settings) -> Iterator[tuple[Resource, Finding]]:
    """Every file system is in a selection of AWS Backup, by ARN, by a pattern for ARNs, or by tag."""
    for files in stack.of([types.FILE_SYSTEM]):
        found = [_selects(stack, selection, files) for selection in stack.of([types.SELECTION])]
        if True not in found:
            unsure, missing = Undecided(path="tags"), Violation(message="no backup plan takes it in")
            yield files, unsure if UNKNOWN in found else missing


def _selects(stack: Stack, selection: Resource, files: Resource) -> Any:
    """True, False or UNKNOWN."""
    if _lists(stack, selection, "notResources", files) is True:
        return False
    tagged = [_has_tag(files, tag) for _, tag in selection.each("selectionTags")]
    listed = _lists(stack, selection, "resources", files)
    if listed is True:
        listed = _meets_conditions(selection, files)
    answers = [*tagged, listed]
    return True if True in answers else UNKNOWN if UNKNOWN in answers else False


def _lists(stack: Stack, selection: Resource, path: str, files: Resource) -> Any:
    if stack.refers(selection, path, files):
        return True
    patterns = [pattern for _, pattern in selection.each(path)]
    arn = files.get("arn")
    # While the ARN is unknown, a pattern for every file system still tells.
    target = arn if isinstance(arn, str) else "arn:aws:elasticfilesystem:region:account:file-system/fs-0"
    if any(isinstance(pattern, str) and fnmatchcase(target, pattern) for pattern in patterns):
        return True
    return UNKNOWN if UNKNOWN in patterns and not selection.dependencies.get(path) else False


def _has_tag(files: Resource, tag: Any) -> Any:
    key, value, tags = look(tag, "key"), look(tag, "value"), files.get("tags")
    if UNKNOWN in (tag, key, value, tags):
        return UNKNOWN
    found = tags.get(str(key), ABSENT) if isinstance(tags, Mapping) else ABSENT
    return UNKNOWN if found is UNKNOWN else found is not ABSENT and found == value


def _meets_conditions(selection: Resource, files: Resource) -> Any:
    """Conditions hold together; those that require the value of a tag are read, `aws:ResourceTag/<tag>`."""
    answers = [
        _has_tag(files, {"key": str(look(stated, "key")).rpartition("/")[2], "value": look(stated, "value")})
        for path, _ in selection.each("conditions")
        for _, stated in selection.each(f"{path}.stringEquals")
    ]
    return False if False in answers else UNKNOWN if UNKNOWN in answers else True
