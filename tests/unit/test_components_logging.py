"""Who did what, and where its record goes: trail, findings and Splunk, as they are registered."""

from __future__ import annotations

import json
from functools import cache
from typing import Any, cast

import pytest
from pulumi_aws import accessanalyzer, cfg, cloudtrail, cloudwatch, guardduty, kinesis, s3

from components.core import LogSource
from components.safeguards.log_metric_alarms import FINDINGS, TRAIL, api_calls
from components.safeguards.splunk import slug, tokens
from ops.plan import Plan
from settings import SplunkSettings
from tests.conftest import Plans
from tests.planned import plan
from tests.unit.reading import dependencies, references_of, statements

WATCHES = {"audit": TRAIL, "baseline": FINDINGS}


@pytest.fixture
def prod(plans: Plans) -> Plan:
    return plans("prod")


@cache
def without_splunk() -> Plan:
    return plan("prod", overrides={"logging": {"splunk": None}})


def splunk_of(made: Plan, stream: str) -> dict[str, Any]:
    return made.resource(kinesis.FirehoseDeliveryStream, name=stream).inputs["splunkConfiguration"]


def filters(made: Plan, component: str) -> dict[str, dict[str, Any]]:
    prefix = f"{component}-"
    return {
        each.name.removeprefix(prefix): dict(each.inputs)
        for each in made.of_type(cloudwatch.LogMetricFilter)
        if each.name.startswith(prefix)
    }


def test_the_trail_records_every_region_and_its_files_can_be_validated(prod: Plan):
    trail = prod.resource(cloudtrail.Trail).inputs
    assert (trail["isMultiRegionTrail"], trail["includeGlobalServiceEvents"]) == (True, True)
    assert trail["enableLogFileValidation"] is True


def test_every_access_to_images_archive_and_copies_is_recorded(prod: Plan):
    selectors = {
        each["name"]: each["fieldSelectors"]
        for each in prod.resource(cloudtrail.Trail).inputs["advancedEventSelectors"]
    }
    watched = next(field["startsWiths"] for field in selectors["Images"] if field["field"] == "resources.ARN")
    assert watched == [
        "arn:aws:s3:::octank-prod-images-444455556666/",
        "arn:aws:s3:::octank-prod-archive-444455556666/",
        "arn:aws:s3:::octank-prod-images-444455556666-us-east-2/",
    ]
    assert {"field": "eventCategory", "equals": ["Management"]} in selectors["Management"]
    assert not [field for fields in selectors.values() for field in fields if field["field"] == "readOnly"]


def test_without_copies_there_is_no_copy_to_watch(plans: Plans):
    selectors = plans("dev").resource(cloudtrail.Trail).inputs["advancedEventSelectors"]
    assert [
        len(field["startsWiths"]) for each in selectors for field in each["fieldSelectors"] if "startsWiths" in field
    ] == [2]


def test_records_are_locked_as_long_as_they_are_kept(prod: Plan):
    lock = prod.resource(s3.BucketObjectLockConfiguration, name="audit-records-lock").inputs
    rule = prod.resource(s3.BucketLifecycleConfiguration, name="audit-records-lifecycle").inputs["rules"][0]
    assert lock["rule"]["defaultRetention"]["days"] == rule["expiration"]["days"] == 2192


def test_this_trail_alone_writes_records_and_only_below_the_accounts_prefix(prod: Plan):
    policy = prod.resource(s3.BucketPolicy, name="audit-records-access")
    writes = statements(policy)["TrailRecords"]
    assert writes["Resource"] == ["arn:aws:s3:::octank-prod-audit-444455556666/AWSLogs/444455556666/*"]
    trail = "arn:aws:cloudtrail:us-east-1:444455556666:trail/octank-prod-audit"
    assert writes["Condition"]["StringEquals"]["aws:SourceArn"] == trail
    assert policy.name in dependencies(prod, prod.resource(cloudtrail.Trail))


def test_a_pattern_of_calls_names_their_service():
    assert api_calls("kms", "DisableKey", "ScheduleKeyDeletion") == (
        "{ ($.eventSource = kms.amazonaws.com) && (($.eventName = DisableKey) || ($.eventName = ScheduleKeyDeletion)) }"
    )


@pytest.mark.parametrize("component", WATCHES)
def test_each_kind_of_event_is_counted_and_the_first_one_rings(component: str, prod: Plan):
    counted = filters(prod, component)
    assert {suffix: each["pattern"] for suffix, each in counted.items()} == {
        suffix: watch.pattern for suffix, watch in WATCHES[component].items()
    }
    for suffix, each in counted.items():
        alarm = prod.resource(cloudwatch.MetricAlarm, name=f"{component}-{suffix}-alarm").inputs
        assert (alarm["metricName"], alarm["threshold"], alarm["statistic"]) == (suffix, 1, "Sum")
        assert each["metricTransformation"]["value"] == "1"
        assert alarm["alarmDescription"] == WATCHES[component][suffix].description


def test_an_account_that_has_its_own_baseline_gets_none(plans: Plans):
    assert plans("dev").of_type(guardduty.Detector) == []
    assert plans("dev").of_type(cfg.Recorder) == []


def test_threats_are_looked_for_in_what_is_read_too(prod: Plan):
    assert prod.resource(guardduty.Detector).inputs["enable"] is True
    feature = prod.resource(guardduty.DetectorFeature).inputs
    assert (feature["name"], feature["status"]) == ("S3_DATA_EVENTS", "ENABLED")
    assert prod.resource(accessanalyzer.Analyzer).inputs["type"] == "ACCOUNT"


def test_the_recorder_starts_when_there_is_somewhere_to_deliver_to(prod: Plan):
    assert "baseline-history-access" in dependencies(prod, prod.resource(cfg.DeliveryChannel))
    status = prod.resource(cfg.RecorderStatus)
    assert "baseline-delivery" in dependencies(prod, status)
    assert status.inputs["isEnabled"] is True
    assert prod.resource(cfg.Recorder).inputs["recordingGroup"] == {
        "allSupported": True,
        "includeGlobalResourceTypes": True,
    }


def test_findings_reach_their_log_by_one_rule_that_alone_may_write(prod: Plan):
    rule = prod.resource(cloudwatch.EventRule, name="baseline-findings-rule")
    assert json.loads(rule.inputs["eventPattern"]) == {"source": ["aws.guardduty", "aws.access-analyzer"]}
    target = prod.resource(cloudwatch.EventTarget, name="baseline-findings-target")
    assert references_of(prod, target.inputs["arn"]) == ["baseline-findings.arn"]
    assert "baseline-findings-delivery" in dependencies(prod, target)
    writes = statements(prod.resource(cloudwatch.LogResourcePolicy), "policyDocument")["WriteFindings"]
    assert writes["Condition"]["ArnEquals"]["aws:SourceArn"].endswith(f":rule/{rule.inputs['name']}")


def test_there_is_one_stream_for_each_kind_of_events_that_occurs(prod: Plan, plans: Plans):
    streams = {each.inputs["name"] for each in prod.of_type(kinesis.FirehoseDeliveryStream)}
    kinds = {
        "aws-cloudtrail",
        "aws-cloudwatchlogs-vpcflow",
        "aws-ecs-exec",
        "aws-findings",
        "aws-lambda",
        "aws-vpn",
        "aws-waf",
        "nginx-access",
        "orthanc-json",
        "postgresql-log",
    }
    assert streams == {f"octank-prod-{kind}" for kind in kinds}
    assert plans("dev").of_type(kinesis.FirehoseDeliveryStream) == []


def test_without_splunk_in_the_settings_nothing_is_subscribed():
    assert without_splunk().of_type(cloudwatch.LogSubscriptionFilter) == []
    assert without_splunk().of_type(kinesis.FirehoseDeliveryStream) == []


def source(kind: str) -> LogSource:
    return LogSource(name=kind, arn=kind, source_type=kind, group=cast(cloudwatch.LogGroup, None))


def test_a_kind_of_events_without_a_token_is_refused_by_name():
    held = {"aws:vpn": "arn:aws:secretsmanager:us-east-1:444455556666:secret:splunk/vpn-Ab1Cd2"}
    settings = SplunkSettings(hec_endpoint="https://hec.splunk.octank.example:443", token_secrets=held)
    with pytest.raises(ValueError, match="has no token for aws:waf, nginx:access;"):
        tokens(settings, [source("nginx:access"), source("aws:vpn"), source("aws:waf")])


def test_a_token_of_a_kind_that_does_not_occur_is_left_alone():
    held = {kind: f"arn:aws:secretsmanager:us-east-1:444455556666:secret:{kind}" for kind in ("aws:vpn", "aws:waf")}
    settings = SplunkSettings.model_construct(hec_endpoint="https://hec.splunk.octank.example", token_secrets=held)
    assert tokens(settings, [source("aws:waf"), source("aws:waf")]) == {"aws:waf": held["aws:waf"]}


def test_the_token_says_what_an_event_is_so_each_stream_has_its_own(prod: Plan):
    secrets = {
        each.name: each.inputs["splunkConfiguration"]["secretsManagerConfiguration"]["secretArn"]
        for each in prod.of_type(kinesis.FirehoseDeliveryStream)
    }
    assert len(set(secrets.values())) == len(secrets)
    assert ":secret:splunk/nginx-access-" in secrets["splunk-nginx-access"]
    reads = statements(prod.resource(name="splunk-delivery-policy"))["ReadTokens"]
    assert set(reads["Resource"]) == set(secrets.values())


def test_what_splunk_does_not_acknowledge_lies_in_the_bucket_after_an_hour(prod: Plan):
    held = splunk_of(prod, "splunk-orthanc-json")
    assert (held["s3BackupMode"], held["retryDuration"]) == ("FailedEventsOnly", 3600)
    assert references_of(prod, held["s3Configuration"]["bucketArn"]) == ["splunk-failed-bucket.arn"]
    assert held["s3Configuration"]["errorOutputPrefix"].startswith("orthanc-json/")


def test_splunk_gets_the_messages_and_not_their_envelope(prod: Plan):
    held = splunk_of(prod, "splunk-orthanc-json")
    processors = [each["type"] for each in held["processingConfiguration"]["processors"]]
    assert (held["hecEndpointType"], processors) == ("Raw", ["Decompression", "CloudWatchLogProcessing"])


def test_the_errors_of_a_stream_have_a_log_stream_of_their_own(prod: Plan):
    options = splunk_of(prod, "splunk-aws-vpn")["cloudwatchLoggingOptions"]
    stream = prod.resource(cloudwatch.LogStream, name="splunk-aws-vpn-errors").inputs
    assert options["logStreamName"] == stream["name"] == "aws-vpn"


@pytest.mark.parametrize(
    ("measure", "statistic", "comparison", "threshold"),
    [("Success", "Average", "LessThanThreshold", 1), ("DataFreshness", "Maximum", "GreaterThanThreshold", 900)],
)
def test_each_stream_rings_when_splunk_refuses_or_lags(
    measure: str, statistic: str, comparison: str, threshold: int, prod: Plan
):
    for stream in prod.of_type(kinesis.FirehoseDeliveryStream):
        alarm = prod.resource(cloudwatch.MetricAlarm, name=f"{stream.name}-{measure}-alarm").inputs
        assert alarm["dimensions"] == {"DeliveryStreamName": stream.inputs["name"]}
        assert (alarm["statistic"], alarm["comparisonOperator"], alarm["threshold"]) == (
            statistic,
            comparison,
            threshold,
        )


@pytest.mark.parametrize(
    ("text", "expected"),
    [("aws:cloudwatchlogs:vpcflow", "aws-cloudwatchlogs-vpcflow"), ("//nginx//", "nginx"), ("plain", "plain")],
)
def test_a_slug_is_part_of_a_name(text: str, expected: str):
    assert slug(text) == expected
