"""Deletes that AWS rejects, and names that stay reserved after one."""

from __future__ import annotations

import pytest

from rehearsal.cloud.errors import AwsError
from tests.unit.simulated import Simulated

DISCOVERY, SERVICE = "aws:servicediscovery/service:Service", "aws:ecs/service:Service"
CLUSTER = {
    "engine": "aurora-postgresql",
    "clusterIdentifier": "study",
    "skipFinalSnapshot": True,
    "deletionProtection": True,
}


def refusal(simulated: Simulated, token: str, name: str, identity: str) -> AwsError:
    with pytest.raises(AwsError) as caught:
        simulated.delete(token, name, identity)
    return caught.value


def test_a_protected_database_is_not_deleted(simulated: Simulated) -> None:
    cluster = simulated.create("aws:rds/cluster:Cluster", "cluster", CLUSTER)
    error = refusal(simulated, "aws:rds/cluster:Cluster", "cluster", cluster["id"])
    assert (error.code, error.path) == ("InvalidParameterCombination", "deletionProtection")


def test_a_protected_load_balancer_is_not_deleted(simulated: Simulated) -> None:
    network = simulated.network()
    inputs = {"subnets": network["subnets"], "enableDeletionProtection": True}
    load_balancer = simulated.create("aws:lb/loadBalancer:LoadBalancer", "alb", inputs)
    error = refusal(simulated, "aws:lb/loadBalancer:LoadBalancer", "alb", load_balancer["id"])
    assert error.code == "OperationNotPermitted"


def test_a_protected_log_group_is_not_deleted(simulated: Simulated) -> None:
    token = "aws:cloudwatch/logGroup:LogGroup"  # noqa: S105
    group = simulated.create(token, "group", {"name": "/octank/log", "deletionProtectionEnabled": True})
    error = refusal(simulated, token, "group", group["id"])
    assert (error.code, error.path) == ("ValidationException", "deletionProtectionEnabled")


def test_a_vpc_with_subnets_is_not_deleted(simulated: Simulated) -> None:
    network = simulated.network()
    error = refusal(simulated, "aws:ec2/vpc:Vpc", "vpc", network["vpc"])
    assert error.code == "DependencyViolation"
    assert "subnet-a" in str(error)


def discovery(simulated: Simulated, **inputs: bool) -> str:
    """The id of a Cloud Map service at which an ECS service registers its tasks."""
    vpc = simulated.create("aws:ec2/vpc:Vpc", "vpc", {"cidrBlock": "10.0.0.0/16"})
    namespace = {"name": "store.internal", "vpc": vpc["id"]}
    zone = simulated.create("aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace", "zone", namespace)
    dns = {"namespaceId": zone["id"], "dnsRecords": [{"type": "A", "ttl": 10}], "routingPolicy": "MULTIVALUE"}
    app = simulated.create(DISCOVERY, "app", {"name": "app", "dnsConfig": dns, **inputs})
    cluster = simulated.create("aws:ecs/cluster:Cluster", "cluster", {"name": "store"})
    registered = {"name": "app", "cluster": cluster["arn"], "serviceRegistries": {"registryArn": app["arn"]}}
    simulated.create(SERVICE, "app", registered)
    return app["id"]


def test_a_cloud_map_service_with_instances_is_not_deleted(simulated: Simulated) -> None:
    identity = discovery(simulated)
    assert refusal(simulated, DISCOVERY, "app", identity).code == "ResourceInUse"
    [service] = simulated.provider.cloud.of_type(SERVICE)
    simulated.delete(SERVICE, "app", service.id)
    simulated.delete(DISCOVERY, "app", identity)
    assert simulated.provider.cloud.of_type(DISCOVERY) == []


def test_a_cloud_map_service_is_deleted_with_its_instances_by_force(simulated: Simulated) -> None:
    simulated.delete(DISCOVERY, "app", discovery(simulated, forceDestroy=True))
    assert simulated.provider.cloud.of_type(DISCOVERY) == []


def test_a_bucket_with_objects_is_deleted_only_when_that_was_applied(simulated: Simulated) -> None:
    token = "aws:s3/bucket:Bucket"  # noqa: S105
    bucket = simulated.create(token, "bucket", {"bucket": "images"})
    folder = simulated.provider.cloud.folder.parent / "objects" / "images"
    folder.mkdir(parents=True)
    (folder / "one.dcm").write_bytes(b"DICM")
    assert refusal(simulated, token, "bucket", bucket["id"]).code == "BucketNotEmpty"
    simulated.provider.update(
        token, simulated.urn(token, "bucket"), "images", {}, {"bucket": "images", "forceDestroy": True}
    )
    simulated.delete(token, "bucket", bucket["id"])
    assert simulated.provider.cloud.of_type(token) == []


def test_a_deleted_secret_keeps_its_name_until_it_cannot_be_recovered(simulated: Simulated) -> None:
    token = "aws:secretsmanager/secret:Secret"  # noqa: S105
    secret = simulated.create(token, "secret", {"name": "db", "recoveryWindowInDays": 7})
    simulated.delete(token, "secret", secret["id"])
    with pytest.raises(AwsError, match="already scheduled for deletion"):
        simulated.create(token, "secret", {"name": "db", "recoveryWindowInDays": 7})


def test_a_secret_without_recovery_frees_its_name(simulated: Simulated) -> None:
    token = "aws:secretsmanager/secret:Secret"  # noqa: S105
    secret = simulated.create(token, "secret", {"name": "db", "recoveryWindowInDays": 0})
    simulated.delete(token, "secret", secret["id"])
    assert simulated.create(token, "secret", {"name": "db"})["name"] == "db"


def test_deleting_what_does_not_exist_is_no_error(simulated: Simulated) -> None:
    simulated.delete("aws:ec2/vpc:Vpc", "vpc", "vpc-0123456789abcdef0")


def test_a_secret_value_is_stored_as_a_hash_and_never_returned(simulated: Simulated) -> None:
    secret = simulated.create("aws:secretsmanager/secret:Secret", "secret", {"name": "db"})
    inputs = {"secretId": secret["id"], "secretStringWo": "correct horse", "secretStringWoVersion": 1}
    outputs = simulated.create("aws:secretsmanager/secretVersion:SecretVersion", "value", inputs)
    assert "secretStringWo" not in outputs
    written = [path.read_text() for path in simulated.provider.cloud.folder.glob("*.json")]
    assert not [text for text in written if "correct horse" in text], "the value is in the cloud's folder"
