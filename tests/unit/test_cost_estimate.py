"""The cost of the plans: no resource is left out, and amounts equal hand calculations from the price file."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from decimal import Decimal

import pytest
import yaml

from ops.cost import BAND, CostError, Estimate, Usage, estimate
from ops.cost.prices.book import PRICE_FILE, load_prices
from ops.cost.report.summary import build_report
from ops.plan import load_settings
from tests.conftest import Plans
from tests.planned import plan
from tests.unit.contracts.edit import with_inputs, with_resource

D = Decimal
WEEKS = D(730) / 168
TASKS = "aws:ecs/taskDefinition:TaskDefinition"
PUBLIC = {
    "exposure": {"kind": "public", "allow": ["203.0.113.0/24"]},
    "client_vpn": None,
    "centers": [{"name": "main-campus"}, {"name": "north-clinic"}],
}
"""prod without VPN: DICOMweb only, and therefore no network load balancer."""

LIST = yaml.safe_load(PRICE_FILE.read_text(encoding="utf-8"))["prices"]

BOUNDS = {"dev": D(92), "prod": D(550), "prod in public": D(380)}
"""Mean USD a month over the study."""


@pytest.fixture(scope="module")
def priced(plans: Plans) -> dict[str, Estimate]:
    found = {stack: estimate(plans(stack), load_settings(stack)) for stack in ("dev", "prod")}
    return found | {"prod in public": estimate(plan("prod", overrides=PUBLIC), load_settings("prod", PUBLIC))}


def of(found: Estimate, **wanted: str) -> Decimal:
    """USD a month of the lines with these attributes."""
    lines = [line for line in found.lines if all(getattr(line, key) == value for key, value in wanted.items())]
    assert lines, wanted
    return sum((line.total for line in lines), D()) / len(found.months)


def usd(price_id: str) -> Decimal:
    """The price in the file."""
    return Decimal(LIST[price_id]["price"])


def close(actual: Decimal, expected: Decimal) -> bool:
    return abs(actual - expected) < D("1e-15")


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_every_resource_has_exactly_one_outcome(stack: str, plans: Plans, priced: dict[str, Estimate]):
    found = priced[stack]
    assert Counter(one.urn for one in found.resources) == Counter(one.urn for one in plans(stack).resources)
    billed = {line.urn for line in found.lines if line.urn}
    for one in found.resources:
        assert (one.urn in billed) == (one.outcome != "free"), one
        assert bool(one.reason) == (one.outcome == "free"), one


def test_an_unknown_type_is_an_error_with_a_remedy(plans: Plans):
    base = plans("dev")
    strange = replace(base.resources[-1], urn="urn:x", type="aws:memorydb/cluster:Cluster", name="cache", inputs={})
    with pytest.raises(CostError, match=r"memorydb/cluster:Cluster cache: this type has no price.*ops/cost/pricers"):
        estimate(with_resource(base, strange), load_settings("dev"))


def test_all_problems_are_reported_together(plans: Plans):
    base = plans("dev")
    strange = replace(base.resources[-1], urn="urn:x", type="aws:memorydb/cluster:Cluster", name="cache", inputs={})
    bucket = replace(base.resources[-1], urn="urn:y", type="aws:s3/bucket:Bucket", name="new-bucket", inputs={})
    with pytest.raises(CostError, match="2 problems") as caught:
        estimate(with_resource(with_resource(base, strange), bucket), load_settings("dev"))
    assert "new-bucket: its contents are unknown" in str(caught.value)


def test_a_task_of_unknown_size_is_an_error(plans: Plans):
    base = plans("dev")
    for size in (None, "many", 0, -256):
        broken = with_inputs(base, base.resource(TASKS, name="app-task"), cpu=size)
        with pytest.raises(CostError, match=r"app-task.*cpu"):
            estimate(broken, load_settings("dev"))


def test_tasks_of_orthanc_by_hand(priced: dict[str, Estimate]):
    # Half a vCPU and 4 GB on ARM64; two tasks for load 1, at least two.
    hours = (55 * max(2, 2) + 5 * max(2, 8) + 108 * max(2, 1)) * WEEKS
    expected = hours * (D("0.5") * usd("fargate.arm.vcpu_h") + 4 * usd("fargate.arm.gb_h"))
    assert close(of(priced["prod"], resource="app-service"), expected)


def test_tasks_on_spot_by_hand(priced: dict[str, Estimate]):
    hours = 55 * WEEKS  # one task in office hours, none else
    expected = (
        hours
        * (D("0.5") * usd("fargate.arm.vcpu_h") + 2 * usd("fargate.arm.gb_h"))
        * (1 - usd("fargate.spot.discount"))
    )
    assert close(of(priced["dev"], resource="app-service"), expected)


def test_capacity_of_the_database_by_hand(priced: dict[str, Estimate]):
    # Half an ACU at load 1, and never less.
    expected = (55 * D("0.5") + 5 * D(2) + 108 * D("0.5")) * WEEKS * usd("aurora.slv2.acu_h")
    assert close(of(priced["prod"], resource="database-writer", kind="load"), expected)


def test_a_reader_of_a_low_tier_has_its_own_small_capacity_by_hand(plans: Plans, priced: dict[str, Estimate]):
    own = 168 * D("0.5") * WEEKS * usd("aurora.slv2.acu_h")
    assert close(of(priced["prod"], resource="database-reader-1", kind="load"), own)
    reader = plans("prod").resource(name="database-reader-1")
    following = estimate(with_inputs(plans("prod"), reader, promotionTier=1), load_settings("prod"))
    writer = of(following, resource="database-writer", kind="load")
    assert of(following, resource="database-reader-1", kind="load") == writer > own


def test_a_database_is_billed_until_it_pauses(priced: dict[str, Estimate]):
    running_hours = 55 + 5 * D(900) / 3600  # after each of five evenings it waits a quarter of an hour
    assert close(
        of(priced["dev"], resource="database-writer", kind="load"),
        running_hours * WEEKS * D("0.5") * usd("aurora.slv2.acu_h"),
    )


def test_network_by_hand(priced: dict[str, Estimate]):
    endpoints = 4 * 2 * 730 * usd("vpce.h") + (3 * D("0.1") + 8 * D("0.8")) * usd("vpce.gb")
    logs = 2 * usd("cwl.ingest.gb") + 2 * D("0.15") * 6 * usd(
        "cwl.storage.gb_mo"
    )  # on the mean half a year's logs are kept
    assert close(priced["prod"].components["network"] / 12, endpoints + logs)


def test_vpns_by_hand(priced: dict[str, Estimate]):
    log = D("0.1") * usd("cwl.ingest.gb") + D("0.1") * D("0.15") * 6 * usd("cwl.storage.gb_mo")
    site = 730 * usd("s2s_vpn.h") + 2 * 730 * usd("ipv4.h") + usd("secrets.secret_mo") + log
    people = 730 * usd("client_vpn.assoc_h") + 6 * 40 * usd("client_vpn.conn_h") + log
    alarms = (2 + 2) * usd("cw.alarm_mo")  # one of the three alarms reads two metrics
    assert close(priced["prod"].components["vpn"] / 12, site + alarms)
    assert close(priced["prod"].components["client-vpn"] / 12, people)


def test_images_in_the_last_month_by_hand(priced: dict[str, Estimate]):
    # The newest 30 days are in STANDARD, the rest of 11.5 months, on the mean, in GLACIER_IR.
    fresh = D(30) * 12 / 365
    standard = D("212.55") * fresh * usd("s3.standard.gb_mo")
    glacier = D("212.55") * (D("11.5") - fresh) * usd("s3.gir.gb_mo")
    lines = [line for line in priced["prod"].lines if line.resource == "storage-images-bucket"]
    stored = sum((line.monthly(12) for line in lines if line.price.unit == "GB-month"), D())
    assert close(stored, standard + glacier)
    [moves] = [line for line in lines if line.price.id == "s3.transition.gir.k"]
    assert close(moves.monthly(12), D("425.1") * usd("s3.transition.gir.k"))


def test_free_allowances_are_subtracted_once(priced: dict[str, Estimate]):
    found = priced["prod"]
    out = sum((line.quantities[0] for line in found.lines if line.price.id == "dto.internet.gb"), D())
    splunk = sum((line.quantities[0] for line in found.lines if line.price.id == "firehose.gb"), D())
    assert close(out, D("212.55") + splunk - 100)
    alarms = sum(line.quantities[0] for line in found.lines if line.price.id == "cw.alarm_mo")
    assert alarms == 41 + 1 - 10
    small = [line for line in priced["dev"].lines if line.price.id == "dto.internet.gb"]
    assert sum(line.total for line in small) == 0, "dev stays below 100 GB, and pays nothing, not less than that"


def test_repositories_of_awsx_are_priced_as_ecr_repositories(priced: dict[str, Estimate]):
    assert close(of(priced["prod"], component="images"), 2 * usd("ecr.gb_mo"))


def test_a_key_costs_more_after_its_first_rotation(plans: Plans):
    longer = {"study": {"end": "2029-12-01"}}
    found = estimate(plans("dev"), load_settings("dev", longer))
    [key] = [line for line in found.lines if line.resource == "keys-images"]
    assert [key.monthly(month) for month in (12, 13, 25, 36)] == [
        usd("kms.key_mo") * versions for versions in (1, 2, 3, 3)
    ]
    assert len(found.months) == 36


@pytest.mark.parametrize("name", BOUNDS)
def test_a_stack_stays_below_its_bound(name: str, priced: dict[str, Estimate]):
    assert priced[name].mean <= BOUNDS[name], {
        part: f"{cost / 12:.2f}" for part, cost in priced[name].components.items()
    }


def test_the_band_encloses_the_likely_cost_and_gives_reasons(plans: Plans):
    found = build_report(plans("prod"), load_settings("prod"), load_prices())
    low, likely, high = (found.band[case.name][1].total for case in BAND)
    assert low < likely < high
    assert all(case.reason for case in BAND)


def test_load_beyond_a_tiers_maximum_is_priced_at_the_maximum_with_a_warning(plans: Plans):
    found = estimate(plans("prod"), load_settings("prod"), load=10)
    assert any("app-service: load 40 in burst needs 80 tasks; its maximum of 12" in line for line in found.warnings)


@pytest.mark.parametrize("load", [0, -1, D("NaN"), D("Infinity")])
def test_impossible_load_is_rejected(load: Decimal, plans: Plans):
    with pytest.raises(CostError, match="load"):
        estimate(plans("dev"), load_settings("dev"), load=load)


@pytest.mark.parametrize("change", [{"ingest_gb": D(-1)}, {"people": D("NaN")}, {"instance_mb": D(0)}])
def test_impossible_usage_is_rejected(change: dict[str, Decimal]):
    usage = Usage.of(load_settings("dev").usage)
    with pytest.raises(CostError, match=r"usage\."):
        replace(usage, **change)


def test_another_region_is_not_priced_with_these_prices(plans: Plans):
    with pytest.raises(CostError, match=r"eu-central-1.*us-east-1"):
        estimate(plans("dev"), load_settings("dev", {"account": {"region": "eu-central-1"}}))


def test_a_month_above_the_budget_gives_a_warning(plans: Plans):
    def budget_warnings(overrides: dict[str, object] | None = None) -> list[str]:
        found = build_report(plans("dev"), load_settings("dev", overrides), load_prices())
        return [one for one in found.warnings if "budget.monthly_usd" in one]

    assert budget_warnings() == []
    [warning] = budget_warnings({"budget": {"monthly_usd": 50}})
    assert "budget.monthly_usd = 50" in warning
