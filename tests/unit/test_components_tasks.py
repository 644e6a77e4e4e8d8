"""The cluster, the two tiers and how they scale, as they are registered."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pulumi_aws import appautoscaling, cloudwatch, ecs, servicediscovery

from components.service.orthanc_configuration import Senders, configuration
from components.service.tier import capacity_providers
from ops.plan import Plan
from ops.plan.configuration import stacks
from tests.conftest import Plans
from tests.planned import plan
from tests.unit.reading import dependencies, references_of, statements

TIERS = ("app", "web")


@pytest.fixture
def prod(plans: Plans) -> Plan:
    return plans("prod")


def container(plan: Plan, tier: str) -> dict[str, Any]:
    (only,) = json.loads(plan.resource(ecs.TaskDefinition, name=f"{tier}-task").inputs["containerDefinitions"])
    return only


def weights(plan: Plan, tier: str) -> dict[str, int]:
    parts = plan.resource(ecs.Service, name=f"{tier}-service").inputs["capacityProviderStrategies"]
    return {part["capacityProvider"]: part["weight"] for part in parts}


def test_task_disks_are_encrypted_with_the_key_for_images(prod: Plan):
    storage = prod.resource(ecs.Cluster).inputs["configuration"]["managedStorageConfiguration"]
    assert references_of(prod, storage["fargateEphemeralStorageKmsKeyId"]) == ["keys-images.arn"]


def test_an_interactive_session_would_be_encrypted_and_logged(prod: Plan):
    session = prod.resource(ecs.Cluster).inputs["configuration"]["executeCommandConfiguration"]
    assert session["logging"] == "OVERRIDE"
    assert references_of(prod, session["kmsKeyId"]) == ["keys-logs.arn"]
    assert session["logConfiguration"]["cloudWatchEncryptionEnabled"] is True


@pytest.mark.parametrize("tier", TIERS)
def test_no_service_allows_an_interactive_session(tier: str, prod: Plan):
    assert prod.resource(ecs.Service, name=f"{tier}-service").inputs["enableExecuteCommand"] is False


@pytest.mark.parametrize(("tier", "listener"), [("app", "edge-dicom-listener"), ("web", "edge-dicom-web")])
def test_the_tiers_service_waits_for_its_listener(tier: str, listener: str, prod: Plan):
    assert listener in dependencies(prod, prod.resource(ecs.Service, name=f"{tier}-service"))


@pytest.mark.parametrize("tier", TIERS)
def test_a_service_waits_for_the_capacity_it_asks_for(tier: str, prod: Plan):
    assert "cluster-capacity" in dependencies(prod, prod.resource(ecs.Service, name=f"{tier}-service"))


@pytest.mark.parametrize("tier", TIERS)
def test_tasks_have_no_public_address(tier: str, prod: Plan):
    network = prod.resource(ecs.Service, name=f"{tier}-service").inputs["networkConfiguration"]
    assert network["assignPublicIp"] is False
    assert references_of(prod, network["subnets"]) == ["network-app-a.id", "network-app-b.id"]
    assert references_of(prod, network["securityGroups"]) == [f"{tier}-tasks.id"]


@pytest.mark.parametrize("tier", TIERS)
def test_a_bad_release_is_rolled_back(tier: str, prod: Plan):
    inputs = prod.resource(ecs.Service, name=f"{tier}-service").inputs
    assert inputs["deploymentCircuitBreaker"] == {"enable": True, "rollback": True}
    assert inputs["deploymentMinimumHealthyPercent"] == 100


@pytest.mark.parametrize("tier", TIERS)
def test_an_update_leaves_the_number_of_tasks_to_scaling(tier: str, prod: Plan):
    assert prod.resource(ecs.Service, name=f"{tier}-service").ignore_changes == ("desiredCount",)


def test_spot_share_1_leaves_fargate_out(plans: Plans):
    assert weights(plans("dev"), "app") == {"FARGATE_SPOT": 100}


def test_spot_share_0_leaves_spot_out(prod: Plan):
    assert weights(prod, "app") == {"FARGATE": 100}


def test_a_spot_share_between_uses_both():
    mixed = plan("dev", overrides={"web": {"spot_share": 0.25}})
    assert weights(mixed, "web") == {"FARGATE": 75, "FARGATE_SPOT": 25}


@given(st.floats(0, 1))
def test_every_provider_of_a_strategy_has_a_weight_and_spot_its_share(share: float):
    parts = {str(part.capacity_provider): int(str(part.weight)) for part in capacity_providers(share)}
    assert all(weight > 0 for weight in parts.values())
    assert abs(parts.get("FARGATE_SPOT", 0) - 100 * share) <= 0.5


def test_without_a_load_balancer_there_is_no_grace_for_its_health_check(plans: Plans):
    inputs = plans("dev").resource(ecs.Service, name="app-service").inputs
    assert not {"loadBalancers", "healthCheckGracePeriodSeconds"} & {key for key, value in inputs.items() if value}


@pytest.mark.parametrize("tier", TIERS)
def test_a_container_runs_read_only_and_not_as_root(tier: str, prod: Plan):
    only = container(prod, tier)
    assert (only["readonlyRootFilesystem"], only["privileged"]) == (True, False)
    assert not only["user"].startswith(("0", "root"))


def test_code_is_loaded_only_from_the_memory_that_holds_plugins(prod: Plan):
    options = {
        each["containerPath"]: set(each["mountOptions"])
        for tier in TIERS
        for each in container(prod, tier)["linuxParameters"]["tmpfs"]
    }
    assert {path for path, found in options.items() if "exec" in found} == {"/run/orthanc"}
    assert {path for path, found in options.items() if "noexec" in found} == options.keys() - {"/run/orthanc"}


@pytest.mark.parametrize("tier", TIERS)
def test_a_container_logs_to_its_encrypted_group(tier: str, prod: Plan):
    group = prod.resource(cloudwatch.LogGroup, name=f"{tier}-logs").inputs["name"]
    assert container(prod, tier)["logConfiguration"]["options"]["awslogs-group"] == group


@pytest.mark.parametrize("tier", TIERS)
def test_a_task_definition_waits_until_both_roles_have_their_rights(tier: str, prod: Plan):
    waits = dependencies(prod, prod.resource(ecs.TaskDefinition, name=f"{tier}-task"))
    attachments = {
        each.name for each in prod.resources if each.name.startswith(f"{tier}-") and "-attachment" in each.name
    }
    assert attachments
    assert attachments <= waits


def test_a_task_definition_waits_for_the_values_of_its_secrets(prod: Plan):
    waits = dependencies(prod, prod.resource(ecs.TaskDefinition, name="app-task"))
    secrets = {"database-mb-db-user", "database-mb-db-password", "users-orthanc-users", "ca-tls-app"}
    assert {f"{secret}-value" for secret in secrets} <= waits


@pytest.mark.parametrize(
    ("tier", "variable", "secret"),
    [
        ("app", "TLS_BUNDLE", "ca-tls-app"),
        ("app", "ORTHANC_USERS", "users-orthanc-users"),
        ("web", "TLS_BUNDLE", "ca-tls-web"),
        ("web", "ORTHANC_CREDENTIAL", "users-orthanc-credential"),
    ],
)
def test_a_renewed_secret_deploys_new_tasks(tier: str, variable: str, secret: str, prod: Plan):
    version = container(prod, tier)["dockerLabels"][f"version.{variable}"]
    assert version.isdigit()
    assert str(prod.resource(name=f"{secret}-value").inputs["secretStringWoVersion"]) in {version, "[secret]"}
    assert f"{secret}-value" in dependencies(prod, prod.resource(ecs.TaskDefinition, name=f"{tier}-task"))


@pytest.mark.parametrize("stack", stacks())
@pytest.mark.parametrize("tier", TIERS)
def test_a_task_definition_fits_ecs(tier: str, stack: str, plans: Plans):
    text = plans(stack).resource(ecs.TaskDefinition, name=f"{tier}-task").inputs["containerDefinitions"]
    assert 0 < len(text.encode()) < 64 * 1024


def test_the_start_role_reads_the_secrets_of_its_tier_alone(prod: Plan):
    read = statements(prod.resource(name="web-start-policy"))["ReadSecrets"]["Resource"]
    arn = "arn:aws:secretsmanager:us-east-1:444455556666:secret:octank-prod"
    assert set(read) == {f"{arn}/tls-web-??????", f"{arn}/orthanc-credential-??????"}


def test_the_start_role_pulls_from_the_repository_of_its_tier_alone(prod: Plan):
    pull = statements(prod.resource(name="app-start-policy"))["PullImage"]
    assert pull["Resource"] == ["arn:aws:ecr:us-east-1:444455556666:repository/octank-prod-orthanc"]


def test_orthanc_reaches_its_own_objects_alone(prod: Plan):
    found = statements(prod.resource(name="app-run-policy"))
    assert found["Images"]["Resource"] == ["arn:aws:s3:::octank-prod-images-444455556666/images/*"]
    assert found["ListImages"]["Resource"] == ["arn:aws:s3:::octank-prod-images-444455556666"]


def test_orthanc_uses_the_key_for_images_through_s3_alone(prod: Plan):
    condition = statements(prod.resource(name="app-run-policy"))["ImageKey"]["Condition"]
    assert condition["StringEquals"] == {"kms:ViaService": "s3.us-east-1.amazonaws.com"}
    assert condition["ForAnyValue:StringEquals"] == {"kms:ResourceAliases": "alias/octank-prod/images"}


def test_a_sender_may_store_and_nothing_else():
    senders = Senders(titles={"lab": ["CT1"]})
    made = configuration(
        endpoint="db", bucket="b", region="us-east-1", connections=1, senders=senders, with_viewer=False
    )
    rights = {key: value for key, value in made["DicomModalities"]["lab-ct1"].items() if key.startswith("Allow")}
    assert {key for key, allowed in rights.items() if allowed} == {"AllowEcho", "AllowStore"}


@pytest.mark.parametrize("tier", TIERS)
def test_a_tier_is_found_by_its_name(tier: str, prod: Plan):
    assert prod.resource(servicediscovery.Service, name=f"{tier}-name").inputs["name"] == tier


@pytest.mark.parametrize("tier", TIERS)
def test_only_healthy_tasks_are_resolved(tier: str, prod: Plan):
    inputs = prod.resource(servicediscovery.Service, name=f"{tier}-name").inputs
    assert inputs["healthCheckCustomConfig"] == {"failureThreshold": 1}
    assert "healthCheckConfig" not in inputs


@pytest.mark.parametrize("tier", TIERS)
def test_a_discovery_name_is_deleted_with_its_instances(tier: str, prod: Plan):
    assert prod.resource(servicediscovery.Service, name=f"{tier}-name").inputs["forceDestroy"] is True


@pytest.mark.parametrize("tier", TIERS)
def test_scaling_waits_for_the_service_and_keeps_its_range(tier: str, prod: Plan):
    target = prod.resource(appautoscaling.Target, name=f"{tier}-scaling-target")
    assert f"{tier}-service" in dependencies(prod, target)
    assert target.ignore_changes == ("minCapacity", "maxCapacity")


def test_every_boundary_of_the_week_sets_the_floor(prod: Plan):
    floors = {
        action.name: action.inputs["scalableTargetAction"]["minCapacity"]
        for action in prod.of_type(appautoscaling.ScheduledAction)
        if action.name.startswith("app-")
    }
    assert floors == {"app-scaling-standard-0655": 2, "app-scaling-burst-1755": 8, "app-scaling-quiet-1900": 2}


def test_a_period_without_load_switches_the_tier_off(plans: Plans):
    action = plans("dev").resource(appautoscaling.ScheduledAction, name="app-scaling-off-1800")
    assert action.inputs["scalableTargetAction"] == {"minCapacity": 0, "maxCapacity": 0}


@pytest.mark.parametrize("tier", TIERS)
def test_a_surge_doubles_the_tier_within_a_minute(tier: str, prod: Plan):
    policy = prod.resource(appautoscaling.Policy, name=f"{tier}-scaling-surge").inputs["stepScalingPolicyConfiguration"]
    assert (policy["adjustmentType"], policy["stepAdjustments"][0]["scalingAdjustment"]) == (
        "PercentChangeInCapacity",
        100,
    )
    alarm = prod.resource(cloudwatch.MetricAlarm, name=f"{tier}-scaling-surge-alarm").inputs
    assert (alarm["period"], alarm["evaluationPeriods"]) == (60, 1)
    assert references_of(prod, alarm["alarmActions"])[0] == f"{tier}-scaling-surge.arn"


@pytest.mark.parametrize(
    ("tier", "metric"), [("app", "ECSServiceAverageCPUUtilization"), ("web", "ALBRequestCountPerTarget")]
)
def test_a_tier_tracks_what_limits_it(tier: str, metric: str, prod: Plan):
    tracked = prod.resource(appautoscaling.Policy, name=f"{tier}-scaling-tracking").inputs
    specification = tracked["targetTrackingScalingPolicyConfiguration"]["predefinedMetricSpecification"]
    assert specification["predefinedMetricType"] == metric
