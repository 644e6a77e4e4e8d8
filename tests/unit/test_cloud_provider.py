"""How the simulated providers name, replace, tag and recover; `tls` and `random` create real values."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from awsmodel import certificates, randomness
from awsmodel.properties import UNKNOWN, from_struct, to_struct
from awsmodel.tables import data, table
from rehearsal.cloud.behaviours import behaviours
from rehearsal.cloud.resources import Cloud
from rehearsal.providers.faults import Fault, Faults, InjectedError
from tests.unit.simulated import ACCOUNT, Simulated

GROUP, ROLE, TASK = "aws:lb/targetGroup:TargetGroup", "aws:iam/role:Role", "aws:ecs/taskDefinition:TaskDefinition"
KEY = {"algorithm": "ECDSA", "ecdsaCurve": "P384"}


def test_a_name_that_is_left_out_is_generated_and_kept(simulated: Simulated) -> None:
    prepared, _ = simulated.check(GROUP, "web", {"targetType": "ip"})
    assert re.fullmatch(r"web-[0-9a-f]{7}", prepared["name"])
    again = simulated.provider.prepare(
        GROUP, simulated.urn(GROUP, "web"), b"another seed", prepared, {"targetType": "ip"}
    )
    assert again["name"] == prepared["name"]


def test_only_a_generated_name_lets_a_replacement_exist_beside_the_old_resource(simulated: Simulated) -> None:
    generated, _ = simulated.check(GROUP, "web", {"targetType": "ip"})
    assert not simulated.provider.must_delete_first(GROUP, generated, generated)
    fixed = {"name": "web", "targetType": "ip"}
    assert simulated.provider.must_delete_first(GROUP, fixed, {**fixed, "port": 8443})


def test_replacements_follow_the_schema_and_the_reviewed_list(simulated: Simulated) -> None:
    replaces = simulated.provider.replaces
    assert replaces("aws:rds/cluster:Cluster", ["masterUsername", "backupRetentionPeriod"]) == ["masterUsername"]
    assert replaces("aws:ecs/service:Service", ["cluster", "desiredCount"]) == ["cluster"]
    assert replaces(TASK, ["cpu", "tags"]) == ["cpu"], "any change but of tags registers a new revision"


def test_ids_and_arns_have_aws_s_forms_and_stay_the_same(
    simulated: Simulated, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    role = {"name": "tasks", "assumeRolePolicy": '{"Statement": []}'}
    vpc = simulated.create("aws:ec2/vpc:Vpc", "vpc", {"cidrBlock": "10.0.0.0/16"})
    assert re.fullmatch(r"vpc-[0-9a-f]{17}", vpc["id"])
    assert simulated.create(ROLE, "tasks", role)["arn"] == f"arn:aws:iam::{ACCOUNT}:role/tasks"
    elsewhere = Simulated(tmp_path / "elsewhere", monkeypatch)
    assert elsewhere.create("aws:ec2/vpc:Vpc", "vpc", {"cidrBlock": "10.0.0.0/16"})["id"] == vpc["id"]


def test_default_tags_are_merged_below_the_resource_s_own(simulated: Simulated) -> None:
    simulated.provider.config["defaultTags"] = {"tags": {"env": "dev", "Name": "default"}}
    vpc = simulated.create("aws:ec2/vpc:Vpc", "vpc", {"cidrBlock": "10.0.0.0/16", "tags": {"Name": "own"}})
    assert vpc["tagsAll"] == {"env": "dev", "Name": "own"}


def test_every_type_in_the_data_files_exists_in_the_sdk() -> None:
    known = table("aws")["types"]
    listed = set(data("forms")) | set(data("cloudformation"))
    for section in (data("types") | behaviours()).values():
        listed |= set(section)
    assert not {kind for kind in listed if kind not in known}


def test_every_property_in_the_data_files_exists_in_the_sdk() -> None:
    known = table("aws")["types"]
    wrong = [
        f"{section} {kind} {name}"
        for section in ("replaces", "write_only", "refers", "forms", "values", "trusts")
        for kind, names in (data("types") | behaviours())[section].items()
        for name in names
        if name.strip("-*").partition(".")[0] not in {"", *known[kind]["inputs"]}
    ]
    assert wrong == []


def test_the_cloud_outlives_the_provider(simulated: Simulated) -> None:
    simulated.create("aws:ec2/vpc:Vpc", "vpc", {"cidrBlock": "10.0.0.0/16"})
    assert [one.name for one in Cloud(simulated.provider.cloud.folder.parent)] == ["vpc"]


def test_the_resource_of_an_interrupted_create_is_adopted_and_not_created_twice(
    simulated: Simulated, monkeypatch: pytest.MonkeyPatch
) -> None:
    class DiedError(Exception):
        pass

    def die(_: Faults) -> None:
        raise DiedError

    monkeypatch.setenv("REHEARSAL_FAULT", f"{ROLE}:create:1:kill")
    monkeypatch.setattr(Faults, "strike", die)
    simulated.provider.faults = Faults()
    role = {"name": "tasks", "assumeRolePolicy": '{"Statement": []}'}
    with pytest.raises(DiedError):
        simulated.create(ROLE, "tasks", role)
    assert simulated.create(ROLE, "tasks", role)["id"] == "tasks"
    assert len(simulated.provider.cloud.of_type(ROLE)) == 1


@pytest.mark.parametrize("text", ["aws:ec2/vpc:Vpc", "aws:ec2/vpc:Vpc:make:1", "aws:ec2/vpc:Vpc:create:one"])
def test_a_malformed_fault_says_how_to_write_one(text: str) -> None:
    with pytest.raises(ValueError, match="write <type>:<create"):
        Fault.parse(text)


def test_a_fault_strikes_the_named_operation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REHEARSAL_FAULT", f"{ROLE}:create:2")
    faults = Faults()
    assert not faults.count(ROLE, "create")
    assert not faults.count(ROLE, "delete")
    with pytest.raises(InjectedError):
        faults.count(ROLE, "create")
    assert not faults.count(ROLE, "create")


def test_unknown_values_survive_the_protocol() -> None:
    assert from_struct(to_struct({"known": [1, "a", True], "later": UNKNOWN, "absent": None})) == {
        "known": [1, "a", True],
        "later": UNKNOWN,
    }


def test_a_leaf_is_signed_by_its_authority_and_belongs_to_its_key() -> None:
    root_key, leaf_key = certificates.private_key(KEY), certificates.private_key(KEY)
    years = {"validityPeriodHours": 24, "subject": {"commonName": "root"}, "allowedUses": ["cert_signing"]}
    root = certificates.self_signed_certificate(
        {**years, "isCaCertificate": True, "privateKeyPem": root_key["privateKeyPem"]}
    )
    request = certificates.certificate_request(
        {"privateKeyPem": leaf_key["privateKeyPem"], "dnsNames": ["app.internal"]}
    )
    leaf = certificates.locally_signed_certificate(
        {
            "caCertPem": root["certPem"],
            "caPrivateKeyPem": root_key["privateKeyPem"],
            "certRequestPem": request["certRequestPem"],
            "validityPeriodHours": 24,
            "allowedUses": ["server_auth"],
        }
    )
    certificate = x509.load_pem_x509_certificate(leaf["certPem"].encode())
    certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(root["certPem"].encode()))
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["app.internal"]
    key = load_pem_private_key(leaf_key["privateKeyPem"].encode(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert key.public_key() == certificate.public_key()


def test_passwords_are_drawn_from_the_enabled_classes() -> None:
    drawn = randomness.random_text({"length": 400, "special": False, "upper": False})
    assert re.fullmatch(r"[a-z0-9]{400}", drawn)
    assert randomness.random_text({"length": 40}) != randomness.random_text({"length": 40})
