"""The audit trail: what it records, and where it is stored."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hipaa import types
from hipaa.model import ABSENT, UNKNOWN, Finding, Resource, Settings, Undecided, Violation, elements, value_at
from hipaa.reading.documents import as_list
from hipaa.rule import rule
from hipaa.selector import IMAGE_NAMES, is_named, selector_schema

NEUTRAL_FIELDS = ("eventCategory", "resources.type", "resources.ARN", "eventSource")
"""Selector fields that exclude neither reads nor writes of any principal."""


@rule("CT-01", types.TRAIL)
def covers_all_regions(trail: Resource, _settings: Settings) -> Iterator[Finding]:
    """Trails log in all Regions. Absent `enableLogging` means on, absent `isMultiRegionTrail` means off."""
    if trail.get("enableLogging") is not ABSENT:
        yield from trail.require_true("enableLogging", "the trail records nothing")
    yield from trail.require_true("isMultiRegionTrail", "the trail records one Region only")


@rule("CT-02", types.TRAIL)
def sends_to_log_group(trail: Resource, _settings: Settings) -> Iterator[Finding]:
    """Trails send their events to a log group, with a role that may write to it."""
    group = trail.get("cloudWatchLogsGroupArn")
    yield from trail.require_set("cloudWatchLogsGroupArn", "its events are not sent to a log group")
    if isinstance(group, str) and group and not group.endswith(":*"):
        yield Violation(message="CloudTrail rejects an ARN that does not end in :*", path="cloudWatchLogsGroupArn")
    yield from trail.require_set("cloudWatchLogsRoleArn", "it has no role to write to its log group")


@rule("CT-03", types.TRAIL)
def is_encrypted(trail: Resource, _settings: Settings) -> Iterator[Finding]:
    """Trails are encrypted with a KMS key of the account."""
    return trail.require_set("kmsKeyId", "its files are not encrypted with a KMS key of the account")


@rule("CT-04", types.TRAIL)
def has_file_validation(trail: Resource, _settings: Settings) -> Iterator[Finding]:
    """Changes to the trail's files can be detected; by default they cannot."""
    return trail.require_true("enableLogFileValidation", "changes to its files cannot be detected")


@rule("CT-05", types.TRAIL, schema={"names": selector_schema(IMAGE_NAMES, [])["names"]})
def records_object_events(trail: Resource, settings: Settings) -> Iterator[Finding]:
    """Trails record reads and writes of images: of all objects, or of a bucket with a matching name.

    A bucket whose name is unknown counts as an image bucket.
    """
    answers = [_covers_advanced(selector, settings) for _, selector in trail.elements("advancedEventSelectors")]
    answers += [_covers_basic(selector, settings) for _, selector in trail.elements("eventSelectors")]
    if True not in answers:
        path = "advancedEventSelectors"
        message = "reads and writes of images are not recorded"
        yield Undecided(path=path) if UNKNOWN in answers else Violation(message=message, path=path)


def _covers_advanced(selector: Any, settings: Settings) -> Any:
    if selector is UNKNOWN:
        return UNKNOWN
    fields = [selector_field for _, selector_field in elements(selector, "fieldSelectors")]
    if UNKNOWN in fields or any(value_at(selector_field, "field") is UNKNOWN for selector_field in fields):
        return UNKNOWN
    by_name: dict[str, list[Any]] = {}
    for selector_field in fields:
        by_name.setdefault(str(value_at(selector_field, "field")), []).append(selector_field)
    if not set(by_name) <= set(NEUTRAL_FIELDS):
        return False
    is_data = any("Data" in _values(selector_field, "equals") for selector_field in by_name.get("eventCategory", []))
    is_object = any(
        "AWS::S3::Object" in _values(selector_field, "equals") for selector_field in by_name.get("resources.type", [])
    )
    return (
        is_data
        and is_object
        and all(_includes_images(selector_field, settings) for selector_field in by_name.get("resources.ARN", []))
    )


def _includes_images(selector_field: Any, settings: Settings) -> bool:
    """Whether the conditions on ARNs include objects of an image bucket."""
    included = [arn for operator in ("equals", "startsWiths") for arn in _values(selector_field, operator)]
    excluded = [arn for operator in ("notEquals", "notStartsWiths") for arn in _values(selector_field, operator)]
    return (not included or any(_is_image_arn(arn, settings) for arn in included)) and not any(
        arn is not UNKNOWN and _is_image_arn(arn, settings) for arn in excluded
    )


def _is_image_arn(arn: Any, settings: Settings) -> bool:
    """Whether an ARN or ARN prefix matches an image bucket or all buckets."""
    if arn is UNKNOWN:
        return True
    bucket = str(arn).removesuffix("/").rpartition(":")[2] if ":s3:::" in str(arn) else ""
    return not bucket or is_named(bucket.partition("/")[0], settings)


def _values(selector_field: Any, operator: str) -> list[Any]:
    return as_list(value_at(selector_field, operator))


def _covers_basic(selector: Any, settings: Settings) -> Any:
    """The same for the older `eventSelectors`; the default of `readWriteType` is All."""
    if selector is UNKNOWN:
        return UNKNOWN
    if value_at(selector, "readWriteType") not in (ABSENT, UNKNOWN, "All"):
        return False
    return any(
        value_at(data, "type") == "AWS::S3::Object"
        and any(_is_image_arn(arn, settings) for arn in _values(data, "values"))
        for _, data in elements(selector, "dataResources")
    )
