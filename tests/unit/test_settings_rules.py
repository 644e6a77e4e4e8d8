"""Settings that are right by themselves and wrong together."""

from __future__ import annotations

from typing import Any

import pytest

from settings import Settings
from tests.unit.refusals import REMOVED, Case, assert_refused, change_settings, refusal, stack_settings

PUBLIC = {
    "exposure": {"kind": "public", "allow": ["203.0.113.0/24"]},
    "client_vpn": REMOVED,
    "centers": [{"name": "lab"}],
}
TRANSIT = "tgw-0123456789abcdef0"
EVENINGS = {"schedule/periods/2/windows/1/start": "18:00"}

CASES = {
    "VPC in a center": Case(
        {"network/cidr": "172.20.0.0/20"},
        "centers.main-campus.networks",
        "172.20.0.0/16",
        "overlaps network.cidr 172.20.0.0/20",
        "share no address",
    ),
    "two centers": Case(
        {"centers/1/networks": ["172.20.4.0/24"]},
        "centers.north-clinic.networks",
        "172.20.4.0/24",
        "overlaps centers.main-campus.networks",
        "share no address",
    ),
    "client VPN in the VPC": Case(
        {"client_vpn/cidr": "10.30.0.0/22"}, "client_vpn.cidr", "10.30.0.0/22", "overlaps network.cidr", "no address"
    ),
    "VPC too large": Case({"network/cidr": "10.0.0.0/12"}, "network.cidr", "10.0.0.0/12", "/16 to /23", "/20"),
    "VPC too small": Case({"network/cidr": "10.30.0.0/24"}, "network.cidr", "10.30.0.0/24", "needs a /27", "/20"),
    "VPC too small for its tasks": Case(
        {"network/cidr": "10.30.0.0/23", "app/max": 24, "database/connections_per_task": 5},
        "network.cidr",
        "10.30.0.0/23",
        "has 27 addresses",
        "Use a /22",
    ),
    "edge subnets too small for the client VPN": Case(
        {"network/cidr": "10.30.0.0/23", "web/max": 4, "app/max": 8},
        "network.cidr",
        "10.30.0.0/23",
        "has 27 addresses, and its load balancers and VPN need 29",
        "Use a /22",
    ),
    "edge subnets too small for a transit gateway as well": Case(
        {"network/cidr": "10.30.0.0/23", "network/transit_gateway_id": TRANSIT, "web/max": 4, "app/max": 8},
        "network.cidr",
        "10.30.0.0/23",
        "need 30",
        "Use a /22",
    ),
    "tasks of each tier rounded up": Case(
        {
            "network/cidr": "10.30.0.0/23",
            "network/availability_zones": 3,
            "web/max": 5,
            "app/max": 26,
            "database/connections_per_task": 5,
            "client_vpn": REMOVED,
        },
        "network.cidr",
        "10.30.0.0/23",
        "tasks and endpoints need 28",
        "fewer tasks",
    ),
    "link-local VPC": Case(
        {"network/cidr": "169.254.16.0/20"}, "network.cidr", "169.254.16.0/20", "in 169.254.0.0/16", "10.20.0.0/20"
    ),
    "loopback VPC": Case({"network/cidr": "127.1.0.0/20"}, "network.cidr", "127.1.0.0/20", "in 127.0.0.0/8", "private"),
    "VPC of this host": Case({"network/cidr": "0.16.0.0/20"}, "network.cidr", "0.16.0.0/20", "in 0.0.0.0/8", "private"),
    "multicast client VPN": Case(
        {"client_vpn/cidr": "230.0.0.0/22"}, "client_vpn.cidr", "230.0.0.0/22", "in 224.0.0.0/4", "private"
    ),
    "allow-list in the VPC": Case(
        {**PUBLIC, "exposure": {"kind": "public", "allow": ["10.30.0.0/24"]}},
        "exposure.allow",
        "10.30.0.0/24",
        "overlaps network.cidr 10.30.0.0/20",
        "internet sees",
    ),
    "center of a quarter of the internet": Case(
        {"centers/1/networks": ["64.0.0.0/2"]}, "centers.north-clinic.networks", "64.0.0.0/2", "/8", "List the"
    ),
    "transit gateway without a gateway": Case(
        {"network/transit_gateway_id": TRANSIT, "centers/0/gateway": REMOVED},
        "network.transit_gateway_id",
        TRANSIT,
        "no center has a gateway",
        "Give a center a gateway",
    ),
    "endpoint zones": Case(
        {"network/endpoint_zones": 3}, "network.endpoint_zones", "3", "there are 2 zones", "in every zone"
    ),
    "one zone": Case(
        {"network/availability_zones": 1}, "network.availability_zones", "1", "two Availability", "Set it to 2"
    ),
    "PHI without a reader": Case({"database/readers": 0}, "database.readers", "0", "study.data phi", "Set it to 1"),
    "PHI that pauses": Case({"database/min_acu": 0}, "database.min_acu", "0", "study.data phi", "Set it to 0.5"),
    "PHI with short recovery": Case(
        {"database/backup_days": 7}, "database.backup_days", "7", "at least 35", "Set it to 35"
    ),
    "PHI with a short audit log": Case(
        {"logging/audit_retention_days": 1827},
        "logging.audit_retention_days",
        "1827",
        "at least 2192",
        "Set it to 2192",
    ),
    "PHI without a firewall": Case({**PUBLIC, "waf": False}, "waf", "false", "study.data phi", "Set it to true"),
    "names too long": Case({"study/id": "octank-imaging"}, "study.id", "octank-imaging", "16", "to 11 characters"),
    "environment too long": Case(
        {"environment": "production-of-images", "study/id": "lung"}, "environment", "production-of", "16", "to 11 char"
    ),
    "study ends first": Case(
        {"study/end": "2026-01-01"}, "study.end", "2026-01-01", "not after study.start 2026-12-01", "Correct one"
    ),
    "period names": Case(
        {"schedule/periods/1/name": "quiet"}, "schedule.periods", "quiet", "two periods have this name", "Merge them"
    ),
    "hours missing": Case(
        {"schedule/periods/1/windows/0/days": ["mon"]},
        "schedule.periods",
        "164 h",
        "4 belong to no period, first tue 18:00",
        "covered",
    ),
    "last hours missing": Case(
        {"schedule/periods/2/windows/2/days": ["sat"]},
        "schedule.periods",
        "144 h",
        "24 belong to no period, first sun 00:00",
        "covered",
    ),
    "window overlaps": Case(
        {"schedule/periods/1/windows/0/start": "17:30"},
        "schedule.periods.burst",
        "mon 17:30",
        "overlaps one of standard",
        "one period",
    ),
    "window inside a window": Case(
        {"schedule/periods/1/windows/0": {"days": ["sat"], "start": "07:00", "end": "08:00"}, **EVENINGS},
        "schedule.periods.burst",
        "sat 07:00",
        "overlaps one of quiet",
        "one period",
    ),
    "window backwards": Case(
        {"schedule/periods/1/windows/0": {"days": ["mon"], "start": "19:00", "end": "18:00"}},
        "schedule.periods.burst",
        "19:00 to 18:00",
        "ends before it begins",
        "Split a window",
    ),
    "window without length": Case(
        {"schedule/periods/1/windows/0/end": "18:00"},
        "schedule.periods.burst",
        "18:00 to 18:00",
        "ends before it begins",
        "Split a window",
    ),
    "Fargate memory": Case(
        {"web/memory": 4096}, "web.memory", "4096 MiB", "Fargate offers no such pair", "512 to 2048"
    ),
    "Fargate CPU": Case({"app/cpu": 1000}, "app.cpu", "1000 CPU units", "Fargate offers no such pair", "1024"),
    "tier min above max": Case({"web/min": 7}, "web.min", "7", "above web.max 6", "correct"),
    "burst too large": Case({"app/max": 3}, "app.max", "3", "load 4 needs 8 tasks", "Raise it to 8"),
    "ACU min above max": Case({"database/min_acu": 16}, "database.max_acu", "8", "database.min_acu 16", "Raise it"),
    "pause from above 0": Case(
        {"database/auto_pause_seconds": 600}, "database.auto_pause_seconds", "600", "minimum of 0 ACU", "to 0"
    ),
    "too many connections": Case(
        {"database/max_acu": 2}, "database.connections_per_task", "20", "accepts 189", "raise database.max_acu"
    ),
    "connections capped by a low minimum": Case(
        {"database/max_acu": 64, "database/connections_per_task": 50, "app/max": 20, "network/cidr": "10.30.0.0/18"},
        "database.connections_per_task",
        "50",
        "accepts 2000",
        "Lower it",
    ),
    "nobody reaches it": Case(
        {"centers/0/gateway": REMOVED, "client_vpn": REMOVED}, "exposure.kind", "vpn", "nobody could reach", "gateway"
    ),
    "allow-list behind a VPN": Case(
        {"exposure/allow": ["203.0.113.0/24"]}, "exposure.allow", "203.0.113.0/24", "public store", "Remove it"
    ),
    "public to nobody": Case({**PUBLIC, "exposure": {"kind": "public"}}, "exposure.allow", "[]", "who may", "List"),
    "public with a VPN": Case(
        {"exposure": PUBLIC["exposure"]}, "exposure.kind", "public", "behind a VPN", "Set exposure.kind to vpn"
    ),
    "gateway without networks": Case(
        {"centers/0/networks": []}, "centers.main-campus.networks", "[]", "the tunnel leads to", "List them"
    ),
    "gateway twice": Case(
        {"centers/1/gateway": {"address": "198.51.100.10", "asn": 65011}},
        "centers.north-clinic.gateway.address",
        "198.51.100.10",
        "main-campus has the same",
        "its own",
    ),
    "ASN twice": Case(
        {"centers/1/gateway": {"address": "198.51.100.11", "asn": 65010}},
        "centers.north-clinic.gateway.asn",
        "65010",
        "main-campus has the same",
        "its own",
    ),
    "center twice": Case(
        {"centers/1/name": "main-campus"}, "centers.main-campus.name", "main-campus", "has the same", "its own"
    ),
    "AE title twice": Case(
        {"centers/1/ae_titles": ["OCTANKCT1"]},
        "centers.north-clinic.ae_titles",
        "OCTANKCT1",
        "main-campus has the same",
        "its own",
    ),
    "prod without patients": Case({"study/data": "synthetic"}, "study.data", "synthetic", "holds PHI", "Set it to phi"),
    "copy at home": Case(
        {"backup/copy_region": "us-east-1"}, "backup.copy_region", "us-east-1", "home Region", "another Region"
    ),
    "backup during maintenance": Case(
        {"database/maintenance_start": "02:01"},
        "database.maintenance_start",
        "02:01",
        "overlaps that of database.backup_start 03:00",
        "an hour or more apart",
    ),
    "backup window around AWS Backup's start": Case(
        {"database/backup_start": "04:01"}, "database.backup_start", "04:01", "AWS Backup starts", "07:00 to 04:00"
    ),
    "maintenance in the hour after AWS Backup's start": Case(
        {"database/maintenance_start": "06:59"},
        "database.maintenance_start",
        "06:59",
        "AWS Backup starts",
        "07:00 to 04:00",
    ),
    "glacier before IA is done": Case(
        {"storage/standard_ia_days": 30}, "storage.glacier_ir_days", "30", "30 days after", "Set it to 60"
    ),
    "audit log shorter than the others": Case(
        {"logging/retention_days": 2557}, "logging.audit_retention_days", "2192", "logging.retention_days", "Raise it"
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_broken_rule_is_named_with_the_setting_to_change(case: Case):
    assert_refused(case)


@pytest.mark.parametrize(
    "changes",
    [
        {"study/id": "octankchest"},
        {"network/cidr": "10.30.0.0/16"},
        {"network/cidr": "10.30.0.0/23", "web/max": 4, "app/max": 8, "client_vpn": REMOVED},
        {"network/cidr": "192.0.16.0/20"},
        {"database/max_acu": 1, "database/connections_per_task": 7},
        {"database/min_acu": 1, "database/max_acu": 32, "app/max": 49, "database/connections_per_task": 50},
        {"client_vpn/cidr": "10.128.0.0/12"},
        {"storage/standard_ia_days": 30, "storage/glacier_ir_days": 60},
        {"centers/1/gateway": {"address": "198.51.100.11", "asn": 4294967295}},
        {"logging/audit_retention_days": 2192, "logging/retention_days": 2192},
        {"app/cpu": 16384, "app/memory": 122880},
        {"web/min": 6},
        {"database/backup_start": "04:00", "database/maintenance_start": "07:00"},
        {"database/backup_start": "23:30", "database/maintenance_start": "00:30"},
        {"logging/splunk": REMOVED},
        {"identity": REMOVED, "client_vpn": REMOVED, "viewer": REMOVED},
    ],
    ids=str,
)
def test_what_just_keeps_a_rule_is_accepted(changes: dict[str, Any]):
    Settings.parse(change_settings(stack_settings("prod"), changes), stack="prod")


def test_synthetic_data_is_never_open_to_the_world():
    message = refusal(change_settings(stack_settings("dev"), {"exposure/allow": ["0.0.0.0/0"]}), stack="dev")
    assert "image-store:exposure.allow = 0.0.0.0/0" in message
    assert "allow-list" in message


def test_a_store_of_patients_data_may_be_public_behind_its_firewall():
    public = {**PUBLIC, "exposure": {"kind": "public", "allow": ["0.0.0.0/0"]}}
    assert Settings.parse(change_settings(stack_settings("prod"), public), stack="prod").exposure.kind == "public"
