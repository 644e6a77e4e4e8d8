"""The web application firewall in front of the HTTPS listener."""

from __future__ import annotations

import pulumi
from pulumi_aws import cloudwatch, lb, wafv2

from components.core import Component, Platform, log_group

REQUESTS_PER_CLIENT = 60_000
"""In five minutes. A center's gateway sends a whole study at once, a viewer requests each image separately, and people
on the client VPN share an address."""

STOW_PATH = "/dicom-web/studies"
BODY_RULES = {
    "AWSManagedRulesCommonRuleSet": (
        "CrossSiteScripting_BODY",
        "EC2MetaDataSSRF_BODY",
        "GenericLFI_BODY",
        "GenericRFI_BODY",
    ),
    "AWSManagedRulesKnownBadInputsRuleSet": ("JavaDeserializationRCE_BODY", "Log4JRCE_BODY", "ReactJSRCE_BODY"),
}
"""Rules that inspect bodies. The bytes of an image can match them: they count, and another rule blocks what they match
outside the STOW path."""

LABELS = {
    "AWSManagedRulesCommonRuleSet": "awswaf:managed:aws:core-rule-set:",
    "AWSManagedRulesKnownBadInputsRuleSet": "awswaf:managed:aws:known-bad-inputs:",
}
"""Prefixes of the labels that the rules of a group add to a request that they match."""

MANAGED_GROUPS: dict[str, tuple[str, ...]] = {
    # Counted, not blocked: STOW-RS bodies exceed 8 KB, DICOM devices often send no user agent, and the session cookies
    # of the load balancer itself can have 16 KB.
    "AWSManagedRulesCommonRuleSet": (
        "SizeRestrictions_BODY",
        "NoUserAgent_HEADER",
        "SizeRestrictions_Cookie_HEADER",
        *BODY_RULES["AWSManagedRulesCommonRuleSet"],
    ),
    "AWSManagedRulesKnownBadInputsRuleSet": BODY_RULES["AWSManagedRulesKnownBadInputsRuleSet"],
}
"""AWS's rule groups, and their rules that only count.
https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-list.html"""


def _visibility(metric: str) -> wafv2.WebAclRuleVisibilityConfigArgs:
    return wafv2.WebAclRuleVisibilityConfigArgs(
        cloudwatch_metrics_enabled=True, metric_name=metric, sampled_requests_enabled=False
    )


def _managed_rule(group: str, counted: tuple[str, ...], priority: int) -> wafv2.WebAclRuleArgs:
    count = wafv2.WebAclRuleStatementManagedRuleGroupStatementRuleActionOverrideActionToUseArgs(
        count=wafv2.WebAclRuleStatementManagedRuleGroupStatementRuleActionOverrideActionToUseCountArgs()
    )
    overrides = [
        wafv2.WebAclRuleStatementManagedRuleGroupStatementRuleActionOverrideArgs(name=rule, action_to_use=count)
        for rule in counted
    ]
    statement = wafv2.WebAclRuleStatementManagedRuleGroupStatementArgs(
        name=group, vendor_name="AWS", rule_action_overrides=overrides or None
    )
    return wafv2.WebAclRuleArgs(
        name=group,
        priority=priority,
        override_action=wafv2.WebAclRuleOverrideActionArgs(none=wafv2.WebAclRuleOverrideActionNoneArgs()),
        statement=wafv2.WebAclRuleStatementArgs(managed_rule_group_statement=statement),
        visibility_config=_visibility(group),
    )


def _bodies_outside_stow(priority: int) -> wafv2.WebAclRuleArgs:
    """Blocks a request outside the STOW path whose body matched a rule that only counts."""
    matches = [
        wafv2.WebAclRuleStatementArgs(
            label_match_statement=wafv2.WebAclRuleStatementLabelMatchStatementArgs(
                scope="LABEL", key=f"{LABELS[group]}{rule.removesuffix('_BODY')}_Body"
            )
        )
        for group, rules in BODY_RULES.items()
        for rule in rules
    ]
    path = wafv2.WebAclRuleStatementByteMatchStatementArgs(
        field_to_match=wafv2.WebAclRuleStatementByteMatchStatementFieldToMatchArgs(
            uri_path=wafv2.WebAclRuleStatementByteMatchStatementFieldToMatchUriPathArgs()
        ),
        positional_constraint="STARTS_WITH",
        search_string=STOW_PATH,
        text_transformations=[
            wafv2.WebAclRuleStatementByteMatchStatementTextTransformationArgs(priority=0, type="NONE")
        ],
    )
    elsewhere = wafv2.WebAclRuleStatementNotStatementArgs(
        statement=wafv2.WebAclRuleStatementArgs(byte_match_statement=path)
    )
    both = wafv2.WebAclRuleStatementAndStatementArgs(
        statements=[
            wafv2.WebAclRuleStatementArgs(or_statement=wafv2.WebAclRuleStatementOrStatementArgs(statements=matches)),
            wafv2.WebAclRuleStatementArgs(not_statement=elsewhere),
        ]
    )
    return wafv2.WebAclRuleArgs(
        name="bodies-outside-stow",
        priority=priority,
        action=wafv2.WebAclRuleActionArgs(block=wafv2.WebAclRuleActionBlockArgs()),
        statement=wafv2.WebAclRuleStatementArgs(and_statement=both),
        visibility_config=_visibility("bodies-outside-stow"),
    )


def _rate(priority: int) -> wafv2.WebAclRuleArgs:
    statement = wafv2.WebAclRuleStatementRateBasedStatementArgs(limit=REQUESTS_PER_CLIENT, aggregate_key_type="IP")
    return wafv2.WebAclRuleArgs(
        name="requests-per-client",
        priority=priority,
        action=wafv2.WebAclRuleActionArgs(block=wafv2.WebAclRuleActionBlockArgs()),
        statement=wafv2.WebAclRuleStatementArgs(rate_based_statement=statement),
        visibility_config=_visibility("requests-per-client"),
    )


class WebAcl(Component):
    """Creates the web ACL, associates it with the load balancer and logs its decisions.

    Guarantees: AWS's common and known-bad-input rules, a rate limit per client address, and a log without credentials
    and without query strings, which carry patient names; the Referer header is redacted for the same reason.
    """

    TYPE = "imgstore:waf:WebAcl"

    def __init__(
        self,
        name: str,
        base: Platform,
        *,
        load_balancer: lb.LoadBalancer,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, base, opts)
        managed = [
            _managed_rule(group, counted, priority) for priority, (group, counted) in enumerate(MANAGED_GROUPS.items())
        ]
        self.acl = wafv2.WebAcl(
            self.child("acl"),
            name=self.names.of("wafv2.WebAcl", name),
            scope="REGIONAL",
            default_action=wafv2.WebAclDefaultActionArgs(allow=wafv2.WebAclDefaultActionAllowArgs()),
            rules=[*managed, _bodies_outside_stow(len(managed)), _rate(len(managed) + 1)],
            visibility_config=wafv2.WebAclVisibilityConfigArgs(
                cloudwatch_metrics_enabled=True, metric_name=self.names.prefix, sampled_requests_enabled=False
            ),
            tags=self.names.tags(name),
            opts=self.options(),
        )
        wafv2.WebAclAssociation(
            self.child("association"), resource_arn=load_balancer.arn, web_acl_arn=self.acl.arn, opts=self.options()
        )
        self.logs = log_group(
            self,
            "logs",
            # WAF writes to groups of this prefix only.
            name=f"aws-waf-logs-{self.names.prefix}",
            source_type="aws:waf",
        )
        self._delivery(self.logs.group)
        self.register_outputs({"acl": self.acl.arn})

    def _delivery(self, group: cloudwatch.LogGroup) -> None:
        headers = [
            wafv2.WebAclLoggingConfigurationRedactedFieldArgs(
                single_header=wafv2.WebAclLoggingConfigurationRedactedFieldSingleHeaderArgs(name=header)
            )
            for header in ("authorization", "cookie", "referer")
        ]
        query = wafv2.WebAclLoggingConfigurationRedactedFieldArgs(
            query_string=wafv2.WebAclLoggingConfigurationRedactedFieldQueryStringArgs()
        )
        wafv2.WebAclLoggingConfiguration(
            self.child("logging"),
            resource_arn=self.acl.arn,
            log_destination_configs=[group.arn],
            redacted_fields=[*headers, query],
            opts=self.options(),
        )
