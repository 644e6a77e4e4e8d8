"""Buckets, the image store's storage and its container images, as they are registered."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from pulumi_aws import kms, s3

from components.core import Scope
from components.data.bucket import LifecycleRules, SecureBucket
from layout.documents import allow
from layout.lifecycle import Lifecycle, Retention
from layout.naming import Names
from ops.plan import Plan
from ops.plan.configuration import stacks
from settings import SettingsError
from tests.conftest import Plans
from tests.planned import plan
from tests.unit.reading import dependencies, references_of, statements

BUCKETS = ("access-logs", "images", "archive")
NAMES = Names(
    study="lung",
    environment="test",
    account="111122223333",
    region="us-east-1",
    data="phi",
    cost_center="lab",
    contact="lab@octank.example",
    expiry=date(2027, 12, 1),
)
SCOPE = Scope(names=NAMES, lifecycle=Lifecycle.of("active"), retention=Retention(audit=2192, operational=400))
Record = Callable[..., Plan]


@pytest.fixture
def prod(plans: Plans) -> Plan:
    return plans("prod")


def bare(**arguments: Any) -> Callable[[], object]:
    """A program with one bucket `b`, encrypted by S3, and whatever else is asked for."""
    settings: dict[str, Any] = {"key": None, "lifecycle": LifecycleRules(), "classification": "phi"}
    return lambda: SecureBucket("b", SCOPE, bucket_name="lung-test-b", **(settings | arguments))


@pytest.mark.parametrize("bucket", BUCKETS)
def test_every_bucket_is_versioned(bucket: str, prod: Plan):
    versions = prod.resource(s3.BucketVersioning, name=f"storage-{bucket}-versions")
    assert versions.inputs["versioningConfiguration"] == {"status": "Enabled"}


@pytest.mark.parametrize("bucket", BUCKETS)
def test_every_bucket_refuses_plain_http_and_old_tls(bucket: str, prod: Plan):
    found = statements(prod.resource(s3.BucketPolicy, name=f"storage-{bucket}-access"))
    arn = f"arn:aws:s3:::octank-prod-{bucket}-444455556666"
    for sid, condition in (
        ("RefusePlainHttp", {"Bool": {"aws:SecureTransport": "false"}}),
        ("RefuseOldTls", {"NumericLessThan": {"s3:TlsVersion": "1.2"}}),
    ):
        assert found[sid]["Effect"] == "Deny"
        assert (found[sid]["Principal"], found[sid]["Action"]) == ("*", "s3:*")
        assert found[sid]["Resource"] == [arn, f"{arn}/*"]
        assert found[sid]["Condition"] == condition


@pytest.mark.parametrize("bucket", BUCKETS)
def test_every_bucket_blocks_public_access(bucket: str, prod: Plan):
    inputs = prod.resource(s3.BucketPublicAccessBlock, name=f"storage-{bucket}-private").inputs
    switches = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    assert [inputs[switch] for switch in switches] == [True] * 4


@pytest.mark.parametrize("bucket", BUCKETS)
def test_every_bucket_has_acls_switched_off(bucket: str, prod: Plan):
    ownership = prod.resource(s3.BucketOwnershipControls, name=f"storage-{bucket}-ownership")
    assert ownership.inputs["rule"] == {"objectOwnership": "BucketOwnerEnforced"}


@pytest.mark.parametrize("bucket", BUCKETS)
def test_a_bucket_policy_waits_for_the_public_access_block(bucket: str, prod: Plan):
    policy = prod.resource(s3.BucketPolicy, name=f"storage-{bucket}-access")
    assert f"storage-{bucket}-private" in dependencies(prod, policy)


@pytest.mark.parametrize("bucket", ["images", "archive"])
def test_images_and_archive_are_encrypted_with_their_own_key(bucket: str, prod: Plan):
    encryption = prod.resource(s3.BucketServerSideEncryptionConfiguration, name=f"storage-{bucket}-encryption")
    (rule,) = encryption.inputs["rules"]
    default = rule["applyServerSideEncryptionByDefault"]
    assert default["sseAlgorithm"] == "aws:kms"
    assert references_of(prod, default["kmsMasterKeyId"]) == [f"keys-{bucket}.arn"]


@pytest.mark.parametrize("bucket", BUCKETS)
def test_no_bucket_takes_keys_of_the_customer(bucket: str, prod: Plan):
    encryption = prod.resource(name=f"storage-{bucket}-encryption")
    assert encryption.inputs["rules"][0]["blockedEncryptionTypes"] == ["SSE-C"]


def test_access_logs_are_encrypted_by_s3_alone(prod: Plan):
    encryption = prod.resource(name="storage-access-logs-encryption")
    assert encryption.inputs["rules"][0]["applyServerSideEncryptionByDefault"] == {"sseAlgorithm": "AES256"}


@pytest.mark.parametrize("bucket", ["images", "archive"])
def test_every_access_to_images_and_archive_is_logged(bucket: str, prod: Plan):
    logging = prod.resource(s3.BucketLogging, name=f"storage-{bucket}-access-logging").inputs
    assert logging["targetBucket"] == "octank-prod-access-logs-444455556666"
    assert logging["targetPrefix"] == f"s3/octank-prod-{bucket}-444455556666/"


def test_log_delivery_may_write_below_its_prefix_for_this_account_only(prod: Plan):
    delivery = statements(prod.resource(name="storage-access-logs-access"))["S3AccessLogs"]
    assert delivery["Resource"] == ["arn:aws:s3:::octank-prod-access-logs-444455556666/s3/*"]
    assert delivery["Condition"] == {"StringEquals": {"aws:SourceAccount": "444455556666"}}


def test_access_logs_end_with_the_audit_retention(prod: Plan):
    (tidy,) = prod.resource(name="storage-access-logs-lifecycle").inputs["rules"]
    assert tidy["expiration"] == {"days": 2192}


@pytest.mark.parametrize("bucket", ["images", "archive"])
def test_images_never_expire(bucket: str, prod: Plan):
    rules = prod.resource(name=f"storage-{bucket}-lifecycle").inputs["rules"]
    assert all("expiration" not in rule for rule in rules)


@pytest.mark.parametrize("stack", stacks())
def test_images_move_only_to_classes_that_read_at_once(stack: str, plans: Plans):
    rules = plans(stack).resource(name="storage-images-lifecycle").inputs["rules"]
    classes = {step["storageClass"] for rule in rules for step in rule.get("transitions", ())}
    assert classes <= {"STANDARD_IA", "GLACIER_IR"} != set()


def test_an_age_for_a_colder_class_before_a_warmer_one_is_refused():
    with pytest.raises(SettingsError, match="storage"):
        plan("dev", overrides={"storage": {"standard_ia_days": 60, "glacier_ir_days": 30}})


def test_the_archive_is_locked_for_as_long_as_settings_say(prod: Plan):
    assert prod.resource(name="storage-archive-bucket").inputs["objectLockEnabled"] is True
    lock = prod.resource(s3.BucketObjectLockConfiguration, name="storage-archive-lock").inputs
    assert lock["rule"]["defaultRetention"] == {"mode": "GOVERNANCE", "days": 3653}


def test_the_lock_waits_for_versioning(prod: Plan):
    assert "storage-archive-versions" in dependencies(prod, prod.resource(name="storage-archive-lock"))


def test_the_archive_and_all_its_safeguards_stay_when_the_stack_goes(prod: Plan):
    kept = prod.children(prod.resource(name="storage-archive").urn)
    assert len(kept) == 10
    assert all(resource.retain_on_delete for resource in kept)


def test_the_log_of_who_fetched_what_stays_as_long_as_the_archive(prod: Plan):
    assert prod.resource(name="storage-access-logs-bucket").retain_on_delete


def test_the_images_themselves_go_with_the_stack(prod: Plan):
    gone = prod.children(prod.resource(name="storage-images").urn)
    assert not any(resource.retain_on_delete for resource in gone)


def test_every_setting_of_a_bucket_is_below_its_component(prod: Plan):
    for name in BUCKETS:
        component = prod.resource(name=f"storage-{name}")
        assert component.parent == prod.resource(name="storage").urn
        assert prod.resource(name=f"storage-{name}-bucket").parent == component.urn


def test_a_bucket_without_a_target_logs_nowhere(record: Record):
    assert record(bare()).of_type(s3.BucketLogging) == []


def test_a_bucket_without_lock_days_has_no_object_lock(record: Record):
    made = record(bare())
    assert made.of_type(s3.BucketObjectLockConfiguration) == []
    assert made.resource(s3.Bucket).inputs["objectLockEnabled"] is False


def test_a_bucket_in_another_region_has_every_setting_there(record: Record):
    made = record(bare(region="us-west-2", lock_days=1))
    settings = [resource for resource in made.resources if resource.custom]
    assert {resource.inputs["region"] for resource in settings} == {"us-west-2"}


def test_further_statements_stand_beside_the_refusals(record: Record):
    reading = allow("Reading", ["s3:GetObject"], ["arn:aws:s3:::lung-test-b/*"], principal={"AWS": "*"})
    made = record(bare(statements=[reading]))
    assert list(statements(made.resource(s3.BucketPolicy))) == ["RefusePlainHttp", "RefuseOldTls", "Reading"]


def test_a_bucket_key_saves_calls_to_the_key(record: Record):
    def encrypted_bucket() -> None:
        bare(key=kms.Key("k"))()

    made = record(encrypted_bucket)
    (rule,) = made.resource(s3.BucketServerSideEncryptionConfiguration).inputs["rules"]
    assert rule["bucketKeyEnabled"] is True


@pytest.mark.parametrize("image", ["nginx", "orthanc"])
def test_a_repository_is_immutable_scanned_and_encrypted(image: str, prod: Plan):
    inputs = prod.resource("awsx:ecr:Repository", name=f"images-{image}-repository").inputs
    assert inputs["imageTagMutability"] == "IMMUTABLE"
    assert inputs["imageScanningConfiguration"] == {"scanOnPush": True}
    (encryption,) = inputs["encryptionConfigurations"]
    assert encryption["encryptionType"] == "KMS"
    assert references_of(prod, encryption["kmsKey"]) == ["keys-images.arn"]


def test_an_image_is_built_for_the_architecture_of_its_tier():
    made = plan("dev", overrides={"web": {"architecture": "X86_64"}})
    assert made.resource(name="images-nginx-image").inputs["platform"] == "linux/amd64"
    assert made.resource(name="images-orthanc-image").inputs["platform"] == "linux/arm64"


def test_an_image_whose_digest_is_known_is_not_built():
    digest = f"sha256:{'a' * 64}"
    made = plan("dev", overrides={"images": {"orthanc": digest}})
    assert [image.name for image in made.of_type("awsx:ecr:Image")] == ["images-nginx-image"]
    assert f"@{digest}" in made.resource(name="app-task").inputs["containerDefinitions"]
