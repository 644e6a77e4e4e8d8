"""Lifecycle: stateful resources are protected, and tags say who owns a resource and when it expires."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from hipaa import types
from hipaa.model import ABSENT, UNKNOWN, Finding, Resource, Settings, Stack, Undecided, Violation
from hipaa.reading.documents import parse_json
from hipaa.rule import rule
from hipaa.selector import string_list_schema

AWS_PROVIDER = "pulumi:providers:aws"
STATEFUL_TYPES = (
    types.RDS_CLUSTER,
    types.INSTANCE,
    types.BUCKET,
    types.KEY,
    types.VAULT,
    types.TRAIL,
    types.FILE_SYSTEM,
)
OPTIONAL_STATEFUL_TYPES = (types.LOG_GROUP, types.REPOSITORY, types.SECRET)
"""More stateful types, which a configuration can add."""

DATABASE_TYPES = (types.RDS_CLUSTER, types.INSTANCE)

TAGGED_TYPES = (
    *STATEFUL_TYPES,
    *OPTIONAL_STATEFUL_TYPES,
    types.ENDPOINT,
    types.FIREHOSE_DELIVERY_STREAM,
    types.FUNCTION,
    types.LOAD_BALANCER,
    types.ROLE,
    types.SECURITY_GROUP,
    types.SERVICE,
    types.STREAM,
    types.SUBNET,
    types.TASK_DEFINITION,
    types.TOPIC,
    types.VPC,
    types.WEB_ACL,
)
"""Types that have tags even if a resource sets none; other types have them if a resource sets some."""


@rule(
    "OWN-06",
    *STATEFUL_TYPES,
    *OPTIONAL_STATEFUL_TYPES,
    schema={
        "types": {
            "type": "array",
            "items": {"type": "string", "enum": [*STATEFUL_TYPES, *OPTIONAL_STATEFUL_TYPES]},
            "default": [*STATEFUL_TYPES],
            "description": "Types of resources that hold or protect data.",
        },
        "except": string_list_schema([], "Name patterns of resources that need no protection."),
    },
)
def stateful_resources_are_protected(resource: Resource, settings: Settings) -> Iterator[Finding]:
    """No update deletes stateful resources: Pulumi refuses it, and so does RDS."""
    if resource.type not in settings["types"]:
        return
    if any(fnmatchcase(resource.name, pattern) for pattern in settings["except"]):
        return
    if not resource.protect:
        yield Violation(message="an update can delete it: the protect option is not set")
    if resource.type in DATABASE_TYPES:
        yield from resource.require_true("deletionProtection", "the database has no deletion protection")


@rule(
    "OWN-07",
    *TAGGED_TYPES,
    schema={
        "tags": string_list_schema(
            ["project", "env", "data-classification", "expiry"], "Tags that every taggable resource must have."
        )
    },
)
def resources_have_required_tags(stack: Stack, settings: Settings) -> Iterator[tuple[Resource, Finding]]:
    """Every taggable resource has the required tags, of its own or from the provider's defaults."""
    for resource in stack.resources:
        if _has_tags(resource):
            for finding in _find_missing_tags(resource, _providers(stack, resource), settings["tags"]):
                yield resource, finding


def _has_tags(resource: Resource) -> bool:
    has_any = any(resource.get(key) is not ABSENT for key in ("tags", "tagsAll"))
    return resource.type in TAGGED_TYPES or (has_any and resource.type.startswith("aws:"))


def _find_missing_tags(resource: Resource, providers: list[Resource], wanted: list[str]) -> Iterator[Finding]:
    """Missing tags, by `tagsAll` if known, otherwise by `tags` and the provider's default tags."""
    known = _tags(resource.get("tagsAll"))
    if known is UNKNOWN or not known:
        sets = [_tags(resource.get("tags")), *(_default_tags(provider) for provider in providers)]
        known = {key: value for tags in sets if tags is not UNKNOWN for key, value in tags.items()}
        unsure = any(tags is UNKNOWN for tags in sets)
    else:
        unsure = False
    if missing := [name for name in wanted if known.get(name) in (None, "")]:
        what = f"it has no tag {', '.join(missing)}" if len(missing) == 1 else f"it has no tags {', '.join(missing)}"
        yield Undecided(path="tags") if unsure else Violation(message=what, path="tags")


def _providers(stack: Stack, resource: Resource) -> list[Resource]:
    """The AWS provider of a resource; if unknown, the default providers, or all if there is no default."""
    if own := stack.by_urn.get(resource.provider):
        return [own]
    providers = stack.of([AWS_PROVIDER])
    return [one for one in providers if one.name.startswith("default")] or providers


def _default_tags(provider: Resource) -> Any:
    """A provider's default tags. The engine keeps a provider's settings as JSON text."""
    try:
        settings = parse_json(provider.get("defaultTags"))
    except ValueError:
        return {}
    if settings is UNKNOWN:
        return UNKNOWN
    return _tags(settings.get("tags")) if isinstance(settings, Mapping) else {}


def _tags(value: Any) -> Any:
    """Tags by key, from a mapping or from a list of keys and values; UNKNOWN stays UNKNOWN."""
    if value is UNKNOWN or isinstance(value, Mapping):
        return value
    found = value if isinstance(value, list | tuple) else []
    return {each["key"]: each.get("value", "") for each in found if isinstance(each, Mapping) and "key" in each}
