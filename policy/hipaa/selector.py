"""Selects the resources that a rule applies to by name or by data classification tag."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from hipaa.model import Resource, Settings

CLASSIFICATION_TAG = "data-classification"
"""The tag that holds a resource's data classification."""

IMAGE_NAMES = ("*image*", "*imaging*", "*dicom*")
"""Default name patterns of resources that hold images."""

_NAMES = ("bucket", "bucketPrefix", "name", "namePrefix")


def string_list_schema(default: Iterable[str], description: str = "") -> dict[str, Any]:
    """Configuration schema of a list of strings."""
    schema = {"type": "array", "items": {"type": "string"}, "default": list(default)}
    return {**schema, "description": description} if description else schema


def selector_schema(names: Sequence[str], classifications: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    """Configuration schema of a selective rule: name patterns (`*`, `?`) and values of the classification tag."""
    return {
        "names": string_list_schema(names),
        "classifications": string_list_schema(classifications),
    }


def is_named(text: Any, settings: Settings) -> bool:
    """Whether a name matches one of the configured patterns, ignoring case."""
    return isinstance(text, str) and any(
        fnmatchcase(text.lower(), str(pattern).lower()) for pattern in settings["names"]
    )


def is_selected(resource: Resource, settings: Settings) -> bool:
    """Whether the resource's Pulumi or AWS name matches, or its classification tag has one of the values."""
    names = [resource.name, *(resource.get(path) for path in _NAMES)]
    tags = [resource.get(f"{path}.{CLASSIFICATION_TAG}") for path in ("tags", "tagsAll")]
    return any(is_named(name, settings) for name in names) or any(tag in settings["classifications"] for tag in tags)
