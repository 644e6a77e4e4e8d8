"""Which resources a rule means, where AWS does not say so: by name, or by the tag that classifies their data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from hipaa.model import Resource, Settings

CLASSIFICATION = "data-classification"
"""The tag."""

IMAGES = ("*image*", "*imaging*", "*dicom*")
"""Patterns for what holds images, unless the pack is configured otherwise."""

_NAMES = ("bucket", "bucketPrefix", "name", "namePrefix")


def choice(names: Sequence[str], classifications: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    """Settings of a rule for some resources only: patterns (`*`, `?`) for their names, and values of their tag."""
    return {
        "names": {"type": "array", "items": {"type": "string"}, "default": list(names)},
        "classifications": {"type": "array", "items": {"type": "string"}, "default": list(classifications)},
    }


def is_named(text: Any, settings: Settings) -> bool:
    """Whether a name matches one of the patterns; case does not matter."""
    return isinstance(text, str) and any(fnmatchcase(text.lower(), str(each).lower()) for each in settings["names"])


def is_chosen(resource: Resource, settings: Settings) -> bool:
    """Whether the program's or AWS's name of the resource matches, or the tag has one of the values."""
    names = [resource.name, *(resource.get(path) for path in _NAMES)]
    tags = [resource.get(f"{path}.{CLASSIFICATION}") for path in ("tags", "tagsAll")]
    return any(is_named(name, settings) for name in names) or any(tag in settings["classifications"] for tag in tags)
