"""Web ACLs: managed rules and logging."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from hipaa import types
from hipaa.model import ABSENT, UNKNOWN, Finding, Resource, Settings, Stack, Undecided, Violation, elements, value_at
from hipaa.reading.links import Answer, is_referred_to
from hipaa.rule import rule
from hipaa.selector import string_list_schema

COMMON_RULES = "AWSManagedRulesCommonRuleSet"
KNOWN_BAD_INPUTS = "AWSManagedRulesKnownBadInputsRuleSet"
BODY_SIZE_RULE = "SizeRestrictions_BODY"
LOG_NAME = re.compile(r"(^|[:/])aws-waf-logs-")


@rule("WAF-01", types.WEB_ACL_LOGGING_CONFIGURATION, types.WEB_ACL)
def logs_decisions(stack: Stack, _settings: Settings) -> Iterator[tuple[Resource, Finding]]:
    """Every web ACL logs its decisions, to a destination whose name starts as AWS requires."""
    for acl in stack.of([types.WEB_ACL]):
        logged = is_referred_to(
            stack, acl, types.WEB_ACL_LOGGING_CONFIGURATION, "resourceArn", lambda one: _has_destination(stack, one)
        )
        if logged is None:
            yield acl, Undecided(path="")
        elif not logged:
            yield (
                acl,
                Violation(message="its decisions are not logged to a destination whose name starts with aws-waf-logs-"),
            )


def _has_destination(stack: Stack, logging: Resource) -> Answer:
    """While an ARN is unknown, the name of the resource it depends on counts, if known; otherwise the destination
    counts as set.
    """
    known = [one for _, one in logging.elements("logDestinationConfigs") if one is not UNKNOWN]
    if known:
        return any(LOG_NAME.search(str(one)) for one in known)
    if logging.get("logDestinationConfigs") in (ABSENT, []):
        return False
    urns = logging.dependencies.get("logDestinationConfigs", ())
    targets = [stack.by_urn[urn] for urn in urns if urn in stack.by_urn]
    given = [
        name for one in targets for key in ("name", "namePrefix", "bucket") if isinstance(name := one.get(key), str)
    ]
    return any(LOG_NAME.search(name) for name in given) if given else True


@rule(
    "WAF-02",
    types.WEB_ACL,
    schema={"groups": string_list_schema([COMMON_RULES, KNOWN_BAD_INPUTS])},
)
def has_managed_rules(acl: Resource, settings: Settings) -> Iterator[Finding]:
    """AWS's rules for common attacks and known bad inputs are in use, and large bodies, such as images, are only
    counted.

    `ruleJson` is read as well as `rules`.
    """
    rules = list(_managed_groups(acl))
    unknown = any(one is UNKNOWN or value_at(one, "name") is UNKNOWN for one in rules)
    for group in settings["groups"]:
        used = [one for one in rules if one is not UNKNOWN and value_at(one, "name") == group]
        if used and group == COMMON_RULES:
            yield from _check_body_rule(used[0])
        elif not used:
            message = f"the rule group {group} is not used"
            yield Undecided(path="rules") if unknown else Violation(message=message, path="rules")


def _check_body_rule(group: Any) -> Iterator[Finding]:
    answers = [_counts(override) for _, override in elements(group, "ruleActionOverrides")]
    excluded = [
        value_at(one, "name") for _, one in elements(group, "excludedRules")
    ]  # the deprecated form of overrides
    if True in answers or BODY_SIZE_RULE in excluded:
        return
    if None in answers or UNKNOWN in excluded:
        yield Undecided(path="rules")
    else:
        yield Violation(message=f"{BODY_SIZE_RULE} blocks bodies over 8 KB, so images cannot be uploaded", path="rules")


def _counts(override: Any) -> Answer:
    name, count = value_at(override, "name"), value_at(override, "actionToUse.count")
    if name not in (BODY_SIZE_RULE, UNKNOWN) or count is ABSENT:
        return False
    return None if name is UNKNOWN or count is UNKNOWN else True


def _managed_groups(acl: Resource) -> Iterator[Any]:
    """The managed rule groups of a web ACL, or UNKNOWN for a possible one."""
    for _, one in acl.elements("rules"):
        for _, group in elements(one, "statement.managedRuleGroupStatement"):
            yield group
    text = acl.get("ruleJson")
    if text is UNKNOWN:
        yield UNKNOWN
    elif isinstance(text, str) and text:
        for one in _parse_rules(text):
            group = value_at(one, "statement.managedRuleGroupStatement")
            if group is not ABSENT:
                yield group


def _parse_rules(text: str) -> list[Any]:
    """Rules from JSON with camelCase keys, as in `rules`; none if the text is not JSON."""
    try:
        rules = json.loads(text)
    except ValueError:
        return []
    return _to_camel_case(rules) if isinstance(rules, list) else []


def _to_camel_case(value: Any) -> Any:
    if isinstance(value, dict):
        return {key[:1].lower() + key[1:]: _to_camel_case(item) for key, item in value.items()}
    return [_to_camel_case(item) for item in value] if isinstance(value, list) else value
