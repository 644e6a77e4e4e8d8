"""Configured thresholds of the rules for containers, databases and backups."""

from typing import Any

import pytest

from hipaa.model import Resource
from hipaa.rule import REGISTERED
from ops.review.policies import stack_of
from tests.conftest import Plans
from tests.policy import cases_backups, cases_containers, cases_database
from tests.policy.cases import evaluate_rule, violates
from tests.policy.mutations_containers import with_known_containers

NGINX = cases_containers.task({"name": "nginx", **cases_containers.log()})


@pytest.mark.parametrize(
    ("code", "resource", "settings"),
    [
        ("RDS-03", cases_database.cluster(backupRetentionPeriod=14), {"days": 30}),
        ("BAK-01", cases_backups.plan(cases_backups.daily()), {"days": 90}),
        ("OWN-05", cases_containers.task(cases_containers.variables("CREDENTIAL")), {"words": ["credential"]}),
    ],
)
def test_a_stricter_threshold_fails(code: str, resource: Resource, settings: dict[str, Any]):
    assert not violates(code, (resource,))
    assert violates(code, (resource,), settings)


@pytest.mark.parametrize(
    ("code", "resource", "settings"),
    [
        ("RDS-03", cases_database.cluster(backupRetentionPeriod=1), {"days": 1}),
        ("BAK-01", cases_backups.plan(cases_backups.daily(lifecycle={"deleteAfter": 7})), {"days": 7}),
        ("OWN-04", NGINX, {"containers": ["app*"]}),
        ("OWN-05", cases_containers.task(cases_containers.variables("KEYCLOAK_URL")), {"allowed": ["KEYCLOAK_*"]}),
    ],
)
def test_a_looser_threshold_passes(code: str, resource: Resource, settings: dict[str, Any]):
    assert violates(code, (resource,))
    assert not violates(code, (resource,), settings)


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_containers_pass_once_they_are_known(plans: Plans, stack: str):
    """In the first preview containers are unknown. Only access logs may lose lines."""
    found = set()
    for task in ("web-task", "app-task"):
        known = stack_of(with_known_containers(plans(stack), task)).of(["aws:ecs/taskDefinition:TaskDefinition"])
        resources = tuple(one for one in known if one.name == task)
        found |= {
            (code, task)
            for code in REGISTERED
            if code in ("ECS-01", "ECS-02", "ECS-03", "ECS-07", "OWN-04", "OWN-05") and violates(code, resources)
        }
        assert not [one for code in ("ECS-02", "ECS-03", "OWN-05") for one in evaluate_rule(code, resources)]
    assert found == {("OWN-04", "web-task")}
