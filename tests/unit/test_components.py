"""What each component registers in the stacks as shipped, one behaviour a test; and what a setting changes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pulumi_aws import appautoscaling, budgets, cloudwatch, ec2, ecs, kms, lb, rds, s3, scheduler, secretsmanager, vpc

from ops.plan import Plan, PlannedResource
from tests.conftest import Plans
from tests.planned import plan

ANYWHERE = "0.0.0.0/0"
STACKS = ("dev", "prod")
both = pytest.mark.parametrize("stack", STACKS)


def statements(resource: PlannedResource, name: str = "policy") -> list[dict[str, Any]]:
    return json.loads(resource.inputs[name])["Statement"]


def in_phase(phase: str) -> Plan:
    return plan("prod", overrides={"phase": phase})


@both
def test_every_key_rotates_and_names_the_services_that_use_it(plans: Plans, stack: str) -> None:
    for key in plans(stack).of_type(kms.Key):
        assert key.inputs["enableKeyRotation"] is True
        for statement in statements(key):
            assert statement["Principal"] != "*"
            assert "Condition" in statement or statement["Sid"] == "AccountAdministration"


@both
def test_no_subnet_hands_out_public_addresses(plans: Plans, stack: str) -> None:
    assert all(subnet.inputs["mapPublicIpOnLaunch"] is False for subnet in plans(stack).of_type(ec2.Subnet))


@both
def test_tasks_and_database_have_no_route_to_the_internet(plans: Plans, stack: str) -> None:
    found = plans(stack)
    for route in found.of_type(ec2.Route):
        if route.inputs.get("destinationCidrBlock") == ANYWHERE:
            (table,) = [one for one in found.references(route.inputs["routeTableId"])]
            assert table.urn.endswith(("network-edge-routes", "egress-routes")), f"{route.name} leads out"


def test_behind_a_vpn_the_edge_reaches_the_internet_only_through_nat_and_only_for_sign_in(plans: Plans) -> None:
    (out,) = [route for route in plans("prod").of_type(ec2.Route) if "edge" in str(route.inputs["routeTableId"])]
    assert "natGatewayId" in out.inputs
    without = plan("prod", overrides={"identity": None, "client_vpn": None, "viewer": False})
    assert without.of_type(ec2.NatGateway) == []
    assert without.of_type(ec2.InternetGateway) == []


@both
def test_defaults_of_the_vpc_are_adopted_empty(plans: Plans, stack: str) -> None:
    for kind in (ec2.DefaultSecurityGroup, ec2.DefaultRouteTable, ec2.DefaultNetworkAcl):
        (default,) = plans(stack).of_type(kind)
        assert not {"ingress", "egress", "routes", "subnetIds"} & default.inputs.keys()


@both
def test_every_bucket_has_all_its_safeguards(plans: Plans, stack: str) -> None:
    found = plans(stack)
    companions = (
        s3.BucketPublicAccessBlock,
        s3.BucketOwnershipControls,
        s3.BucketVersioning,
        s3.BucketServerSideEncryptionConfiguration,
        s3.BucketPolicy,
        s3.BucketLifecycleConfiguration,
    )
    buckets = {bucket.name.removesuffix("-bucket") for bucket in found.of_type(s3.Bucket)}
    for kind in companions:
        assert {one.name.rpartition("-")[0] for one in found.of_type(kind)} == buckets, kind


@both
def test_images_and_archive_are_encrypted_with_their_own_keys_and_logs_as_aws_demands(plans: Plans, stack: str) -> None:
    found = plans(stack)
    keys = {}
    for one in found.of_type(s3.BucketServerSideEncryptionConfiguration):
        default = one.inputs["rules"][0]["applyServerSideEncryptionByDefault"]
        named = [reference.urn.rpartition("::")[2] for reference in found.references(default)]
        keys[one.name.removeprefix("storage-").removesuffix("-encryption")] = named or default["sseAlgorithm"]
    own = {"images": ["keys-images"], "archive": ["keys-archive"], "access-logs": "AES256"}
    assert {name: keys[name] for name in own} == own


def test_the_archive_is_locked_and_never_deleted_with_the_stack(plans: Plans) -> None:
    archive = plans("prod").resource(s3.Bucket, name="storage-archive-bucket")
    assert archive.inputs["objectLockEnabled"] is True
    assert archive.retain_on_delete
    assert in_phase("archived").resource(s3.Bucket, name="storage-archive-bucket").inputs["forceDestroy"] is False


@pytest.mark.parametrize(
    ("phase", "protected", "emptied"), [("active", True, False), ("closing", False, False), ("archived", False, True)]
)
def test_the_phase_decides_what_may_be_deleted_in_pulumi_and_in_aws(
    phase: str, *, protected: bool, emptied: bool
) -> None:
    found = in_phase(phase)
    cluster, images = found.resource(rds.Cluster), found.resource(s3.Bucket, name="storage-images-bucket")
    assert (cluster.protect, cluster.inputs["deletionProtection"]) == (protected, protected)
    assert (images.protect, images.inputs["forceDestroy"]) == (protected, emptied)
    assert {one.inputs["enableDeletionProtection"] for one in found.of_type(lb.LoadBalancer)} == {protected}


def test_closing_takes_the_right_to_store_images_away() -> None:
    def rights(found: Plan) -> set[str]:
        policy = next(one for one in found.resources if one.name == "app-run-policy")
        return {action for statement in statements(policy) for action in statement["Action"]}

    assert "s3:PutObject" in rights(in_phase("active"))
    assert not rights(in_phase("closing")) & {"s3:PutObject", "s3:DeleteObject"}


@both
def test_the_database_is_encrypted_private_and_backed_up(plans: Plans, stack: str) -> None:
    found = plans(stack)
    cluster = found.resource(rds.Cluster)
    assert cluster.inputs["storageEncrypted"] is True
    assert [one.urn.rpartition("::")[2] for one in found.references(cluster.inputs["kmsKeyId"])] == ["keys-database"]
    assert cluster.inputs["skipFinalSnapshot"] is False
    assert all(one.inputs["publiclyAccessible"] is False for one in found.of_type(rds.ClusterInstance))
    parameters = {one["name"]: one["value"] for one in found.resource(rds.ClusterParameterGroup).inputs["parameters"]}
    assert parameters["rds.force_ssl"] == "1"
    assert parameters["log_statement"] == "none", "statements carry patient names"


def test_readers_follow_the_settings(plans: Plans) -> None:
    assert {one.name for one in plans("prod").of_type(rds.ClusterInstance)} == {"database-writer", "database-reader-1"}
    assert {one.name for one in plans("dev").of_type(rds.ClusterInstance)} == {"database-writer"}


@both
def test_a_service_waits_for_the_listener_of_its_target_group(plans: Plans, stack: str) -> None:
    web = plans(stack).resource(ecs.Service, name="web-service")
    assert [urn for urn in web.dependencies if urn.endswith("::edge-dicom-web")]
    assert web.inputs["deploymentCircuitBreaker"] == {"enable": True, "rollback": True}
    assert web.inputs["networkConfiguration"]["assignPublicIp"] is False
    assert "desiredCount" in web.ignore_changes


def test_spot_is_for_dev(plans: Plans) -> None:
    def providers(stack: str) -> set[str]:
        services = plans(stack).of_type(ecs.Service)
        return {one["capacityProvider"] for service in services for one in service.inputs["capacityProviderStrategies"]}

    assert providers("dev") == {"FARGATE_SPOT"}
    assert providers("prod") == {"FARGATE"}


def test_the_week_of_the_study_sets_the_floor_of_each_tier(plans: Plans) -> None:
    actions = plans("prod").of_type(appautoscaling.ScheduledAction)
    floors = {one.name: one.inputs["scalableTargetAction"]["minCapacity"] for one in actions}
    assert floors["app-scaling-burst-1755"] == 8
    assert floors["app-scaling-quiet-1900"] == 2
    assert floors["web-scaling-burst-1755"] == 4
    assert {one.inputs["timezone"] for one in actions} == {"America/New_York"}


def test_start_and_run_time_rights_are_two_roles(plans: Plans) -> None:
    for task in plans("prod").of_type(ecs.TaskDefinition):
        assert task.inputs["executionRoleArn"] != task.inputs["taskRoleArn"]


@both
def test_the_listener_speaks_tls_1_2_or_newer_and_refuses_what_is_not_dicomweb(plans: Plans, stack: str) -> None:
    https = plans(stack).resource(lb.Listener, name="edge-https")
    assert https.inputs["sslPolicy"] == "ELBSecurityPolicy-TLS13-1-2-2021-06"
    assert https.inputs["defaultActions"][0]["fixedResponse"]["statusCode"] == "404"


def test_dicom_is_reachable_only_behind_a_vpn_and_its_load_balancer_may_probe(plans: Plans) -> None:
    assert [one.name for one in plans("prod").of_type(lb.Listener)].count("edge-dicom-listener") == 1
    assert "edge-dicom-listener" not in {one.name for one in plans("dev").of_type(lb.Listener)}
    opened = {one.name: one.inputs["toPort"] for one in plans("prod").of_type(vpc.SecurityGroupIngressRule)}
    probed = plans("prod").resource(lb.TargetGroup, name="edge-dicom").inputs["healthCheck"]["port"]
    assert opened["app-dicom-https-ingress"] == int(probed)
    assert opened["app-dicom-dicom-ingress"] == 11112


def test_with_sign_in_every_rule_has_a_gate_before_it_forwards(plans: Plans) -> None:
    rules = {
        rule.name: [action["type"] for action in rule.inputs["actions"]]
        for rule in plans("prod").of_type(lb.ListenerRule)
    }
    assert rules == {
        "edge-token-store": ["jwt-validation", "forward"],
        "edge-token-read": ["jwt-validation", "forward"],
        "edge-dicom-web": ["authenticate-cognito", "forward"],
        "edge-viewer": ["authenticate-cognito", "forward"],
    }


def test_a_token_to_read_does_not_store(plans: Plans) -> None:
    store = plans("prod").resource(lb.ListenerRule, name="edge-token-store")
    (claim,) = store.inputs["actions"][0]["jwtValidation"]["additionalClaims"]
    assert claim["values"] == ["dicomweb/store"]
    assert {"httpRequestMethod": {"values": ["POST"]}} in store.inputs["conditions"]


def test_both_tunnels_of_a_center_take_one_strong_proposal(plans: Plans) -> None:
    (connection,) = plans("prod").of_type(ec2.VpnConnection)
    for tunnel in ("tunnel1", "tunnel2"):
        assert connection.inputs[f"{tunnel}IkeVersions"] == ["ikev2"]
        for phase in ("Phase1", "Phase2"):
            assert connection.inputs[f"{tunnel}{phase}EncryptionAlgorithms"] == ["AES256-GCM-16"]
            assert connection.inputs[f"{tunnel}{phase}DhGroupNumbers"] == [20]
    assert connection.inputs["presharedKeyStorage"] == "SecretsManager"
    assert not [name for name in connection.inputs if name.endswith("PresharedKey")]


def test_the_database_never_learns_the_way_to_a_center(plans: Plans) -> None:
    tables = {str(one.inputs["routeTableId"]) for one in plans("prod").of_type(ec2.VpnGatewayRoutePropagation)}
    assert tables
    assert not [table for table in tables if "network-data-routes" in table]


def test_without_a_center_s_device_no_vpn_is_made(plans: Plans) -> None:
    assert plans("dev").of_type(ec2.VpnGateway) == []


def test_people_can_neither_register_nor_have_a_password(plans: Plans) -> None:
    (pool,) = [one for one in plans("prod").resources if one.type.endswith(":UserPool")]
    assert pool.inputs["adminCreateUserConfig"] == {"allowAdminCreateUserOnly": True}
    clients = [one for one in plans("prod").resources if one.type.endswith(":UserPoolClient")]
    assert {flow for client in clients for flow in client.inputs["explicitAuthFlows"]} == {"ALLOW_REFRESH_TOKEN_AUTH"}
    machines = [one for one in clients if one.name.startswith("identity-center-")]
    assert {tuple(one.inputs["allowedOauthFlows"]) for one in machines} == {("client_credentials",)}
    assert len(machines) == 2


def test_the_client_vpn_lets_groups_in_never_everybody(plans: Plans) -> None:
    rules = [one for one in plans("prod").resources if one.type.endswith(":AuthorizationRule")]
    assert rules
    assert all(one.inputs.get("accessGroupId") and not one.inputs.get("authorizeAllGroups") for one in rules)
    (endpoint,) = [one for one in plans("prod").resources if one.type == "aws:ec2clientvpn/endpoint:Endpoint"]
    assert endpoint.inputs["splitTunnel"] is True
    assert endpoint.inputs["sessionTimeoutHours"] == 8
    assert endpoint.inputs["connectionLogOptions"]["enabled"] is True


def test_a_tunnel_that_stays_down_is_told_to_somebody(plans: Plans) -> None:
    alarms = [one for one in plans("prod").of_type(cloudwatch.MetricAlarm) if one.name.startswith("vpn-")]
    assert len(alarms) == 3
    assert all(one.inputs["alarmActions"] and one.inputs["insufficientDataActions"] for one in alarms)


@both
def test_every_log_group_is_encrypted_and_kept(plans: Plans, stack: str) -> None:
    for group in plans(stack).of_type(cloudwatch.LogGroup):
        assert group.inputs["kmsKeyId"]
        assert group.inputs["retentionInDays"] >= 365


@both
def test_every_secret_has_the_secrets_key_and_a_write_only_value(plans: Plans, stack: str) -> None:
    found = plans(stack)
    for secret in found.of_type(secretsmanager.Secret):
        assert [one.urn.rpartition("::")[2] for one in found.references(secret.inputs["kmsKeyId"])] == ["keys-secrets"]
    for version in found.of_type(secretsmanager.SecretVersion):
        assert "secretString" not in version.inputs
        assert version.inputs["secretStringWo"] == "[secret]"


@both
def test_the_cost_is_told_before_the_limit_at_it_and_when_it_is_foreseen(plans: Plans, stack: str) -> None:
    (budget,) = plans(stack).of_type(budgets.Budget)
    told = {(one["notificationType"], one["threshold"]) for one in budget.inputs["notifications"]}
    assert told == {("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100)}
    assert budget.inputs["costFilters"] == [{"name": "TagKeyValue", "values": ["user:project$octank"]}]


@both
def test_somebody_is_reminded_before_the_study_ends(plans: Plans, stack: str) -> None:
    (reminder,) = plans(stack).of_type(scheduler.Schedule)
    assert reminder.inputs["scheduleExpression"] == "at(2027-11-01T09:00:00)"
