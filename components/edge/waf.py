"""The web application firewall in front of the HTTPS listener."""

from __future__ import annotations

import pulumi
from pulumi_aws import cloudwatch, lb, wafv2

from components.core import Component, Platform, log_group

REQUESTS_PER_CLIENT = 60_000
"""In five minutes. A center's gateway sends a whole study at once, a viewer requests each image separately, and people
on the client VPN share an address."""

MANAGED_GROUPS: dict[str, tuple[str, ...]] = {
    # Counted, not blocked: STOW-RS bodies exceed 8 KB, DICOM devices often send no user agent, and the session cookies
    # of the load balancer itself can have 16 KB.
    "AWSManagedRulesCommonRuleSet": ("SizeRestrictions_BODY", "NoUserAgent_HEADER", "SizeRestrictions_Cookie_HEADER"),
    "AWSManagedRulesKnownBadInputsRuleSet": (),
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
            rules=[*managed, _rate(len(managed))],
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
