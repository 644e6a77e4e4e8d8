"""Policy documents are read in every form that AWS accepts."""

import json
from typing import Any

import pytest

from hipaa import types
from hipaa.model import ABSENT, UNKNOWN, Undecided, Violation
from hipaa.reading.documents import Condition, Statement, check_statements, matches, parse_json, statements
from tests.policy.cases import resource


def statement(**elements: Any) -> Statement:
    """The statement of a document with one."""
    [found] = statements(json.dumps({"Statement": [elements]}))
    return found


def test_single_and_several_values_become_lists():
    assert statement(Action="s3:*").actions == ["s3:*"]
    assert statement(Action=["s3:*", "kms:*"]).actions == ["s3:*", "kms:*"]
    assert statement().actions == statement().resources == statement().principals == statement().conditions == []


@pytest.mark.parametrize("principal", ["*", {"AWS": "*"}, {"AWS": ["*"]}])
def test_three_spellings_cover_everyone(principal: Any):
    assert statement(Effect="Allow", Principal=principal).principals == ["*"]
    assert statement(Effect="Allow", Principal=principal).covers_everyone


def test_a_named_principal_does_not_cover_everyone():
    assert not statement(Effect="Allow", Principal={"Service": ["a.amazonaws.com", "b.amazonaws.com"]}).covers_everyone
    assert statement(Effect="Allow", NotPrincipal={"AWS": "arn:aws:iam::111122223333:root"}).covers_everyone
    assert not statement(Effect="Deny", NotPrincipal={"AWS": "arn:aws:iam::111122223333:root"}).covers_everyone


def test_a_single_statement_needs_no_list():
    [statement] = statements('{"Statement": {"Sid": "Alone", "Effect": "Deny"}}')
    assert (statement.sid, statement.denies, statement.allows) == ("Alone", True, False)


def test_a_document_can_be_a_mapping_absent_or_unknown():
    assert statements({"Statement": [{"Effect": "Allow"}]})[0].allows
    assert statements(UNKNOWN) is UNKNOWN
    assert statements(ABSENT) == statements(None) == statements("") == []
    assert statements("{}") == []


@pytest.mark.parametrize("text", ["not JSON", "[1]", '"text"', '{"Statement": ["text"]}', "[" * 100_000])
def test_an_invalid_document_is_an_error(text: str):
    with pytest.raises(ValueError, match=r".+"):
        statements(text)


def test_conditions_are_normalized_as_aws_compares_them():
    found = statement(
        Condition={"Bool": {"AWS:SecureTransport": False}, "StringEquals": {"kms:ViaService": ["a", "b"]}}
    )
    assert found.conditions == [
        Condition("bool", "aws:securetransport", ["false"]),
        Condition("stringequals", "kms:viaservice", ["a", "b"]),
    ]
    assert found.condition("aws:SecureTransport") == found.conditions[:1]


def test_wildcards_and_negations_grant():
    assert statement(Effect="Allow", Action="KMS:De*").grants("kms:Decrypt")
    assert statement(Effect="Allow", NotAction="iam:*").grants("kms:Decrypt")
    assert not statement(Effect="Allow", NotAction=["kms:*"]).grants("kms:Decrypt")
    assert not statement(Effect="Allow", Action="kms:Describe*").grants("kms:Decrypt")
    assert not statement(Effect="Deny", Action="*").grants("kms:Decrypt")
    assert matches("kms:Decryp?", "kms:Decrypt")
    assert not matches("kms:[D]ecrypt", "kms:Decrypt")
    assert not matches(UNKNOWN, "kms:Decrypt")


def test_a_wildcard_or_not_resource_covers_every_resource():
    assert statement(Effect="Allow", Resource=["arn:aws:s3:::a", "*"]).covers_every_resource
    assert statement(Effect="Allow", NotResource="arn:aws:s3:::a").covers_every_resource
    assert not statement(Effect="Deny", NotResource="arn:aws:s3:::a").covers_every_resource
    assert not statement(Effect="Allow", Resource="arn:aws:s3:::a/*").covers_every_resource


def test_json_text_is_parsed_and_other_values_are_unchanged():
    assert parse_json('[{"name": "app"}]') == [{"name": "app"}]
    assert parse_json([{"name": "app"}]) == [{"name": "app"}]
    assert parse_json("") is ABSENT


def test_a_violation_names_the_statement():
    document = json.dumps({"Statement": [{"Sid": "All", "Effect": "Allow"}, {"Effect": "Allow"}, {"Effect": "Deny"}]})
    found = list(
        check_statements(resource(types.POLICY, policy=document), "policy", lambda each: "bad" if each.allows else None)
    )
    assert found == [
        Violation(message="statement All: bad", path="policy"),
        Violation(message="bad", path="policy"),
    ]


def test_an_unreadable_document_is_a_violation_and_an_unknown_one_undecided():
    def find_nothing(_statement: Statement) -> None:
        return None

    partly = {"Statement": [{"Effect": "Allow", "Resource": UNKNOWN}]}
    assert list(check_statements(resource(types.POLICY), "policy", find_nothing)) == []
    assert list(check_statements(resource(types.POLICY, policy=UNKNOWN), "policy", find_nothing)) == [
        Undecided(path="policy")
    ]
    assert list(check_statements(resource(types.POLICY, policy=partly), "policy", find_nothing)) == [
        Undecided(path="policy")
    ]
    [found] = check_statements(resource(types.POLICY, policy="{"), "policy", find_nothing)
    assert isinstance(found, Violation)
