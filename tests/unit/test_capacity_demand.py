"""Load 1, the loads of the weeks, changes of the clock, and the origin of service times."""

from __future__ import annotations

import json
import random
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.capacity.demand.service_times import REFERENCE, read_service_times, service_times
from ops.capacity.demand.spikes import add_noise_and_spikes, demand_spikes
from ops.capacity.demand.volume import Volume, demand
from ops.capacity.errors import CapacityError
from ops.capacity.scaling import clock
from ops.capacity.scaling.declared import DeclaredScaling, ScheduledAction
from ops.capacity.scaling.reader import read_scaling
from tests.conftest import Plans

REFERENCE_TIMES = service_times(REFERENCE, "reference")
NEW_YORK = "America/New_York"


@pytest.fixture(scope="module")
def prod(plans: Plans) -> DeclaredScaling:
    return read_scaling(plans("prod"))


def generator(number: int) -> random.Random:
    return random.Random(number)  # noqa: S311  noise, not a secret


def action(cron: str, zone: str = NEW_YORK) -> ScheduledAction:
    return ScheduledAction(name="test", cron=cron, zone=zone, minimum=1, maximum=2)


def local(moments: list[datetime]) -> list[str]:
    return [f"{moment:%d %H:%M}" for moment in moments]


def test_load_1_is_the_proposals_volume_over_its_load_hours():
    # 212.55 GB / 0.5 MB = 425,100 images in (55 + 5 x 4 + 108 / 2) x 730 / 168 = 560.5 load-hours.
    found = demand(Volume(multiple=1), REFERENCE_TIMES)
    assert found.rates["stow"] == pytest.approx(425_100 / (129 * 730 / 168) / 3600)
    assert found.rate == pytest.approx(0.2107 * 2.25, rel=1e-3)
    assert "0.2107 images/s" in found.derivation


def test_the_mean_request_costs_the_mean_of_its_mix():
    found = demand(Volume(reads=0, searches=0), REFERENCE_TIMES)
    assert found.cost.app == pytest.approx(1 / 190)
    mixed = demand(Volume(reads=1, searches=0), REFERENCE_TIMES)
    assert mixed.cost.app == pytest.approx((1 / 190 + 1 / 294) / 2)


@pytest.mark.parametrize("values", [{"gb_a_month": 0}, {"image_mb": -1}, {"multiple": float("inf")}, {"reads": -0.1}])
def test_an_impossible_volume_is_rejected(values: dict[str, float]):
    with pytest.raises(CapacityError, match=next(iter(values))):
        Volume(**values)


def test_the_week_has_the_proposals_hours(prod: DeclaredScaling):
    assert clock.period_hours(prod.schedule) == {"standard": 55, "burst": 5, "quiet": 108}


@pytest.mark.parametrize(
    ("monday", "hours"), [(date(2026, 11, 9), 168), (date(2026, 10, 26), 169), (date(2027, 3, 8), 167)]
)
def test_a_week_in_which_clocks_change_has_an_hour_more_or_less(prod: DeclaredScaling, monday: date, hours: int):
    zone = clock.ZoneInfo(NEW_YORK)
    begin, end = (clock.instant(day, 0, zone) for day in (monday, monday + timedelta(days=7)))
    assert (end - begin) == timedelta(hours=hours)
    loads = clock.minute_loads(prod.schedule, begin, 2)
    week = list(loads[: hours * 60])
    assert [week.count(load) / 60 for load in (1, 4, 0.5)] == [55, 5, hours - 60]


def test_actions_keep_their_local_time_when_clocks_change():
    begin = datetime(2027, 3, 12, 5, tzinfo=UTC)  # Friday; clocks go forward on Sunday 14 March
    found = list(clock.run_times(action("cron(0 7 ? * FRI,MON *)"), begin, 1))
    assert local(found) == ["12 12:00", "15 11:00"]


def test_a_missing_local_time_is_an_hour_later_and_a_double_one_runs_once():
    sunday = action("cron(30 2 ? * SUN *)")
    assert local(list(clock.run_times(sunday, datetime(2027, 3, 14, 5, tzinfo=UTC), 1))) == ["14 07:30"]
    sunday = action("cron(30 1 ? * SUN *)")
    assert local(list(clock.run_times(sunday, datetime(2026, 11, 1, 4, tzinfo=UTC), 1))) == ["01 05:30"]


@given(st.integers(0, 3000), st.sampled_from([NEW_YORK, "Europe/Berlin", "Asia/Kolkata", "UTC"]))
def test_a_daily_action_runs_every_day(day: int, zone: str):
    begin = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=day)
    found = list(clock.run_times(action("cron(5 12 ? * MON,TUE,WED,THU,FRI,SAT,SUN *)", zone), begin, 2))
    assert len(found) == 14
    assert all(timedelta(hours=22) < later - earlier < timedelta(hours=26) for earlier, later in pairwise(found))


def test_an_unsupported_cron_expression_is_rejected():
    with pytest.raises(CapacityError, match="only cron"):
        list(clock.run_times(action("rate(5 minutes)"), datetime(2026, 1, 1, tzinfo=UTC), 1))


def test_spikes_come_once_a_week_outside_the_schedules_burst(prod: DeclaredScaling):
    loads = clock.minute_loads(prod.schedule, datetime(2026, 12, 7, 5, tzinfo=UTC), 6)
    found = demand_spikes(loads, generator(3))
    assert len(found) == 6
    assert [loads[spike.minute] for spike in found[::2]] == [1, 1, 1]
    assert all(max(loads[spike.minute : spike.minute + 60]) <= 1 for spike in found)
    loaded = add_noise_and_spikes(loads, found, generator(3))
    assert sum(loaded) / sum(loads) == pytest.approx(1, abs=0.05)
    spike = found[0]
    inside, before = (sum(loaded[spike.minute + shift : spike.minute + shift + 30]) / 30 for shift in (0, -30))
    assert inside / before > 2.5


def test_the_same_seed_gives_the_same_loads(prod: DeclaredScaling):
    loads = clock.minute_loads(prod.schedule, datetime(2026, 12, 7, 5, tzinfo=UTC), 1)
    assert add_noise_and_spikes(loads, [], generator(1)) == add_noise_and_spikes(loads, [], generator(1))
    assert add_noise_and_spikes(loads, [], generator(1)) != add_noise_and_spikes(loads, [], generator(2))


def document(tmp_path: Path, block: str) -> Path:
    path = tmp_path / "performance.md"
    path.write_text(f"# Performance\n\n```json\n{block}\n```\n")
    return path


def test_measured_times_replace_the_reference(tmp_path: Path):
    some = read_service_times(document(tmp_path, json.dumps({"stow_per_second_per_vcpu": 100, "machine": "two cores"})))
    assert some.kinds["stow"].app == 0.01
    assert some.kinds["wado"].app == pytest.approx(1 / 294)
    assert some.source == "performance.md, 1 of 9 figures"
    assert read_service_times(document(tmp_path, json.dumps(dict(REFERENCE)))).source == "measured, performance.md"


def test_without_measured_times_the_reference_is_used_and_named(tmp_path: Path):
    assert read_service_times(tmp_path / "performance.md").source == "reference figures: no docs/performance.md"
    assert "has no block" in read_service_times(document(tmp_path, '{"other": 1}')).source


@pytest.mark.parametrize("block", ["{", '{"stow_per_second_per_vcpu": 0}', '{"stow_per_second_per_vcpu": "fast"}'])
def test_a_broken_block_is_an_error(tmp_path: Path, block: str):
    with pytest.raises(CapacityError, match=r"performance\.md"):
        read_service_times(document(tmp_path, block))
