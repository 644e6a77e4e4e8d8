"""Values in all spellings that programs use."""

from typing import Any

import pytest

from hipaa import types
from hipaa.model import ABSENT, UNKNOWN
from hipaa.reading.values import block_paths, is_customer_key, number
from tests.policy.cases import resource


@pytest.mark.parametrize(
    ("value", "expected"), [(80.0, 80), ("80", 80), (-1, -1), ("all", None), (True, None), (UNKNOWN, None)]
)
def test_numbers_can_be_text(value: Any, expected: float | None):
    assert number(value) == expected


def test_a_block_can_be_an_object_a_list_or_missing():
    assert block_paths(resource(types.FUNCTION, vpcConfig={"a": 1}), "vpcConfig") == ["vpcConfig"]
    assert block_paths(resource(types.FUNCTION, vpcConfig=[{"a": 1}, {"a": 2}]), "vpcConfig") == [
        "vpcConfig.0",
        "vpcConfig.1",
    ]
    assert block_paths(resource(types.FUNCTION, vpcConfig=UNKNOWN), "vpcConfig") == ["vpcConfig"]
    assert block_paths(resource(types.FUNCTION), "vpcConfig") == ["vpcConfig"]


@pytest.mark.parametrize(
    ("value", "own"),
    [
        ("0a1b2c3d-0000-0000-0000-000000000000", True),
        ("arn:aws:kms:us-east-1:111122223333:key/0a1b2c3d", True),
        ("alias/study/logs", True),
        ("alias/awsome", True),
        ("alias/aws/sns", False),
        ("arn:aws:kms:us-east-1:111122223333:alias/aws/sns", False),
        ("", False),
        (ABSENT, False),
    ],
)
def test_aws_managed_keys_are_recognized_by_alias(value: Any, *, own: bool):
    assert is_customer_key(value) is own
