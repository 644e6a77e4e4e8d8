"""The life of what is deployed: it is not lost by accident, and it says whose it is and when it may go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from hipaa import types
from hipaa.documents import parsed
from hipaa.model import ABSENT, UNKNOWN, Finding, Resource, Settings, Stack, Undecided, Violation
from hipaa.rule import rule

AWS_PROVIDER = "pulumi:providers:aws"
STATEFUL = (
    types.RDS_CLUSTER,
    types.INSTANCE,
    types.BUCKET,
    types.KEY,
    types.VAULT,
    types.TRAIL,
    types.FILE_SYSTEM,
)
ALSO_STATEFUL = (types.LOG_GROUP, types.REPOSITORY, types.SECRET)
"""Types that hold something too, and that a configuration may add."""

DATABASES = (types.RDS_CLUSTER, types.INSTANCE)

TAGGED = (
    *STATEFUL,
    *ALSO_STATEFUL,
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
"""Types that have tags even where a resource shows none; any other type has them if it shows some."""


@rule(
    "OWN-06",
    *STATEFUL,
    *ALSO_STATEFUL,
    schema={
        "types": {
            "type": "array",
            "items": {"type": "string", "enum": [*STATEFUL, *ALSO_STATEFUL]},
            "default": [*STATEFUL],
            "description": "types whose resources hold data or guard it",
        },
        "except": {
            "type": "array",
            "items": {"type": "string"},
            "default": [],
            "description": "patterns of names of resources that may go at any time",
        },
    },
)
def stateful_resources_stay(resource: Resource, settings: Settings) -> Iterator[Finding]:
    """Nothing that holds data is deleted by an update: Pulumi refuses it, and RDS does too."""
    if resource.type not in settings["types"]:
        return
    if any(fnmatchcase(resource.name, pattern) for pattern in settings["except"]):
        return
    if not resource.protect:
        yield Violation(message="an update may delete it: the protect option is not set")
    if resource.type in DATABASES:
        yield from resource.is_true("deletionProtection", "anybody with the right to may delete the database")


@rule(
    "OWN-07",
    *TAGGED,
    schema={
        "tags": {
            "type": "array",
            "items": {"type": "string"},
            "default": ["project", "env", "data-classification", "expiry"],
            "description": "tags that everything has",
        }
    },
)
def everything_is_tagged(stack: Stack, settings: Settings) -> Iterator[tuple[Resource, Finding]]:
    """Everything that has tags has these, of its own or by default of its provider."""
    for resource in stack.resources:
        if _has_tags(resource):
            for finding in _untagged(resource, _providers(stack, resource), settings["tags"]):
                yield resource, finding


def _has_tags(resource: Resource) -> bool:
    shows = any(resource.get(key) is not ABSENT for key in ("tags", "tagsAll"))
    return resource.type in TAGGED or (shows and resource.type.startswith("aws:"))


def _untagged(resource: Resource, providers: list[Resource], wanted: list[str]) -> Iterator[Finding]:
    """Missing tags: by `tagsAll`, which holds all, where it is known, or else by `tags` and the provider's."""
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
    """The AWS provider of a resource; where that is not told, the default ones, or all if there is no default."""
    if own := stack.by_urn.get(resource.provider):
        return [own]
    providers = stack.of([AWS_PROVIDER])
    return [one for one in providers if one.name.startswith("default")] or providers


def _default_tags(provider: Resource) -> Any:
    """Tags that a provider gives to all it makes. The engine keeps a provider's settings as JSON text."""
    try:
        settings = parsed(provider.get("defaultTags"))
    except ValueError:
        return {}
    if settings is UNKNOWN:
        return UNKNOWN
    return _tags(settings.get("tags")) if isinstance(settings, Mapping) else {}


def _tags(value: Any) -> Any:
    """Tags by key, from a mapping or a list of keys and values; UNKNOWN if they are."""
    if value is UNKNOWN or isinstance(value, Mapping):
        return value
    found = value if isinstance(value, list | tuple) else []
    return {each["key"]: each.get("value", "") for each in found if isinstance(each, Mapping) and "key" in each}
