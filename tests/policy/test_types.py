"""The type tokens that rules read are the SDK's."""

from __future__ import annotations

import importlib

import pytest

from hipaa import types
from hipaa.rule import REGISTERED

TOKENS = {name: value for name, value in vars(types).items() if name.isupper() and isinstance(value, str)}


def module_of(token: str) -> str:
    name = token.split(":")[1].partition("/")[0]
    return f"pulumi_aws.{'lambda_' if name == 'lambda' else name}"


@pytest.mark.parametrize("token", sorted({*TOKENS.values(), *types.ALIASES}))
def test_a_token_belongs_to_a_class(token: str):
    module = importlib.import_module(module_of(token))
    cls = getattr(module, token.rpartition(":")[2])
    # The class of a deprecated type has the token of its replacement.
    assert cls.pulumi_type in {token, types.ALIASES.get(token)}


def test_rules_read_only_declared_types():
    providers = {"pulumi:providers:aws"}
    assert {token for rule in REGISTERED.values() for token in rule.types} <= {*TOKENS.values(), *providers}


def test_no_rule_reads_a_deprecated_type():
    assert not {token for rule in REGISTERED.values() for token in rule.types} & types.ALIASES.keys()
