"""What the pack makes of the engine's values."""

from hipaa.evaluate import check_resource
from hipaa.pack import thresholds
from hipaa.rule import REGISTERED
from tests.policy.cases import resource


def test_thresholds_are_whole_numbers_though_the_engine_sends_floats():
    found = thresholds({"days": 365.0, "share": 0.5, "ports": [443.0], "names": ["*audit*"], "on": True})
    assert [repr(value) for value in found.values()] == ["365", "0.5", "[443]", "['*audit*']", "True"]
    assert thresholds(None) == {}


def test_a_message_names_a_threshold_as_it_is_written():
    group = resource("aws:cloudwatch/logGroup:LogGroup", kmsKeyId="alias/logs", retentionInDays=7.0)
    (found,) = check_resource(REGISTERED["LOG-02"], group, thresholds({"days": 365.0}))
    assert "at least 365 days" in found.message
