"""Sign-in, client VPN and the stream to Splunk: what AWS would refuse late is refused early."""

from __future__ import annotations

import pytest

from settings import Settings
from tests.unit.refusals import REMOVED, Case, assert_refused, change_settings, refusal, stack_settings

SPLUNK_ARN = "arn:aws:secretsmanager:us-east-1:444455556666:secret:splunk/x-Ab1Cd2"

CASES = {
    "one SAML application for two": Case(
        {"client_vpn/saml_metadata": "tests/stacks/saml/sign-in.xml"},
        "client_vpn.saml_metadata",
        "tests/stacks/saml/sign-in.xml",
        "application of its own",
        "client VPN's application",
    ),
    "client VPN range": Case({"client_vpn/cidr": "10.200.0.0/24"}, "client_vpn.cidr", "/24", "/12 to /22", "/22"),
    "unknown directory group": Case(
        {"client_vpn/groups": ["guests"]}, "client_vpn.groups", "guests", "identity.groups has", "Add the group"
    ),
    "no metadata file": Case(
        {"client_vpn/saml_metadata": "tests/stacks/saml/none.xml"},
        "client_vpn.saml_metadata",
        "tests/stacks/saml/none.xml",
        "cannot be read",
        "Identity Center",
    ),
    "not metadata": Case(
        {"identity/saml_metadata": "tests/stacks/Pulumi.prod.yaml"},
        "identity.saml_metadata",
        "tests/stacks/Pulumi.prod.yaml",
        "not XML",
        "Identity Center",
    ),
    "plain HTTP collector": Case(
        {"logging/splunk/hec_endpoint": "http://hec.example.org"},
        "logging.splunk.hec_endpoint",
        "http://hec.example.org",
        "https",
        "https://<host>",
    ),
    "viewer without sign-in": Case(
        {"identity": REMOVED, "client_vpn": REMOVED},
        "viewer",
        "true",
        "there is no identity",
        "Add identity",
    ),
    "malformed collector": Case(
        {"logging/splunk/hec_endpoint": "https://[fd00::1:8088"},
        "logging.splunk.hec_endpoint",
        "https://[fd00::1:8088",
        "https",
        "https://<host>",
    ),
    "port that is none": Case(
        {"logging/splunk/hec_endpoint": "https://hec.example.org:splunk"},
        "logging.splunk.hec_endpoint",
        "https://hec.example.org:splunk",
        "https",
        "https://<host>",
    ),
    "secret of another account": Case(
        {"logging/splunk/token_secrets/aws:waf": SPLUNK_ARN.replace("4444", "9999")},
        "logging.splunk.token_secrets.aws:waf",
        "999955556666",
        "own account and Region",
        "Store the token there",
    ),
    "secret of another Region": Case(
        {"logging/splunk/token_secrets/aws:waf": SPLUNK_ARN.replace("us-east-1", "eu-west-1")},
        "logging.splunk.token_secrets.aws:waf",
        "eu-west-1",
        "own account and Region",
        "Store the token there",
    ),
    "source without a token": Case(
        {"logging/splunk/token_secrets/orthanc:json": REMOVED},
        "logging.splunk.token_secrets",
        "orthanc:json",
        "has no token",
        "Store a token",
    ),
    "unknown source": Case(
        {"logging/splunk/token_secrets/syslog": SPLUNK_ARN},
        "logging.splunk.token_secrets",
        "syslog",
        "no log of the store",
        "Remove it",
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_broken_rule_is_named_with_the_setting_to_change(case: Case):
    assert_refused(case)


@pytest.mark.parametrize(
    "host",
    [
        *("10.1.2.3", "192.168.0.9", "172.16.5.5", "127.0.0.1", "169.254.1.1", "100.64.0.1", "[fd00::1]", "[::1]"),
        *("localhost", "splunk", "splunk.local", "splunk.corp.internal", "SPLUNK.LOCAL"),
        *("splunk.local.", "10.1.2.3.", "127.1"),
    ],
)
def test_a_private_splunk_is_refused_with_the_alternatives(host: str):
    message = refusal(change_settings(stack_settings("prod"), {"logging/splunk/hec_endpoint": f"https://{host}:8088"}))
    assert "Firehose cannot deliver to a private address" in message
    for alternative in ("relay in the VPC", "Splunk add-on", "FireLens"):
        assert alternative in message


@pytest.mark.parametrize(
    "endpoint", ["https://hec.splunk.example.org:8088", "https://8.8.8.8", "https://x.internal.org"]
)
def test_a_public_splunk_is_accepted(endpoint: str):
    Settings.parse(change_settings(stack_settings("prod"), {"logging/splunk/hec_endpoint": endpoint}), stack="prod")
