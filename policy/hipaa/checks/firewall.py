"""Web ACLs: what they block, and that it is logged."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from hipaa import types
from hipaa.links import Answer, has
from hipaa.model import ABSENT, UNKNOWN, Finding, Resource, Settings, Stack, Undecided, Violation, each, look
from hipaa.rule import rule

COMMON = "AWSManagedRulesCommonRuleSet"
KNOWN_BAD = "AWSManagedRulesKnownBadInputsRuleSet"
BODY = "SizeRestrictions_BODY"
LOG_NAME = re.compile(r"(^|[:/])aws-waf-logs-")


@rule("WAF-01", types.WEB_ACL_LOGGING_CONFIGURATION, types.WEB_ACL)
def decisions_logged(stack: Stack, _settings: Settings) -> Iterator[tuple[Resource, Finding]]:
    """Every web ACL logs what it decides, to a destination with the name that AWS asks for."""
    for acl in stack.of([types.WEB_ACL]):
        logged = has(
            stack, acl, types.WEB_ACL_LOGGING_CONFIGURATION, "resourceArn", lambda one: _has_destination(stack, one)
        )
        if logged is None:
            yield acl, Undecided(path="")
        elif not logged:
            yield acl, Violation(message="what it decides is logged nowhere whose name starts with aws-waf-logs-")


def _has_destination(stack: Stack, logging: Resource) -> Answer:
    """While an ARN is unknown the name of the resource that it is of tells, if that is known; else it counts as set."""
    known = [one for _, one in logging.each("logDestinationConfigs") if one is not UNKNOWN]
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
    schema={
        "groups": {"type": "array", "items": {"type": "string"}, "default": [COMMON, KNOWN_BAD]},
    },
)
def managed_rules(acl: Resource, settings: Settings) -> Iterator[Finding]:
    """AWS's rules for common attacks and known bad inputs are in force; large bodies, which images are, only counted.

    `ruleJson` is read as `rules` is.
    """
    rules = list(_rules(acl))
    unknown = any(one is UNKNOWN or look(one, "name") is UNKNOWN for one in rules)
    for group in settings["groups"]:
        used = [one for one in rules if one is not UNKNOWN and look(one, "name") == group]
        if used and group == COMMON:
            yield from _body_counted(used[0])
        elif not used:
            message = f"the rules of {group} are not in force"
            yield Undecided(path="rules") if unknown else Violation(message=message, path="rules")


def _body_counted(group: Any) -> Iterator[Finding]:
    answers = [_counts(override) for _, override in each(group, "ruleActionOverrides")]
    excluded = [look(one, "name") for _, one in each(group, "excludedRules")]  # what overrides were called before
    if True in answers or BODY in excluded:
        return
    if None in answers or UNKNOWN in excluded:
        yield Undecided(path="rules")
    else:
        yield Violation(message=f"{BODY} blocks bodies over 8 KB, so images cannot be sent", path="rules")


def _counts(override: Any) -> Answer:
    name, count = look(override, "name"), look(override, "actionToUse.count")
    if name not in (BODY, UNKNOWN) or count is ABSENT:
        return False
    return None if name is UNKNOWN or count is UNKNOWN else True


def _rules(acl: Resource) -> Iterator[Any]:
    """The managed groups of a web ACL, or UNKNOWN where one may be."""
    for _, one in acl.each("rules"):
        for _, group in each(one, "statement.managedRuleGroupStatement"):
            yield group
    text = acl.get("ruleJson")
    if text is UNKNOWN:
        yield UNKNOWN
    elif isinstance(text, str) and text:
        for one in _parsed(text):
            group = look(one, "statement.managedRuleGroupStatement")
            if group is not ABSENT:
                yield group


def _parsed(text: str) -> list[Any]:
    """Rules as JSON, keys in camelCase as in `rules`; none if it is not JSON."""
    try:
        rules = json.loads(text)
    except ValueError:
        return []
    return _camel(rules) if isinstance(rules, list) else []


def _camel(value: Any) -> Any:
    if isinstance(value, dict):
        return {key[:1].lower() + key[1:]: _camel(item) for key, item in value.items()}
    return [_camel(item) for item in value] if isinstance(value, list) else value
