"""The viewer: on or off as a whole, for people who have signed in, with nothing from anybody else."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from pulumi_aws import ecs, lb

from components.service import nginx, orthanc_configuration, viewer
from ops.plan import Plan, plan
from tests.conftest import Plans

IMAGES = nginx.TEMPLATE.parents[1]
KEYWORDS = {"'none'", "'self'", "'unsafe-inline'", "'wasm-unsafe-eval'", "'nonce-$request_id'", "blob:", "data:"}


@pytest.fixture
def prod(plans: Plans) -> Plan:
    return plans("prod")


@pytest.fixture(scope="module")
def without() -> Plan:
    return plan("prod", overrides={"viewer": False})


def container(made: Plan, tier: str) -> dict[str, Any]:
    (only,) = json.loads(made.resource(ecs.TaskDefinition, name=f"{tier}-task").inputs["containerDefinitions"])
    return only


def variables(made: Plan, tier: str) -> dict[str, str]:
    return {each["name"]: each["value"] for each in container(made, tier)["environment"]}


def plugins_mb(made: Plan) -> int:
    (found,) = (
        each["size"]
        for each in container(made, "app")["linuxParameters"]["tmpfs"]
        if each["containerPath"] == "/run/orthanc"
    )
    return found


def test_people_read_it_with_a_session_and_nobody_else_does_anything(prod: Plan):
    rule = prod.resource(lb.ListenerRule, name="edge-viewer").inputs
    assert [action["type"] for action in rule["actions"]] == ["authenticate-cognito", "forward"]
    assert {"pathPattern": {"values": ["/", "/ohif/*"]}} in rule["conditions"]
    assert {"httpRequestMethod": {"values": ["GET"]}} in rule["conditions"]


def test_a_browser_that_asks_for_dicomweb_has_the_same_session(prod: Plan):
    viewing, reading = (prod.resource(lb.ListenerRule, name=f"edge-{name}").inputs for name in ("viewer", "dicom-web"))
    assert viewing["actions"] == reading["actions"]


def test_orthanc_serves_it_over_dicomweb_and_prepares_nothing(prod: Plan):
    given = variables(prod, "app")
    section = json.loads(given["ORTHANC_CONFIGURATION"])["OHIF"]
    assert (section["DataSource"], section["RouterBasename"], section["Preload"]) == ("dicom-web", "/ohif/", False)
    assert given["OHIF_PLUGIN_ENABLED"] == "true", "the image does not know this plugin by its section"


def test_there_is_memory_for_its_files(prod: Plan, without: Plan):
    assert plugins_mb(prod) - plugins_mb(without) == 128


def test_its_settings_are_in_the_image_where_orthanc_looks_for_them():
    copied = re.findall(r"^COPY .*?(\S+) (\S+)$", (IMAGES / "orthanc" / "Dockerfile").read_text(), re.MULTILINE)
    assert ("viewer.js", viewer.ORTHANC["OHIF"]["UserConfiguration"]) in copied
    assert (IMAGES / "orthanc" / "viewer.js").exists()


def test_one_browser_leaves_threads_of_orthanc_to_others():
    counts = re.search(r"maxNumRequests: \{(.*?)\}", (IMAGES / "orthanc" / "viewer.js").read_text())
    assert counts
    assert sum(map(int, re.findall(r"\d+", counts[1]))) * 3 < orthanc_configuration.HTTP_THREADS


def test_switched_off_nothing_of_it_is_left(without: Plan):
    assert not [rule for rule in without.of_type(lb.ListenerRule) if rule.name == "edge-viewer"]
    assert "OHIF" not in json.loads(variables(without, "app")["ORTHANC_CONFIGURATION"])
    assert variables(without, "app")["OHIF_PLUGIN_ENABLED"] == "false"
    assert "ohif" not in variables(without, "web")["NGINX_CONFIGURATION"]


def test_nginx_knows_it_where_it_is_on(prod: Plan):
    assert "location = /ohif/sw.js" in variables(prod, "web")["NGINX_CONFIGURATION"]


def test_it_is_off_unless_it_is_asked_for(plans: Plans):
    assert variables(plans("dev"), "app")["OHIF_PLUGIN_ENABLED"] == "false"


@pytest.mark.parametrize("directive", viewer.POLICY)
def test_its_policy_names_no_other_host_and_no_text_to_run(directive: str):
    assert set(viewer.POLICY[directive].split()) <= KEYWORDS
    if directive == "script-src":
        assert "'unsafe-inline'" not in viewer.POLICY[directive]


def test_what_its_policy_does_not_name_is_refused():
    assert viewer.content_security_policy().startswith("default-src 'none'; ")
