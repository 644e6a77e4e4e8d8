"""Cases of the rules for web ACLs."""

import json
from dataclasses import replace
from typing import Any

from hipaa import types
from hipaa.model import UNKNOWN, Resource
from tests.policy.cases import Cases, resource

ARN = "arn:aws:wafv2:us-east-1:111122223333:regional/webacl/images/0a"
ACL = resource(types.WEB_ACL, "acl")
GROUP = replace(resource(types.LOG_GROUP, "group"), properties={"name": "aws-waf-logs-images"})
WRONG_GROUP = replace(GROUP, properties={"name": "/waf/images"})
COUNTED = {"name": "SizeRestrictions_BODY", "actionToUse": {"count": {}}}


def logging(refers: dict[str, Resource] | None = None, **properties: Any) -> Resource:
    """The logging of a web ACL, as in a first preview."""
    links = {"resourceArn": ACL, **(refers or {})}
    given: dict[str, Any] = {"resourceArn": UNKNOWN, "logDestinationConfigs": [UNKNOWN], **properties}
    return resource(types.WEB_ACL_LOGGING_CONFIGURATION, refers=links, **given)


def group(name: Any, **more: Any) -> dict[str, Any]:
    return {"name": "a rule", "statement": {"managedRuleGroupStatement": {"vendorName": "AWS", "name": name, **more}}}


COMMON = group("AWSManagedRulesCommonRuleSet", ruleActionOverrides=[COUNTED])
BAD_INPUTS = group("AWSManagedRulesKnownBadInputsRuleSet")
LIMIT = {"name": "limit", "statement": {"rateBasedStatement": {"limit": 2000, "aggregateKeyType": "IP"}}}


def acl(*rules: Any) -> tuple[Resource]:
    return (resource(types.WEB_ACL, rules=list(rules)),)


def upper(value: Any) -> Any:
    """Rules in the spelling of AWS's JSON."""
    if isinstance(value, dict):
        return {key[:1].upper() + key[1:]: upper(item) for key, item in value.items()}
    return [upper(item) for item in value] if isinstance(value, list) else value


def common(**more: Any) -> dict[str, Any]:
    return group("AWSManagedRulesCommonRuleSet", **more)


def as_json(*rules: Any) -> tuple[Resource]:
    return (resource(types.WEB_ACL, ruleJson=json.dumps(upper(list(rules)))),)


def destination(arn: str) -> tuple[Resource, ...]:
    return (ACL, logging(logDestinationConfigs=[arn]))


CASES = {
    "WAF-01": Cases(
        passes=(
            (ACL, logging()),
            (ACL, GROUP, logging({"logDestinationConfigs": GROUP})),
            destination("arn:aws:logs:us-east-1:111122223333:log-group:aws-waf-logs-images"),
            destination("arn:aws:firehose:us-east-1:111122223333:deliverystream/aws-waf-logs-images"),
            destination("arn:aws:s3:::aws-waf-logs-images"),
            (
                resource(types.WEB_ACL, arn=ARN),
                resource(types.WEB_ACL_LOGGING_CONFIGURATION, resourceArn=ARN, logDestinationConfigs=UNKNOWN),
            ),
        ),
        fails=(
            (ACL,),
            (ACL, WRONG_GROUP, logging({"logDestinationConfigs": WRONG_GROUP})),
            destination("arn:aws:logs:us-east-1:111122223333:log-group:/waf/images"),
            destination("arn:aws:s3:::my-aws-waf-logs-images"),
            (ACL, logging(logDestinationConfigs=[])),
            (ACL, resource(types.WEB_ACL, "other"), logging()),
        ),
        absent=(ACL, logging(logDestinationConfigs=None)),
        unknown=(ACL, logging(logDestinationConfigs=UNKNOWN)),
        other=(GROUP,),
    ),
    "WAF-02": Cases(
        passes=(
            acl(COMMON, BAD_INPUTS),
            acl(LIMIT, BAD_INPUTS, COMMON),
            acl(common(ruleActionOverrides=[{"name": "NoUserAgent_HEADER"}, COUNTED]), BAD_INPUTS),
            acl(common(ruleActionOverrides=COUNTED), BAD_INPUTS),
            acl(common(excludedRules=[{"name": "SizeRestrictions_BODY"}]), BAD_INPUTS),
            as_json(COMMON, BAD_INPUTS, LIMIT),
            acl(COMMON, UNKNOWN),
        ),
        fails=(
            acl(LIMIT),
            acl(COMMON),
            acl(BAD_INPUTS),
            acl(common(), BAD_INPUTS),
            acl(common(ruleActionOverrides=[{**COUNTED, "actionToUse": {"block": {}}}]), BAD_INPUTS),
            acl(common(ruleActionOverrides=[{**COUNTED, "name": "NoUserAgent_HEADER"}]), BAD_INPUTS),
            as_json(COMMON),
            as_json(common(), BAD_INPUTS),
            (resource(types.WEB_ACL, ruleJson="not JSON"),),
            (resource(types.WEB_ACL, ruleJson="{}", rules=[]),),
        ),
        absent=(ACL,),
        unknown=(resource(types.WEB_ACL, rules=UNKNOWN),),
        other=(GROUP,),
    ),
}
