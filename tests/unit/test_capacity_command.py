"""The command `capacity` on the real plans: what it reads from them, the rules for prod, and invalid input."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from typer.testing import CliRunner

from ops import __main__
from ops.capacity import alternatives, recommend
from ops.capacity.alternatives import (
    ALTERNATIVES,
    CPU_TARGET,
    DECLARED,
    FORESIGHT,
    TRACKING,
    Scenario,
    run,
    tasks_needed,
)
from ops.capacity.demand.service_times import REFERENCE, service_times
from ops.capacity.demand.spikes import DemandSpike
from ops.capacity.demand.volume import Volume, demand
from ops.capacity.errors import CapacityError
from ops.capacity.progress import show_progress
from ops.capacity.recommend import Choice
from ops.capacity.scaling.declared import Tier
from ops.capacity.scaling.reader import read_scaling
from ops.capacity.scaling.scaler import scaler
from ops.capacity.simulation.outcome import SCHEDULED, SPIKE, SPIKE_LATER
from ops.capacity.simulation.simulator import TASK_START_SECONDS, Simulation
from ops.plan.resources import Plan
from tests.conftest import Plans
from tests.planned import plan
from tests.unit.test_ops_architecture import change_resource, without

pytestmark = pytest.mark.slow

SIMPLE_SIZES = {"app": {"cpu": 1024, "tasks_per_load": 1}}
REFERENCE_TIMES = service_times(REFERENCE, "reference")


def scenario(plan: Plan, **values: Any) -> Scenario:
    return Scenario(
        declared=read_scaling(plan), demand=demand(Volume(multiple=200), REFERENCE_TIMES), weeks=1, **values
    )


@pytest.fixture(scope="module")
def prod(plans: Plans) -> Scenario:
    return scenario(plans("prod"))


@pytest.fixture(scope="module")
def simple() -> Scenario:
    """Tasks of Orthanc with one vCPU and one task for load 1, which make calculations by hand simple."""
    return scenario(plan("prod", overrides=SIMPLE_SIZES))


@pytest.fixture(autouse=True)
def shared_plans(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ops.capacity.command.plan", plan)


def invoke(*arguments: str) -> Any:
    return CliRunner().invoke(__main__.app, ["capacity", "--stack", "prod", *arguments])


def test_the_declared_scaling_is_simulated(prod: Scenario):
    app, web = (prod.declared.tiers[name] for name in ("app", "web"))
    assert (app.vcpu, app.memory, app.minimum, app.maximum, app.threads) == (0.5, 4, 2, 12, 150)
    assert (web.vcpu, web.memory, web.minimum, web.maximum, web.threads) == (0.25, 0.5, 2, 6, 2048)
    # A load balancer's check every 10 s; a container's check every 10 s, 30 s of Cloud Map, and a TTL of 10 s.
    assert (web.checks, app.checks) == (10, 50)
    assert (web.drain, web.stop, web.grace) == (60, 120, 120)
    assert {action.minimum for action in app.actions} == {2, 8}
    assert (app.tracking[0].metric, web.tracking[0].metric) == ("cpu", "requests")
    assert (prod.declared.database.minimum, prod.declared.database.maximum) == (0.5, 8)


def test_prod_serves_its_week_and_a_demand_spike(prod: Scenario):
    outcomes = {name: run(prod, name) for name in (DECLARED, FORESIGHT, TRACKING)}
    found = outcomes[DECLARED]
    assert found.windows[SCHEDULED].refused == 0
    assert found.windows[SPIKE_LATER].waits.quantile(0.99) <= recommend.WAIT_SECONDS
    hours = {name: sum(outcome.task_hours.values()) for name, outcome in outcomes.items()}
    assert 1 <= hours[DECLARED] / hours[FORESIGHT] <= recommend.FORESIGHT_SHARE
    assert outcomes[TRACKING].windows[SCHEDULED].refused > 1000, (
        "target tracking alone is too slow for the evening burst"
    )


def test_the_minimum_has_to_rise_before_the_load(prod: Scenario):
    late = {
        name: replace(
            tier, actions=tuple(replace(action, cron=action.cron.replace("(55 17", "(0 18")) for action in tier.actions)
        )
        for name, tier in prod.declared.tiers.items()
    }
    found = run(replace(prod, declared=replace(prod.declared, tiers=late)), DECLARED)
    assert found.windows[SCHEDULED].refused > 100


@pytest.mark.parametrize("tier", ["app", "web"])
def test_the_shipped_settings_are_the_recommended_ones(prod: Scenario, tier: str):
    """Varies one setting at a time; `--recommend` sweeps the whole grid."""
    declared = recommend.current_choice(
        prod.declared.tiers[tier], recommend.floor_loads(prod, prod.declared.tiers[tier])
    )
    varied = [replace(declared, tasks_per_load=number) for number in recommend.TASKS_PER_LOAD[:2]]
    varied += [replace(declared, target=target) for target in recommend.TARGETS[tier]]
    varied += [replace(declared, surge=surge) for surge in recommend.SURGES[tier]]
    answer = recommend.recommend_settings(prod, tier, varied)
    assert answer.results[0].choice == declared
    assert answer.sentence == (
        f"{tier}: keep tasks_per_load {declared.tasks_per_load}, target {declared.target:g}, surge {declared.surge:g}"
    )


def test_a_wasteful_choice_is_not_recommended(simple: Scenario):
    tiers = simple.declared.tiers
    floor_loads = recommend.floor_loads(simple, tiers["app"])
    wasteful = Choice(tasks_per_load=3, target=45, surge=85)
    thrifty = recommend.current_choice(tiers["app"], floor_loads)
    known = replace(simple.declared, tiers={**tiers, "app": recommend.with_choice(tiers["app"], wasteful, floor_loads)})
    answer = recommend.recommend_settings(replace(simple, declared=known), "app", [thrifty])
    assert answer.results[0].choice == wasteful
    assert not answer.results[0].holds
    assert "set tasks_per_load 1" in answer.sentence
    assert answer.to_json()["recommendation"] == answer.sentence


def simulate_tier(prod: Scenario, tier: Tier, loads: list[float]) -> Simulation:
    """A simulation limited by one tier: nginx and the database have spare capacity."""
    web = replace(prod.declared.tiers["web"], actions=(), desired=6, minimum=6)
    return Simulation(
        scalers={"web": scaler(web), "app": scaler(tier)},
        database=replace(prod.declared.database, minimum=8),
        demand=prod.demand,
        loads=loads,
        spikes=[DemandSpike(minute=10)],
        begin=prod.begin,
        scheduled=False,
    )


def test_target_tracking_takes_as_long_as_aws_measured(simple: Scenario):
    """363 s from a rise of load to the scale-out, and 23 s or more until the task runs."""
    tier = replace(simple.declared.tiers["app"], actions=(), steps=(), minimum=1, desired=1)
    counts = [sample.app for sample in simulate_tier(simple, tier, [0.1] * 10 + [2.2] * 20).run().samples]
    served = 60 * (next(minute for minute, count in enumerate(counts) if count > 1) - 10)
    assert served - TASK_START_SECONDS - tier.checks == pytest.approx(363, abs=60)


def test_tasks_serve_only_after_they_have_started(simple: Scenario):
    tier = replace(simple.declared.tiers["app"], actions=(), minimum=1, desired=1)
    found = simulate_tier(simple, tier, [1.0] * 10 + [4.0] * 20).run()
    counts = [sample.app for sample in found.samples]
    assert counts[:14] == [1] * 14  # a minute at 85 %, the lag, start and checks
    assert counts[-1] >= 2
    assert found.windows[SPIKE].refused > 0
    assert found.task_hours["app"] > sum(counts) / 60  # a task is billed from its start to its end


def test_foresight_uses_the_fewest_tasks_for_the_load(simple: Scenario):
    tier = simple.declared.tiers["app"]
    assert [tasks_needed(tier, load, simple.demand) for load in (0, 0.5, 1, 4)] == [
        0,
        2,
        2,
        3,
    ]  # 1.67 vCPU / 0.8 at load 4
    assert alternatives.FORESIGHT_USE > CPU_TARGET / 100


def test_the_report_contains_every_alternative(tmp_path):
    page = tmp_path / "week.html"
    found = invoke("--weeks", "1", "--json", "--chart", str(page))
    assert found.exit_code == 0, found.output
    data = json.loads(found.output)
    assert tuple(data["alternatives"]) == ALTERNATIVES
    assert all(check["holds"] for check in data["checks"])
    assert data["service_times"]
    html = page.read_text()
    assert html.count("<polyline") == 1 + 4 * 3
    assert "<script" not in html
    assert not re.search(r'(src|href)="', html)
    assert "as declared" in invoke("--weeks", "1").output


def test_a_broken_rule_is_exit_code_2():
    found = invoke("--weeks", "1", "--multiple", "1000")
    assert found.exit_code == 2
    assert "FAILS: no refused request" in found.output


def test_growth_names_the_exceeded_limits():
    found = invoke("--scale", "1,1000", "--json")
    small, large = json.loads(found.output)
    assert small["first"]["name"] == large["first"]["name"] == "fargate_vcpu"
    assert {"vpn_tunnel", "database_acu_max", "s3_put"} <= {one["name"] for one in large["exceeded"]}
    assert "https://docs.aws.amazon.com/" in invoke("--scale", "10").output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--scale", "0"], "--scale 0: it must be a number above 0"),
        (["--scale", "1,-10"], "--scale -10"),
        (["--scale", "ten"], "--scale ten: it must be a list of numbers"),
        (["--weeks", "0"], "--weeks 0"),
        (["--factor", "-4"], "--factor -4"),
        (["--factor", "nan"], "--factor nan: it must be a number above 0"),
        (["--factor", "inf"], "--factor inf: it must be a number above 0"),
        (["--chart", "/no/such/folder/week.html"], "the folder /no/such/folder does not exist"),
        (["--chart", "/"], "--chart /: it is a folder"),
        (["--scale", "1", "--chart", "week.html"], "cannot be combined with --scale"),
        (["--recommend", "--chart", "week.html"], "cannot be combined with --recommend"),
        (["--gb-a-month", "0"], "gb_a_month is 0"),
        (["--multiple", "nan"], "multiple is nan"),
        (["--gb-a-month", "1e9"], "at most 200,000 are supported"),
        (["--scale", "1", "--recommend"], "--recommend and --scale cannot be combined"),
        (["--stack", "none"], "there is no stack 'none'"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_1(arguments, message, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["ops", "capacity", "--stack", "prod", *arguments])
    with pytest.raises(SystemExit) as stopped:
        __main__.run()
    assert stopped.value.code == 1
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_progress_is_shown_on_a_terminal_only(monkeypatch, capsys):
    for forced, is_shown in (("", False), ("1", True)):
        monkeypatch.setenv("FORCE_COLOR", forced)
        with show_progress("Simulating", 2) as count:
            count()
        assert ("Simulating" in capsys.readouterr().err) == is_shown


def test_settings_that_break_a_rule_are_a_message_and_exit_code_1(monkeypatch, capsys):
    monkeypatch.setattr("ops.capacity.command.plan", lambda stack: plan(stack, overrides={"app": {"min": 20}}))
    monkeypatch.setattr("sys.argv", ["ops", "capacity", "--stack", "prod"])
    with pytest.raises(SystemExit) as stopped:
        __main__.run()
    assert stopped.value.code == 1
    assert "app.min" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "inputs", "message"),
    [
        ("app-scaling-surge-alarm", {"period": 10}, "period of 60 s"),
        ("app-scaling-surge-alarm", {"comparisonOperator": "LessThanThreshold"}, "above a threshold"),
        ("app-scaling-surge-alarm", {"metricName": "MemoryUtilization"}, "MemoryUtilization is not simulated"),
        ("app-scaling-surge-alarm", {"alarmActions": []}, "0 alarms trigger it"),
    ],
)
def test_what_cannot_be_simulated_is_rejected(plans: Plans, name: str, inputs: dict[str, Any], message: str):
    with pytest.raises(CapacityError, match=message):
        read_scaling(change_resource(plans("prod"), name, **inputs))


def test_a_tier_without_policies_has_nothing_to_sweep(plans: Plans):
    bare = scenario(without(plans("prod"), "app-scaling-tracking"))
    with pytest.raises(CapacityError, match="nothing to sweep"):
        recommend.recommend_settings(bare, "app")
