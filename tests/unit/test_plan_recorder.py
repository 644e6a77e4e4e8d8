"""The recorder keeps what the engine would receive."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_random as random
import pulumi_tls as tls
from pulumi_aws import acm, ec2, kms, s3, secretsmanager

from ops.plan import Reference, record
from ops.plan.wire import SECRET, UNKNOWN
from tests.unit.samples import Group

KEY = "urn:pulumi:test::image-store::aws:kms/key:Key::key"


def inputs(program: Callable[[], object], name: str, **options: Any) -> Any:
    return record(program, **options).resource(name=name).inputs


def test_outputs_are_seen_in_texts_and_json():
    def program() -> None:
        key = kms.Key("key")
        kms.Key("text", description=pulumi.Output.concat("<", key.arn, ">"))
        kms.Key("json", policy=pulumi.Output.json_dumps({"Resource": [key.arn], "Id": key.id}))

    plan = record(program)
    assert plan.resource(name="text").inputs["description"] == f"<${{{KEY}.arn}}>"
    assert plan.resource(name="json").inputs["policy"] == f'{{"Resource": ["${{{KEY}.arn}}"], "Id": "${{{KEY}.id}}"}}'


def test_nested_outputs_are_tokens_too():
    def program() -> None:
        proof = acm.Certificate("certificate", domain_name="a.example").domain_validation_options[0]
        kms.Key("key", description=proof.resource_record_name)

    assert inputs(program, "key")["description"].endswith(".domainValidationOptions[0].resourceRecordName}")


def test_inputs_come_back_as_outputs():
    assert inputs(lambda: kms.Key("key", description=s3.Bucket("bucket", bucket="images-1").bucket), "key") == {
        "description": "images-1"
    }


def test_a_generated_name_is_a_token():
    found = inputs(lambda: kms.Key("key", description=s3.Bucket("bucket").bucket), "key")
    assert found["description"].endswith("::bucket.bucket}")


def test_an_optional_output_that_was_not_set_is_absent():
    def program() -> None:
        secret = secretsmanager.Secret("secret")
        secretsmanager.Secret("other", kms_key_id=secret.kms_key_id, description="x")

    assert inputs(program, "other") == {"description": "x"}, "AWS has no key there, so a token would be a lie"


def test_secrets_are_masked_alone_nested_and_in_json():
    def program() -> None:
        password = random.RandomPassword("password", length=20)
        secretsmanager.SecretVersion("alone", secret_id=KEY, secret_string=password.result)
        secretsmanager.SecretVersion("json", secret_id=pulumi.Output.json_dumps({"password": password.result}))
        secretsmanager.Secret("nested", tags={"a": "plain", "b": pulumi.Output.secret("s3cr3t")})

    plan = record(program)
    assert plan.resource(name="alone").inputs["secretString"] == SECRET
    assert plan.resource(name="json").inputs["secretId"] == SECRET
    assert SECRET in (plan.resource(name="nested").inputs["tags"], plan.resource(name="nested").inputs["tags"]["b"])
    assert "s3cr3t" not in str(plan.to_json())
    assert "result" in plan.resource(name="password").secret_outputs


def test_a_secret_stays_one_through_the_resource_it_is_given_to():
    def program() -> None:
        version = secretsmanager.SecretVersion("version", secret_id=KEY, secret_string=pulumi.Output.secret("s3cr3t"))
        kms.Key("key", description=version.secret_string)

    assert inputs(program, "key")["description"] == SECRET


def test_private_keys_are_masked():
    def program() -> None:
        key = tls.PrivateKey("key", algorithm="ECDSA")
        tls.SelfSignedCert("cert", private_key_pem=key.private_key_pem, validity_period_hours=8, allowed_uses=[])

    assert inputs(program, "cert")["privateKeyPem"] == SECRET


def test_inputs_are_spelled_and_typed_as_the_engine_has_them():
    def program() -> None:
        ec2.SecurityGroup(
            "group", ingress=[ec2.SecurityGroupIngressArgs(from_port=443, to_port=443, protocol="tcp", self=True)]
        )
        kms.Key("key", deletion_window_in_days=30)

    plan = record(program)
    assert plan.resource(name="group").inputs["ingress"] == [
        {"fromPort": 443, "protocol": "tcp", "self": True, "toPort": 443}
    ]
    window = plan.resource(name="key").inputs["deletionWindowInDays"]
    assert (window, type(window)) == (30, int)


def test_assets_are_kept():
    def program() -> None:
        s3.BucketObject("text", bucket="b", source=pulumi.StringAsset("content"))
        s3.BucketObject("archive", bucket="b", source=pulumi.AssetArchive({"a.py": pulumi.StringAsset("a")}))

    plan = record(program)
    assert plan.resource(name="text").inputs["source"] == {"text": "content"}
    assert plan.resource(name="archive").inputs["source"] == {"assets": {"a.py": {"text": "a"}}}


def test_options_are_kept():
    def program() -> None:
        first = kms.Key("first")
        options = pulumi.ResourceOptions(
            protect=True,
            retain_on_delete=True,
            delete_before_replace=True,
            ignore_changes=["deletionWindowInDays"],
            aliases=[pulumi.Alias(name="old")],
            depends_on=[first],
        )
        kms.Key("second", description=kms.Key("third").arn, opts=options)

    plan = record(program)
    second = plan.resource(name="second")
    assert (second.protect, second.retain_on_delete, second.delete_before_replace) == (True, True, True)
    assert (second.ignore_changes, second.aliases) == (("deletionWindowInDays",), ("old",))
    assert second.dependencies == tuple(sorted(plan.resource(name=name).urn for name in ("first", "third")))
    assert second.property_dependencies == {"description": (plan.resource(name="third").urn,)}
    first = plan.resource(name="first")
    assert (first.protect, first.retain_on_delete, first.delete_before_replace) == (False, False, False)


def test_parents_and_urns_are_the_engines():
    plan = record(lambda: Group("group"))
    group, key = plan.resource(name="group"), plan.resource(name="key")
    assert group.urn == "urn:pulumi:test::image-store::imgstore:group:Group::group"
    assert key.urn == "urn:pulumi:test::image-store::imgstore:group:Group$aws:kms/key:Key::key"
    assert (key.parent, group.parent) == (group.urn, plan.urn)
    assert plan.urn == "urn:pulumi:test::image-store::pulumi:pulumi:Stack::image-store-test"


def test_providers_are_known_by_their_urn():
    def program() -> None:
        provider = aws.Provider("aws", region="us-east-1")
        kms.Key("explicit", opts=pulumi.ResourceOptions(provider=provider))
        kms.Key("default")

    for preview in (False, True):
        plan = record(program, preview=preview)
        assert plan.resource(name="explicit").provider == plan.resource(name="aws").urn
        assert plan.resource(name="default").provider == ""


def test_outputs_of_components_and_exports_are_kept():
    plan = record(lambda: pulumi.export("key", Group("group").key.arn))
    arn = f"${{{plan.resource(name='key').urn}.arn}}"
    assert (plan.resource(name="group").outputs, plan.exports) == ({"key": arn}, {"key": arn})
    assert plan.resource(name="key").outputs is None


def test_in_a_preview_outputs_are_unknown_and_applies_wait():
    applied = []

    def program() -> None:
        key = kms.Key("key", description="known")
        key.arn.apply(applied.append)
        key.id.apply(applied.append)
        kms.Key("other", description=key.description, policy=pulumi.Output.concat("<", key.arn, ">"))

    assert inputs(program, "other", preview=True) == {"description": "known", "policy": UNKNOWN}
    assert applied == []


def test_a_reference_names_the_resource_even_if_names_hold_dots():
    def program() -> None:
        kms.Key("key")
        kms.Key("other", description=kms.Key("key.b").arn)

    plan = record(program)
    assert plan.references(plan.resource(name="other").inputs) == [Reference(plan.resource(name="key.b").urn, "arn")]
