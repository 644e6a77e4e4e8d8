"""Who is asking: the user pool, its clients and what the listener asks of a request, as they are registered."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from pulumi_aws import cognito, lb, vpc

from components.edge.edge import DICOM_WEB_PATHS
from components.edge.identity import scope_name
from ops.plan import Plan
from tests.conftest import Plans
from tests.planned import plan
from tests.unit.reading import dependencies, references_of

SCOPES = ["dicomweb/store", "dicomweb/read"]
CENTERS = ("main-campus", "north-clinic")


@pytest.fixture
def prod(plans: Plans) -> Plan:
    return plans("prod")


@cache
def of_one_lab() -> Plan:
    """One center, and sessions of two hours."""
    lab = {"name": "lab", "networks": ["172.22.0.0/16"]}
    return plan("prod", overrides={"centers": [lab], "identity": {"session_hours": 2}})


def client(made: Plan, name: str) -> dict[str, Any]:
    return dict(made.resource(cognito.UserPoolClient, name=f"identity-{name}").inputs)


def rules(made: Plan) -> dict[str, dict[str, Any]]:
    return {rule.name: dict(rule.inputs) for rule in made.of_type(lb.ListenerRule)}


def test_without_identity_in_the_settings_nobody_signs_in(plans: Plans):
    assert plans("dev").of_type(cognito.UserPool) == []
    assert [rule["actions"][0]["type"] for rule in rules(plans("dev")).values()] == ["forward"]


def test_nobody_can_register_or_recover_an_account(prod: Plan):
    pool = prod.resource(cognito.UserPool).inputs
    assert pool["adminCreateUserConfig"] == {"allowAdminCreateUserOnly": True}
    assert pool["accountRecoverySetting"]["recoveryMechanisms"] == [{"name": "admin_only", "priority": 1}]


def test_no_client_offers_a_password(prod: Plan):
    flows = {flow for each in prod.of_type(cognito.UserPoolClient) for flow in each.inputs["explicitAuthFlows"]}
    assert flows == {"ALLOW_REFRESH_TOKEN_AUTH"}


def test_people_come_from_the_directory_alone(prod: Plan):
    directory = prod.resource(cognito.IdentityProvider)
    assert directory.inputs["providerType"] == "SAML"
    assert directory.inputs["providerDetails"]["MetadataFile"].lstrip().startswith("<")
    assert client(prod, "browsers")["supportedIdentityProviders"] == ["IdentityCenter"]


def test_what_cognito_adds_to_the_directory_shows_no_change(prod: Plan):
    ignored = prod.resource(cognito.IdentityProvider).ignore_changes
    assert "providerDetails.ActiveEncryptionCertificate" in ignored
    assert "providerDetails.MetadataFile" not in ignored


def test_browsers_come_back_to_the_load_balancer_with_a_code(prod: Plan):
    browsers = client(prod, "browsers")
    assert browsers["callbackUrls"] == ["https://images.octank.example/oauth2/idpresponse"]
    assert browsers["allowedOauthFlows"] == ["code"]
    assert browsers["generateSecret"] is True


def test_each_center_has_a_client_that_can_act_for_nobody_else(prod: Plan):
    names = {each.name for each in prod.of_type(cognito.UserPoolClient)}
    assert names == {"identity-browsers", *(f"identity-center-{center}" for center in CENTERS)}
    for center in CENTERS:
        machine = client(prod, f"center-{center}")
        assert machine["allowedOauthFlows"] == ["client_credentials"]
        assert machine["allowedOauthScopes"] == SCOPES
        assert not {"callbackUrls", "supportedIdentityProviders"} & machine.keys()


def test_the_clients_are_those_of_the_centers_in_the_settings():
    names = {each.name for each in of_one_lab().of_type(cognito.UserPoolClient)}
    assert names == {"identity-browsers", "identity-center-lab"}


def test_the_rights_of_a_token_are_those_of_the_resource_server(prod: Plan):
    server = prod.resource(cognito.ResourceServer)
    assert [scope_name(scope["scopeName"]) for scope in server.inputs["scopes"]] == SCOPES
    assert server.inputs["identifier"] == "dicomweb"
    for center in CENTERS:
        machine = prod.resource(cognito.UserPoolClient, name=f"identity-center-{center}")
        assert server.name in dependencies(prod, machine)


@pytest.mark.parametrize(("name", "minutes"), [("browsers", 15), ("center-main-campus", 60)])
def test_a_token_lives_for_minutes_and_can_be_revoked(name: str, minutes: int, prod: Plan):
    held = client(prod, name)
    assert (held["accessTokenValidity"], held["tokenValidityUnits"]["accessToken"]) == (minutes, "minutes")
    assert held["enableTokenRevocation"] is True


def test_a_session_ends_after_the_hours_of_the_settings():
    browsers = client(of_one_lab(), "browsers")
    assert (browsers["refreshTokenValidity"], browsers["tokenValidityUnits"]["refreshToken"]) == (2, "hours")
    sign_in = rules(of_one_lab())["edge-dicom-web"]["actions"][0]["authenticateCognito"]
    assert sign_in["sessionTimeout"] == 7200


def test_secrets_of_clients_stay_secret(prod: Plan):
    assert all("clientSecret" in each.secret_outputs for each in prod.of_type(cognito.UserPoolClient))


def test_a_browser_is_sent_to_the_directory_before_it_gets_further(prod: Plan):
    gate, forward = rules(prod)["edge-dicom-web"]["actions"]
    assert (gate["type"], forward["type"]) == ("authenticate-cognito", "forward")
    assert gate["authenticateCognito"]["onUnauthenticatedRequest"] == "authenticate"
    assert references_of(prod, gate["authenticateCognito"]["userPoolClientId"]) == ["identity-browsers.id"]


@pytest.mark.parametrize(("right", "method"), [("store", "POST"), ("read", "GET")])
def test_a_token_allows_the_method_of_its_right_alone(right: str, method: str, prod: Plan):
    rule = rules(prod)[f"edge-token-{right}"]
    gate, forward = rule["actions"]
    claim = {"format": "space-separated-values", "name": "scope", "values": [f"dicomweb/{right}"]}
    assert (gate["type"], forward["type"]) == ("jwt-validation", "forward")
    assert gate["jwtValidation"]["additionalClaims"] == [claim]
    assert references_of(prod, gate["jwtValidation"]["issuer"]) == ["identity-pool.id"]
    assert {"httpRequestMethod": {"values": [method]}} in rule["conditions"]
    assert {"httpHeader": {"httpHeaderName": "Authorization", "values": ["Bearer *"]}} in rule["conditions"]


def test_tokens_are_looked_at_before_people_are_sent_away_and_only_for_dicomweb(prod: Plan):
    made = rules(prod)
    assert sorted(made, key=lambda name: made[name]["priority"]) == [
        "edge-token-store",
        "edge-token-read",
        "edge-dicom-web",
        "edge-viewer",
    ]
    paths = {"pathPattern": {"values": DICOM_WEB_PATHS}}
    assert [name for name, rule in made.items() if paths not in rule["conditions"]] == ["edge-viewer"]


def test_no_rule_forwards_without_a_gate_where_people_sign_in(prod: Plan):
    gates = {"jwt-validation", "authenticate-cognito"}
    assert all(rule["actions"][0]["type"] in gates for rule in rules(prod).values())


def test_the_load_balancer_may_ask_cognito_who_a_person_is(prod: Plan, plans: Plans):
    def ways_out(made: Plan) -> list[int]:
        return [
            rule.inputs["toPort"]
            for rule in made.of_type(vpc.SecurityGroupEgressRule)
            if rule.inputs.get("cidrIpv4") == "0.0.0.0/0"
        ]

    assert ways_out(prod) == [443]
    assert ways_out(plans("dev")) == []
