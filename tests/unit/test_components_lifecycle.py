"""What each phase of a study lets be deleted, and what no phase ever does."""

from __future__ import annotations

import pytest
from pulumi_aws import lb, rds, s3

from layout.lifecycle import Lifecycle
from ops.plan import Plan
from tests.unit.phases import in_phase
from tests.unit.reading import statements

PHASES = ("active", "closing", "archived")
FORWARDED = "urn:pulumi:prod::image-store::imgstore:splunk:SplunkStream$aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter::splunk-from-index-export"
"""The log of the function that exports the index goes where all logs go."""


def phase(name: str) -> Plan:
    return in_phase("prod", name)


def emptied_buckets(plan: Plan) -> set[str]:
    return {bucket.name for bucket in plan.of_type(s3.Bucket) if bucket.inputs["forceDestroy"]}


@pytest.mark.parametrize("name", ["closing", "archived"])
def test_leaving_the_active_phase_lifts_protection(name: str):
    assert any(resource.protect for resource in phase("active").resources)
    assert not any(resource.protect for resource in phase(name).resources)


@pytest.mark.parametrize("name", ["closing", "archived"])
def test_leaving_the_active_phase_lifts_deletion_protection(name: str):
    made = phase(name)
    assert made.resource(rds.Cluster).inputs["deletionProtection"] is False
    assert {load_balancer.inputs["enableDeletionProtection"] for load_balancer in made.of_type(lb.LoadBalancer)} == {
        False
    }


def test_every_bucket_is_protected_while_the_study_is_active():
    assert all(bucket.protect for bucket in phase("active").of_type(s3.Bucket))


@pytest.mark.parametrize("name", ["active", "closing"])
def test_no_bucket_is_emptied_before_the_images_are_archived(name: str):
    assert emptied_buckets(phase(name)) == set()


def test_archived_empties_the_image_bucket_but_never_the_archive():
    assert "storage-images-bucket" in emptied_buckets(phase("archived"))
    assert "storage-archive-bucket" not in emptied_buckets(phase("archived"))


@pytest.mark.parametrize("name", PHASES)
def test_the_archive_stays_in_every_phase(name: str):
    assert phase(name).resource(name="storage-archive-bucket").retain_on_delete


@pytest.mark.parametrize("name", PHASES)
def test_the_database_leaves_a_final_snapshot_in_every_phase(name: str):
    assert phase(name).resource(rds.Cluster).inputs["skipFinalSnapshot"] is False


def test_orthanc_stores_while_the_study_is_active():
    assert "s3:PutObject" in statements(phase("active").resource(name="app-run-policy"))["Images"]["Action"]


@pytest.mark.parametrize("name", ["closing", "archived"])
def test_closing_leaves_orthanc_nothing_but_reading(name: str):
    assert statements(phase(name).resource(name="app-run-policy"))["Images"]["Action"] == ["s3:GetObject"]


@pytest.mark.parametrize(("name", "deletable"), [("active", False), ("closing", True)])
def test_container_images_go_only_once_the_study_is_closing(name: str, deletable: bool):  # noqa: FBT001  a case
    repositories = phase(name).of_type("awsx:ecr:Repository")
    assert {repository.inputs["forceDelete"] for repository in repositories} == {deletable}


def test_closing_adds_what_archives_and_removes_nothing():
    active, closing, archived = ({resource.urn for resource in phase(name).resources} for name in PHASES)
    assert active < closing == archived
    assert {urn for urn in closing - active if "closing:Closing" not in urn} == {FORWARDED}


@pytest.mark.parametrize("name", PHASES)
def test_nothing_is_emptied_that_is_still_protected(name: str):
    lifecycle = Lifecycle.of(name)
    assert not (lifecycle.emptied and (lifecycle.protected or lifecycle.writable))
