"""The audit trail: what it records, and where that goes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hipaa import types
from hipaa.choice import IMAGES, choice, is_named
from hipaa.model import ABSENT, UNKNOWN, Finding, Resource, Settings, Undecided, Violation, each, look
from hipaa.rule import rule

WHOLE = ("eventCategory", "resources.type", "resources.ARN", "eventSource")
"""Fields of a selector that leave in both reads and writes, whoever makes them."""


@rule("CT-01", types.TRAIL)
def of_all_regions(trail: Resource, _settings: Settings) -> Iterator[Finding]:
    """Trails record, and in all Regions. Absent `enableLogging` is on, absent `isMultiRegionTrail` is off."""
    if trail.get("enableLogging") is not ABSENT:
        yield from trail.is_true("enableLogging", "the trail records nothing")
    yield from trail.is_true("isMultiRegionTrail", "the trail records one Region only")


@rule("CT-02", types.TRAIL)
def to_a_log_group(trail: Resource, _settings: Settings) -> Iterator[Finding]:
    """Trails send their events to a log group, and may."""
    group = trail.get("cloudWatchLogsGroupArn")
    yield from trail.is_set("cloudWatchLogsGroupArn", "its events go to no log group, where they could be watched")
    if isinstance(group, str) and group and not group.endswith(":*"):
        yield Violation(message="CloudTrail refuses an ARN that does not end in :*", path="cloudWatchLogsGroupArn")
    yield from trail.is_set("cloudWatchLogsRoleArn", "no role lets it write to its log group")


@rule("CT-03", types.TRAIL)
def encrypted(trail: Resource, _settings: Settings) -> Iterator[Finding]:
    """Trails are encrypted with a key of the account."""
    return trail.is_set("kmsKeyId", "no key of the account encrypts its files")


@rule("CT-04", types.TRAIL)
def validated(trail: Resource, _settings: Settings) -> Iterator[Finding]:
    """It can be shown that nobody altered the trail's files; absent is off."""
    return trail.is_true("enableLogFileValidation", "nobody can tell whether its files were altered")


@rule("CT-05", types.TRAIL, schema={"names": choice(IMAGES, [])["names"]})
def of_objects(trail: Resource, settings: Settings) -> Iterator[Finding]:
    """Trails record who read or wrote an image: all objects, or those of a bucket with such a name.

    A bucket whose name is not known yet counts as one of images.
    """
    answers = [_covers_advanced(selector, settings) for _, selector in trail.each("advancedEventSelectors")]
    answers += [_covers_basic(selector, settings) for _, selector in trail.each("eventSelectors")]
    if True not in answers:
        path = "advancedEventSelectors"
        message = "reads and writes of images are not recorded"
        yield Undecided(path=path) if UNKNOWN in answers else Violation(message=message, path=path)


def _covers_advanced(selector: Any, settings: Settings) -> Any:
    if selector is UNKNOWN:
        return UNKNOWN
    fields = [stated for _, stated in each(selector, "fieldSelectors")]
    if UNKNOWN in fields or any(look(stated, "field") is UNKNOWN for stated in fields):
        return UNKNOWN
    by_name: dict[str, list[Any]] = {}
    for stated in fields:
        by_name.setdefault(str(look(stated, "field")), []).append(stated)
    if not set(by_name) <= set(WHOLE):
        return False
    is_data = any("Data" in _listed(stated, "equals") for stated in by_name.get("eventCategory", []))
    is_object = any("AWS::S3::Object" in _listed(stated, "equals") for stated in by_name.get("resources.type", []))
    return (
        is_data
        and is_object
        and all(_leaves_images_in(stated, settings) for stated in by_name.get("resources.ARN", []))
    )


def _leaves_images_in(stated: Any, settings: Settings) -> bool:
    """Whether a condition on ARNs is met by objects of a bucket of images."""
    chosen = [arn for way in ("equals", "startsWiths") for arn in _listed(stated, way)]
    left_out = [arn for way in ("notEquals", "notStartsWiths") for arn in _listed(stated, way)]
    return (not chosen or any(_of_images(arn, settings) for arn in chosen)) and not any(
        arn is not UNKNOWN and _of_images(arn, settings) for arn in left_out
    )


def _of_images(arn: Any, settings: Settings) -> bool:
    """Whether an ARN, or the beginning of one, is of a bucket of images, or of all buckets."""
    if arn is UNKNOWN:
        return True
    bucket = str(arn).removesuffix("/").rpartition(":")[2] if ":s3:::" in str(arn) else ""
    return not bucket or is_named(bucket.partition("/")[0], settings)


def _listed(stated: Any, way: str) -> list[Any]:
    found = look(stated, way)
    return [] if found is ABSENT else list(found) if isinstance(found, list | tuple) else [found]


def _covers_basic(selector: Any, settings: Settings) -> Any:
    """The older spelling, `eventSelectors`; absent `readWriteType` is AWS's default, which is All."""
    if selector is UNKNOWN:
        return UNKNOWN
    if look(selector, "readWriteType") not in (ABSENT, UNKNOWN, "All"):
        return False
    return any(
        look(data, "type") == "AWS::S3::Object" and any(_of_images(arn, settings) for arn in _listed(data, "values"))
        for _, data in each(selector, "dataResources")
    )
