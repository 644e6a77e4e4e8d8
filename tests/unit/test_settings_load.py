"""How settings reach the program, and how their errors are told."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any
from unittest import mock

import pulumi
import pytest
from pydantic import ValidationError

from ops.plan import program as plan
from settings import Settings, SettingsError, report
from tests.unit.refusals import refusal, stack_settings

STACKS = ("dev", "prod")
REQUIRED = ("environment", "account", "study", "network", "dns", "web", "app", "schedule", "database", "budget")


def load_settings_of(values: Mapping[str, Any], stack: str, environment: Mapping[str, str] | None = None) -> Settings:
    """Settings as a running program loads them."""
    found: list[Settings] = []

    def program() -> None:
        with mock.patch.dict(os.environ, environment or {}):
            found.append(Settings.load())

    plan.record(program, values=values, name=stack)
    return found[0]


@pytest.mark.parametrize("stack", STACKS)
def test_shipped_settings_keep_every_rule(stack: str):
    assert Settings.parse(stack_settings(stack), stack=stack).environment == stack


@pytest.mark.parametrize("stack", STACKS)
def test_settings_are_the_same_from_config_from_the_environment_and_from_plain_values(stack: str):
    configuration = plan.configuration(stack)
    flat = {key: value if isinstance(value, str) else json.dumps(value) for key, value in configuration.items()}
    expected = Settings.parse(stack_settings(stack), stack=stack)
    assert load_settings_of(configuration, stack) == expected
    assert load_settings_of({}, stack, {"PULUMI_CONFIG": json.dumps(flat)}) == expected


def test_dev_is_small_open_to_an_allow_list_and_holds_no_patients():
    dev = Settings.parse(stack_settings("dev"), stack="dev")
    assert (dev.study.data, dev.exposure.kind, dev.network.endpoint_zones) == ("synthetic", "public", 1)
    assert (dev.database.min_acu, dev.database.readers, dev.client_vpn) == (0, 0, None)
    assert dev.web.spot_share == dev.app.spot_share == 1
    assert 0 in {period.load for period in dev.schedule.periods}


def test_prod_keeps_the_study_load_of_the_proposal():
    prod = Settings.parse(stack_settings("prod"), stack="prod")
    hours = {
        period.name: sum(len(window.days) * ((window.end.hour or 24) - window.start.hour) for window in period.windows)
        for period in prod.schedule.periods
    }
    assert hours == {"standard": 55, "burst": 5, "quiet": 108}
    assert {period.name: period.load for period in prod.schedule.periods} == {"standard": 1, "burst": 4, "quiet": 0.5}


@pytest.mark.parametrize("stack", STACKS)
def test_no_stack_configures_a_default_provider(stack: str):
    configuration = plan.configuration(stack)
    assert configuration["pulumi:disable-default-providers"] == ["*"]
    assert {key.partition(":")[0] for key in configuration} == {"pulumi", Settings.NAMESPACE}


def test_what_is_not_written_down_is_the_secure_choice():
    values = {
        key: value for key, value in stack_settings("prod").items() if key in (*REQUIRED, "client_vpn", "identity")
    }
    values["database"] = {"min_acu": 1, "max_acu": 8}
    settings = Settings.parse(values, stack="prod")
    assert settings.exposure.kind == "vpn"
    assert settings.waf is True
    assert settings.phase == "active"
    assert settings.logging.audit_retention_days >= 2192
    assert (settings.database.readers, settings.database.backup_days) == (1, 35)


def test_settings_are_frozen():
    settings = Settings.parse(stack_settings("dev"), stack="dev")
    with pytest.raises(ValidationError, match="frozen"):
        settings.waf = True  # ty: ignore[invalid-assignment]
    with pytest.raises(ValidationError, match="frozen"):
        settings.study.data = "phi"  # ty: ignore[invalid-assignment]


def test_the_engine_prints_the_message_without_a_traceback():
    assert issubclass(SettingsError, pulumi.RunError)


def test_wrong_settings_declare_nothing():
    recorders = []

    class Kept(plan.Recorder):
        def __init__(self, *args: Any, **options: Any):
            super().__init__(*args, **options)
            recorders.append(self)

    with pytest.raises(SettingsError, match=r"image-store:network\.cidr = 10\.0\.0\.0/8"):
        plan.plan("prod", overrides={"network": {"cidr": "10.0.0.0/8"}}, recorder=Kept)
    registered = [urn.rpartition("::")[0].rpartition("::")[2] for urn in recorders[0].registrations]
    assert set(registered) <= {"pulumi:pulumi:Stack"}, "settings are checked before the first resource"


def test_a_default_is_blamed_on_the_project_file(tmp_path: Any, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "Pulumi.yaml").write_text("config: {schedule: {default: 1}, image-store:web: {default: 1}, aet: x}")
    (tmp_path / "Pulumi.prod.yaml").write_text("config: {image-store:web: 2}")
    monkeypatch.setattr(report, "PROJECT", tmp_path)
    text = refusal(stack_settings("prod") | {"schedule": 1, "web": 2, "aet": "?", "dns": 3})
    assert "  Pulumi.yaml: image-store:schedule = 1: " in text
    assert "  Pulumi.yaml: image-store:aet = ?: " in text
    assert "  Pulumi.prod.yaml: image-store:web = 2: " in text
    assert "  Pulumi.prod.yaml: image-store:dns = 3: " in text


def test_malformed_json_is_told_as_a_wrong_value():
    with pytest.raises(SettingsError, match=r"image-store:study = \{id: it is not a group of keys"):
        load_settings_of(plan.configuration("prod") | {"image-store:study": "{id"}, "prod")


@pytest.mark.parametrize(
    ("group", "value"),
    [
        ("splunk", {"token": "s3cr3t-t0ken"}),
        ("dns", {"name": "s3cr3t-t0ken", "zone_id": "s3cr3t-t0ken"}),
        ("network", {"cidr": "s3cr3t-t0ken"}),
        ("aet", "s3cr3t-t0ken"),
    ],
)
def test_a_secret_value_is_never_shown(group: str, value: Any):
    text = refusal(stack_settings("prod") | {group: value}, secrets=[group])
    assert f"image-store:{group}" in text
    assert "[secret]" in text
    assert "s3cr3t" not in text


def test_a_rule_that_reads_a_secret_shows_no_value_at_all():
    values = stack_settings("prod") | {"network": {"cidr": "172.20.0.0/20"}}
    assert "172.20.0.0/20" in refusal(values)
    hidden = refusal(values, secrets=["network"])
    assert "image-store:centers.main-campus.networks = [secret]" in hidden
    assert "172.20." not in hidden


def test_secrets_are_known_from_the_engine():
    values = {**plan.configuration("prod"), "image-store:aet": "s3cr3t-t0ken"}
    with pytest.raises(SettingsError) as caught:
        load_settings_of(values, "prod", {"PULUMI_CONFIG_SECRET_KEYS": '["image-store:aet"]'})
    assert "image-store:aet = [secret]" in str(caught.value)
    assert "s3cr3t" not in str(caught.value)


def test_a_value_is_shown_on_one_line_and_cut_when_long():
    text = refusal(stack_settings("prod") | {"aet": "two\nlines " + "x" * 100})
    assert "image-store:aet = two lines xxx" in text
    assert "x" * 80 not in text
    assert len(text.splitlines()) == 2


def test_a_very_long_name_is_cut():
    text = refusal(stack_settings("prod") | {"study": {**stack_settings("prod")["study"], "id": "x" * 5000}})
    assert "has 5005 characters" in text
    assert max(map(len, text.splitlines())) < 400


@pytest.mark.parametrize("key", ["imagestore:waf", "image_store:viewer", "octank:budget"])
def test_a_setting_under_another_namespace_is_refused(key: str):
    values = {**plan.configuration("prod"), key: "false"}
    group = key.partition(":")[2]
    with pytest.raises(SettingsError, match=rf"{key} = namespace .* Write image-store:{group}\."):
        load_settings_of(values, "prod")


def test_keys_of_pulumi_and_its_providers_are_left_alone():
    assert load_settings_of({**plan.configuration("prod"), "aws:region": "us-east-1", "pulumi:tags": "{}"}, "prod")
