"""Contracts of encryption in transit, and for each a broken plan that it refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ops.plan import Plan
from ops.plan.configuration import stacks
from tests.conftest import Plans
from tests.unit.contracts import transport
from tests.unit.contracts.edit import (
    copy_resource,
    edit_named,
    edit_nested,
    in_json,
    in_statement,
    without,
    without_statement,
)
from tests.unit.contracts.mutation import Contract, ContractTests, Mutation

CONTRACTS: tuple[Contract, ...] = (
    transport.listeners,
    transport.target_groups,
    transport.databases,
    transport.bucket_policies,
    transport.topics,
    transport.remote_access,
    transport.verified_nginx,
    transport.verified_orthanc,
)


@pytest.mark.parametrize("stack", stacks())
@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.__name__)
def test_every_stack_keeps(contract: Contract, stack: str, plans: Plans):
    assert contract(plans(stack)) == []


def variable(task: str, name: str, old: str, new: str) -> Callable[[Plan], Plan]:
    """Replaces text in a variable of a task's container, which must hold it."""

    def change(held: list[dict[str, Any]]) -> None:
        entry = next(entry for entry in held[0]["environment"] if entry["name"] == name)
        assert old in entry["value"]
        entry["value"] = entry["value"].replace(old, new)

    return in_json(task, "containerDefinitions", change)


def listener(**inputs: Any) -> Callable[[Plan], Plan]:
    return edit_named("edge-https", **inputs)


MUTATIONS = {
    "TLS 1.0": Mutation(transport.listeners, listener(sslPolicy="ELBSecurityPolicy-2016-08"), "is none of TLS 1.2"),
    "policy left to AWS": Mutation(transport.listeners, listener(sslPolicy=None), "policy None is none"),
    "no certificate": Mutation(transport.listeners, listener(certificateArn=None), "has no certificate"),
    "HTTP that answers": Mutation(transport.listeners, listener(protocol="HTTP"), "listens with HTTP in plain"),
    "HTTP that redirects to HTTP": Mutation(
        transport.listeners,
        listener(protocol="HTTP", defaultActions=[{"type": "redirect", "redirect": {"protocol": "HTTP"}}]),
        "listens with HTTP in plain",
    ),
    "another TCP listener": Mutation(
        transport.listeners,
        lambda plan: copy_resource(plan, "edge-dicom-listener"),
        "listens with TCP in plain",
        "prod",
    ),
    "plain HTTP to the tasks": Mutation(
        transport.target_groups, edit_named("edge-web", protocol="HTTP"), "traffic speaks HTTP"
    ),
    "health check left to its default": Mutation(
        transport.target_groups, edit_named("edge-web", healthCheck=None), "health check speaks HTTP by default"
    ),
    "database without a parameter group": Mutation(
        transport.databases, edit_named("database-cluster", dbClusterParameterGroupName=None), "rds.force_ssl is not 1"
    ),
    "database with TLS 1.0": Mutation(
        transport.databases,
        edit_nested("database-parameters-aurora-postgresql17", "parameters.1.value", "TLSv1"),
        "ssl_min_protocol_version is not TLSv1.2",
    ),
    "bucket over plain HTTP": Mutation(
        transport.bucket_policies,
        without_statement("storage-images-access", "RefusePlainHttp"),
        "its policy lacks RefusePlainHttp",
    ),
    "objects over old TLS": Mutation(
        transport.bucket_policies,
        in_statement("storage-images-access", "RefuseOldTls", Resource=["arn:aws:s3:::octank-dev-images-111122223333"]),
        "its policy lacks RefuseOldTls",
    ),
    "bucket without a policy": Mutation(
        transport.bucket_policies,
        lambda plan: without(plan, plan.resource(name="storage-archive-access")),
        "its policy lacks RefusePlainHttp",
    ),
    "topic over plain HTTP": Mutation(
        transport.topics, without_statement("alarms-policy", "RefusePlainHttp"), "takes messages over plain HTTP"
    ),
    "subscriber over plain HTTP": Mutation(
        transport.topics,
        edit_named("alarms-imaging-platform@octank.example", protocol="http"),
        "tells over plain HTTP",
    ),
    "SHA-1 in a tunnel": Mutation(
        transport.remote_access,
        edit_named("vpn-main-campus", tunnel2Phase1IntegrityAlgorithms=["SHA1"]),
        "tunnel2Phase1IntegrityAlgorithms proposes ['SHA1']",
        "prod",
    ),
    "proposals left to AWS": Mutation(
        transport.remote_access,
        edit_named("vpn-main-campus", tunnel1Phase2DhGroupNumbers=None),
        "tunnel1Phase2DhGroupNumbers proposes ['everything']",
        "prod",
    ),
    "certificate proven by mail": Mutation(
        transport.remote_access, edit_named("edge-certificate", validationMethod="EMAIL"), "is not renewed by itself"
    ),
    "certificate of somebody": Mutation(
        transport.remote_access,
        edit_named("client-vpn-endpoint", serverCertificateArn="arn:aws:acm:us-east-1:444455556666:certificate/1"),
        "is none of ACM's of this stack",
        "prod",
    ),
    "people with a certificate alone": Mutation(
        transport.remote_access,
        edit_named("client-vpn-endpoint", authenticationOptions=[{"type": "certificate-authentication"}]),
        "lets people in without the directory",
        "prod",
    ),
    "sign-in over plain HTTP": Mutation(
        transport.remote_access,
        edit_named("identity-browsers", callbackUrls=["http://images.octank.example/oauth2/idpresponse"]),
        "sends people to http://",
        "prod",
    ),
    "Splunk over plain HTTP": Mutation(
        transport.remote_access,
        edit_nested("splunk-aws-waf", "splunkConfiguration.hecEndpoint", "http://hec.splunk.octank.example:8088"),
        "delivers to http://",
        "prod",
    ),
    "nginx with TLS 1.1": Mutation(
        transport.verified_nginx,
        variable("web-task", "NGINX_CONFIGURATION", "    ssl_protocols TLSv1.2", "    ssl_protocols TLSv1.1 TLSv1.2"),
        "nginx: ssl_protocols is",
    ),
    "nginx that trusts anybody": Mutation(
        transport.verified_nginx,
        variable("web-task", "NGINX_CONFIGURATION", "proxy_ssl_verify on", "proxy_ssl_verify off"),
        "nginx: proxy_ssl_verify is ['off']",
    ),
    "nginx in plain": Mutation(
        transport.verified_nginx,
        variable("web-task", "NGINX_CONFIGURATION", "8443 ssl;", "8443;"),
        "nginx: listens with",
    ),
    "nginx that asks in plain": Mutation(
        transport.verified_nginx,
        variable("web-task", "NGINX_CONFIGURATION", "proxy_pass https://", "proxy_pass http://"),
        "nginx: asks http://",
    ),
    "no nginx": Mutation(
        transport.verified_nginx, lambda plan: without(plan, plan.resource(name="web-task")), "0 containers"
    ),
    "Orthanc with TLS 1.0": Mutation(
        transport.verified_orthanc,
        variable(
            "app-task", "ORTHANC_CONFIGURATION", '"SslMinimumProtocolVersion": 4', '"SslMinimumProtocolVersion": 2'
        ),
        "SslMinimumProtocolVersion is 2, not 4",
    ),
    "DICOM in plain": Mutation(
        transport.verified_orthanc,
        variable("app-task", "ORTHANC_CONFIGURATION", '"DicomTlsEnabled": true, ', ""),
        "DicomTlsEnabled is None, not True",
    ),
    "database that nobody verifies": Mutation(
        transport.verified_orthanc,
        variable("app-task", "ORTHANC_CONFIGURATION", "verify-full", "require"),
        "does not verify the database's certificate",
    ),
}


class TestMutations(ContractTests):
    contracts = CONTRACTS
    mutations = MUTATIONS


def test_http_may_redirect_to_https(plans: Plans):
    redirect = [{"type": "redirect", "redirect": {"protocol": "HTTPS", "statusCode": "HTTP_301"}}]
    assert transport.listeners(listener(protocol="HTTP", defaultActions=redirect)(plans("dev"))) == []


def test_no_listener_stays_listed_that_no_stack_has(plans: Plans):
    assert {*transport.PASSED_THROUGH} <= {resource.name for stack in stacks() for resource in plans(stack).resources}
