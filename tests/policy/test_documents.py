"""Policy documents are read in every form that AWS takes them in."""

import json
from typing import Any

import pytest

from hipaa import types
from hipaa.documents import Condition, Statement, check_statements, matches, parse_json, statements
from hipaa.model import ABSENT, UNKNOWN, Undecided, Violation
from tests.policy.cases import resource


def one(**elements: Any) -> Statement:
    """The statement of a document with one."""
    [statement] = statements(json.dumps({"Statement": [elements]}))
    return statement


def test_one_and_several_are_lists():
    assert one(Action="s3:*").actions == ["s3:*"]
    assert one(Action=["s3:*", "kms:*"]).actions == ["s3:*", "kms:*"]
    assert one().actions == one().resources == one().principals == one().conditions == []


@pytest.mark.parametrize("principal", ["*", {"AWS": "*"}, {"AWS": ["*"]}])
def test_everybody_is_written_in_three_ways(principal: Any):
    assert one(Effect="Allow", Principal=principal).principals == ["*"]
    assert one(Effect="Allow", Principal=principal).covers_everyone


def test_a_named_principal_is_not_everybody():
    assert not one(Effect="Allow", Principal={"Service": ["a.amazonaws.com", "b.amazonaws.com"]}).covers_everyone
    assert one(Effect="Allow", NotPrincipal={"AWS": "arn:aws:iam::111122223333:root"}).covers_everyone
    assert not one(Effect="Deny", NotPrincipal={"AWS": "arn:aws:iam::111122223333:root"}).covers_everyone


def test_a_statement_alone_stands_for_a_list_of_one():
    [statement] = statements('{"Statement": {"Sid": "Alone", "Effect": "Deny"}}')
    assert (statement.sid, statement.denies, statement.allows) == ("Alone", True, False)


def test_a_document_may_be_an_object_and_absent_or_unknown():
    assert statements({"Statement": [{"Effect": "Allow"}]})[0].allows
    assert statements(UNKNOWN) is UNKNOWN
    assert statements(ABSENT) == statements(None) == statements("") == []
    assert statements("{}") == []


@pytest.mark.parametrize("text", ["not JSON", "[1]", '"text"', '{"Statement": ["text"]}', "[" * 100_000])
def test_what_is_no_document_is_an_error(text: str):
    with pytest.raises(ValueError, match=r".+"):
        statements(text)


def test_conditions_are_compared_as_aws_does():
    statement = one(Condition={"Bool": {"AWS:SecureTransport": False}, "StringEquals": {"kms:ViaService": ["a", "b"]}})
    assert statement.conditions == [
        Condition("bool", "aws:securetransport", ["false"]),
        Condition("stringequals", "kms:viaservice", ["a", "b"]),
    ]
    assert statement.condition("aws:SecureTransport") == statement.conditions[:1]


def test_wildcards_and_negations_grant():
    assert one(Effect="Allow", Action="KMS:De*").grants("kms:Decrypt")
    assert one(Effect="Allow", NotAction="iam:*").grants("kms:Decrypt")
    assert not one(Effect="Allow", NotAction=["kms:*"]).grants("kms:Decrypt")
    assert not one(Effect="Allow", Action="kms:Describe*").grants("kms:Decrypt")
    assert not one(Effect="Deny", Action="*").grants("kms:Decrypt")
    assert matches("kms:Decryp?", "kms:Decrypt")
    assert not matches("kms:[D]ecrypt", "kms:Decrypt")
    assert not matches(UNKNOWN, "kms:Decrypt")


def test_every_resource_is_a_star_or_all_but_some():
    assert one(Effect="Allow", Resource=["arn:aws:s3:::a", "*"]).covers_every_resource
    assert one(Effect="Allow", NotResource="arn:aws:s3:::a").covers_every_resource
    assert not one(Effect="Deny", NotResource="arn:aws:s3:::a").covers_every_resource
    assert not one(Effect="Allow", Resource="arn:aws:s3:::a/*").covers_every_resource


def test_other_json_is_parsed_once_and_plain_values_stay():
    assert parse_json('[{"name": "app"}]') == [{"name": "app"}]
    assert parse_json([{"name": "app"}]) == [{"name": "app"}]
    assert parse_json("") is ABSENT


def test_what_is_wrong_names_the_statement():
    document = json.dumps({"Statement": [{"Sid": "All", "Effect": "Allow"}, {"Effect": "Allow"}, {"Effect": "Deny"}]})
    found = list(
        check_statements(resource(types.POLICY, policy=document), "policy", lambda each: "bad" if each.allows else None)
    )
    assert found == [
        Violation(message="statement All: bad", path="policy"),
        Violation(message="bad", path="policy"),
    ]


def test_what_cannot_be_read_is_wrong_and_what_is_unknown_is_undecided():
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
