"""Conversion of the engine's configuration values."""

from hipaa.evaluate import check_resource
from hipaa.pack import thresholds
from hipaa.rule import REGISTERED
from tests.policy.cases import resource


def test_whole_numbers_from_the_engine_become_integers():
    found = thresholds({"days": 365.0, "share": 0.5, "ports": [443.0], "names": ["*audit*"], "on": True})
    assert [repr(value) for value in found.values()] == ["365", "0.5", "[443]", "['*audit*']", "True"]
    assert thresholds(None) == {}


def test_a_message_shows_a_threshold_as_an_integer():
    group = resource("aws:cloudwatch/logGroup:LogGroup", kmsKeyId="alias/logs", retentionInDays=7.0)
    (found,) = check_resource(REGISTERED["LOG-02"], group, thresholds({"days": 365.0}))
    assert "at least 365 days" in found.message
