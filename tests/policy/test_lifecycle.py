"""Settings of the lifecycle rules, and the taggable types."""

from __future__ import annotations

import inspect
from importlib import import_module

import pytest

from hipaa import types
from hipaa.checks.lifecycle import TAGGED_TYPES
from hipaa.evaluate import evaluate
from hipaa.model import Stack
from hipaa.rule import REGISTERED
from tests.policy.cases import evaluate_rule, resource, violates

SCRATCH = (resource(types.BUCKET, "scratch-bucket"),)
MODULES = {"lambda": "lambda_"}


def test_names_can_be_exempt_from_protection():
    assert violates("OWN-06", SCRATCH)
    assert not violates("OWN-06", SCRATCH, {"except": ["scratch-*"]})
    assert violates("OWN-06", SCRATCH, {"except": ["image-*"]})


def test_stateful_types_can_be_configured():
    group = (resource(types.LOG_GROUP),)
    assert not violates("OWN-06", group)
    assert violates("OWN-06", group, {"types": [types.LOG_GROUP]})
    assert not violates("OWN-06", SCRATCH, {"types": [types.LOG_GROUP]})


def test_protection_is_required_in_production_only():
    dev = Stack(resources=(resource(types.BUCKET, stack="dev"),))
    assert evaluate([REGISTERED["OWN-06"]], dev) == []
    assert evaluate([REGISTERED["OWN-06"]], dev, production=["dev"])


def test_required_tags_can_be_configured():
    tagged = (resource(types.BUCKET, tags={"team": "imaging"}),)
    assert not violates("OWN-07", tagged, {"tags": ["team"]})
    [found] = evaluate_rule("OWN-07", tagged, {"tags": ["team", "owner", "cost"]})
    assert "it has no tags owner, cost" in found.message


@pytest.mark.parametrize("kind", TAGGED_TYPES)
def test_taggable_types_have_tags(kind: str):
    _, path, name = kind.split(":")
    module = path.partition("/")[0]
    cls = getattr(import_module(f"pulumi_aws.{MODULES.get(module, module)}"), name)
    assert vars(cls)["pulumi_type"] == kind
    assert "tags" in inspect.signature(vars(cls)["_internal_init"]).parameters
