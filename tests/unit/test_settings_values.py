"""A wrong value is refused by itself, whatever stands beside it."""

from __future__ import annotations

import pytest

from tests.unit.refusals import REMOVED, Case, assert_refused, change_settings, refusal, stack_settings

CASES = {
    "unknown group": Case({"databse": {}}, "databse", "{}", "there is no such key", "Did you mean database?"),
    "unknown key": Case({"network/cdir": "10.0.0.0/16"}, "network.cdir", "10.0.0.0/16", "no such key", "mean cidr?"),
    "unknown key in a list": Case(
        {"centers/0/gateway/asnn": 1}, "centers.0.gateway.asnn", "1", "no such key", "mean asn?"
    ),
    "missing group": Case({"budget": REMOVED}, "budget", "(absent)", "it is required", "Add it"),
    "missing key": Case({"study/contact": REMOVED}, "study.contact", "(absent)", "it is required", "Add it"),
    "environment": Case({"environment": "Prod"}, "environment", "Prod", "lower-case letters", "Rename it"),
    "account id": Case({"account/id": "4444"}, "account.id", "4444", "12 digits", "Quote it"),
    "unquoted account id": Case({"account/id": 444455556666}, "account.id", "444455556666", "not text", "Quote it"),
    "region": Case({"account/region": "Virginia"}, "account.region", "Virginia", "no such AWS Region", "us-east-1"),
    "misspelt region": Case({"account/region": "us-est-1"}, "account.region", "us-est-1", "no such", "mean us-"),
    "a truth value as a number": Case({"web/min": True}, "web.min", "true", "truth value", "the number"),
    "a truth value as days": Case({"backup/keep_days": True}, "backup.keep_days", "true", "truth value", "the number"),
    "a truth value as dollars": Case({"budget/monthly_usd": True}, "budget.monthly_usd", "true", "truth", "number"),
    "a truth value as an ASN": Case(
        {"centers/0/gateway/asn": True}, "centers.0.gateway.asn", "true", "truth value", "the number"
    ),
    "a number as a truth value": Case({"backup/s3": 0}, "backup.s3", "0", "neither true nor false", "true or false"),
    "a number as a switch": Case({"waf": "1"}, "waf", "1", "neither true nor false", "true or false"),
    "a number as a network": Case({"network/cidr": 0}, "network.cidr", "0", "not an IPv4 network", "10.20.0.0/20"),
    "a truth value as a network": Case(
        {"centers/0/networks": [True]}, "centers.0.networks.0", "true", "not an IPv4 network", "10.20.0.0/20"
    ),
    "a number as an address": Case(
        {"centers/0/gateway/address": 16843009},
        "centers.0.gateway.address",
        "16843009",
        "IPv4 address",
        "198.51.100.10",
    ),
    "a NUL in a path": Case(
        {"identity/saml_metadata": "config/\0.xml"},
        "identity.saml_metadata",
        "config/",
        "path of a file",
        "relative to",
    ),
    "a NUL in another path": Case(
        {"client_vpn/saml_metadata": "\0"}, "client_vpn.saml_metadata", "", "path of a file", "relative to"
    ),
    "study id": Case({"study/id": "my--id"}, "study.id", "my--id", "single hyphens", "Rename it"),
    "date": Case({"study/end": "31.12.2027"}, "study.end", "31.12.2027", "not a date", '"2027-01-31"'),
    "data": Case({"study/data": "real"}, "study.data", "real", "'synthetic' or 'phi'", "Choose one"),
    "contact": Case({"study/contact": "somebody"}, "study.contact", "somebody", "not an e-mail", "name@example.org"),
    "phase": Case({"phase": "done"}, "phase", "done", "'active', 'closing' or 'archived'", "Choose one"),
    "host bits": Case({"network/cidr": "10.30.0.1/20"}, "network.cidr", "10.30.0.1/20", "IPv4 network", "host bits"),
    "IPv6": Case({"network/cidr": "fd00::/48"}, "network.cidr", "fd00::/48", "IPv4 network", "10.20.0.0/20"),
    "zones": Case({"network/availability_zones": 5}, "network.availability_zones", "5", "1 to 4", "from 1 to 4"),
    "transit gateway": Case(
        {"network/transit_gateway_id": "vpc-1"}, "network.transit_gateway_id", "vpc-1", "transit gateway", "VPC console"
    ),
    "DNS name": Case({"dns/name": "https://x.example"}, "dns.name", "https://x.example", "not a DNS name", "without"),
    "zone id": Case({"dns/zone_id": "example.org"}, "dns.zone_id", "example.org", "hosted zone", "begins with Z"),
    "AWS's ASN": Case({"centers/0/gateway/asn": 7224}, "centers.0.gateway.asn", "7224", "belong to AWS", "65010"),
    "ASN too large": Case(
        {"centers/0/gateway/asn": 4294967296}, "centers.0.gateway.asn", "4294967296", "1 to 4294967295", "65010"
    ),
    "private gateway": Case(
        {"centers/0/gateway/address": "10.1.1.1"}, "centers.0.gateway.address", "10.1.1.1", "public", "internet sees"
    ),
    "AE title": Case(
        {"centers/0/ae_titles": ["SEVENTEEN_LETTERS"]}, "centers.0.ae_titles.0", "SEVENTEEN_LETTERS", "16", "modality"
    ),
    "AE title of the store": Case({"aet": "master builder?"}, "aet", "master builder?", "16 characters", "modality"),
    "image digest": Case({"images": {"nginx": "latest"}}, "images.nginx", "latest", "image digest", "sha256:"),
    "spot share": Case({"web/spot_share": 1.5}, "web.spot_share", "1.5", "0 to 1", "from 0 to 1"),
    "ACU step": Case({"database/max_acu": 8.3}, "database.max_acu", "8.3", "steps of 0.5", "0 to 256"),
    "ACU range": Case({"database/max_acu": 300}, "database.max_acu", "300", "0 to 256", "0 to 256"),
    "backup days": Case({"database/backup_days": 36}, "database.backup_days", "36", "1 to 35", "from 1 to 35"),
    "log retention": Case({"logging/retention_days": 366}, "logging.retention_days", "366", "CloudWatch", "Use 400"),
    "time zone": Case({"schedule/time_zone": "EST5"}, "schedule.time_zone", "EST5", "IANA", "America/New_York"),
    "time of day": Case(
        {"schedule/periods/0/windows/0/start": "7 am"},
        "schedule.periods.0.windows.0.start",
        "7 am",
        "not a time of day",
        '"07:30"',
    ),
    "unquoted time of day": Case(
        {"schedule/periods/0/windows/0/start": 420},
        "schedule.periods.0.windows.0.start",
        "420",
        "not a time of day",
        '"07:30"',
    ),
    "seconds": Case(
        {"schedule/periods/0/windows/0/start": "07:00:30"},
        "schedule.periods.0.windows.0.start",
        "07:00:30",
        "not a time of day",
        '"07:30"',
    ),
    "weekday": Case(
        {"schedule/periods/0/windows/0/days": ["monday"]},
        "schedule.periods.0.windows.0.days.0",
        "monday",
        "'mon'",
        "Choose one",
    ),
    "IA too early": Case(
        {"storage/standard_ia_days": 7}, "storage.standard_ia_days", "7", "30 to 3650", "from 30 to 3650"
    ),
    "group name for its id": Case(
        {"identity/groups/researchers": "Researchers"},
        "identity.groups.researchers",
        "Researchers",
        "Identity Center group",
        "not its name",
    ),
    "session hours": Case({"client_vpn/session_hours": 24}, "client_vpn.session_hours", "24", "8, 10 or 12", "Choose"),
    "secret ARN": Case(
        {"logging/splunk/token_secrets/nginx:access": "splunk-token"},
        "logging.splunk.token_secrets.nginx:access",
        "splunk-token",
        "ARN of a secret",
        "six characters",
    ),
    "no one to notify": Case({"budget/notify": []}, "budget.notify", "[]", "1 to 10 addresses", "Add what"),
    "no weekday": Case(
        {"schedule/periods/0/windows/0/days": []}, "schedule.periods.0.windows.0.days", "[]", "1 to 7 weekdays", "Add"
    ),
    "weekday twice": Case(
        {"schedule/periods/0/windows/0/days": ["mon", "mon"]},
        "schedule.periods.0.windows.0.days",
        '["mon", "mon"]',
        "occurs twice",
        "Remove one",
    ),
    "banner too long": Case(
        {"client_vpn/banner": "x" * 1401}, "client_vpn.banner", "xxx", "1 to 1400 characters", "Shorten it"
    ),
    "no directory group": Case({"client_vpn/groups": []}, "client_vpn.groups", "[]", "1 to 200 groups", "Add what"),
    "Cognito domain": Case(
        {"identity/domain_prefix": "my-cognito"},
        "identity.domain_prefix",
        "my-cognito",
        "without aws",
        "another prefix",
    ),
    "no group of keys": Case({"network": "10.30.0.0/20"}, "network", "10.30.0.0/20", "group of keys", "indented"),
    "no list": Case({"exposure/allow": "203.0.113.0/24"}, "exposure.allow", "203.0.113.0/24", "not a list", "brackets"),
    "no number": Case({"web/max": "many"}, "web.max", "many", "whole number", "digits"),
    "no address": Case(
        {"centers/0/gateway/address": "vpn.example"},
        "centers.0.gateway.address",
        "vpn.example",
        "IPv4",
        "198.51.100.10",
    ),
    "multicast gateway": Case(
        {"centers/0/gateway/address": "224.0.0.9"}, "centers.0.gateway.address", "224.0.0.9", "public", "internet sees"
    ),
    "negative usage": Case(
        {"usage/ingest_gb": -1}, "usage.ingest_gb", "-1", "in GB a month, is 0 to", "from 0 to 100000"
    ),
    "absurd usage": Case(
        {"usage/vpn_hours": 745}, "usage.vpn_hours", "745", "in hours a month, is 0 to 744", "from 0 to 744"
    ),
    "usage of no size": Case(
        {"usage/instance_mb": 0}, "usage.instance_mb", "0", "in MB, is 0.01 to 5000", "from 0.01 to 5000"
    ),
    "usage that is no number": Case({"usage/index_gb": "nan"}, "usage.index_gb", "nan", "in GB", "from 0"),
    "usage that is not known": Case({"usage/ingest_tb": 5}, "usage.ingest_tb", "5", "no such key", "mean ingest_gb?"),
    "neither true nor false": Case({"waf": "maybe"}, "waf", "maybe", "neither true nor false", "Write true or false"),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_wrong_value_is_named_with_its_rule_and_remedy(case: Case):
    assert_refused(case)


def test_everything_that_is_wrong_is_told_at_once():
    wrong = {"network/cidr": "10.30.0.1/20", "web/memory": 3, "study/end": "2020-01-01", "colour": "red", "phase": "?"}
    message = refusal(change_settings(stack_settings("prod"), wrong))
    assert "5 problems" in message.splitlines()[0]
    for key in ("network.cidr", "web.memory", "study.end", "colour", "phase"):
        assert f"image-store:{key} = " in message
