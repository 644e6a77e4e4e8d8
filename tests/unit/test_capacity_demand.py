"""Load 1, the weeks, the clock, and where service times come from."""

from __future__ import annotations

import json
import random
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.capacity import clock
from ops.capacity.declared import Action, Declared, declared
from ops.capacity.demand import Volume, demand, surprises, trace
from ops.capacity.errors import CapacityError
from ops.capacity.service import REFERENCE, read, service_times
from tests.conftest import Plans

REFERENCE_TIMES = service_times(REFERENCE, "reference")
NEW_YORK = "America/New_York"


@pytest.fixture(scope="module")
def prod(plans: Plans) -> Declared:
    return declared(plans("prod"))


def seeded(number: int) -> random.Random:
    return random.Random(number)  # noqa: S311  noise, not a secret


def action(cron: str, zone: str = NEW_YORK) -> Action:
    return Action(name="test", cron=cron, zone=zone, minimum=1, maximum=2)


def local(moments: list[datetime]) -> list[str]:
    return [f"{moment:%d %H:%M}" for moment in moments]


def test_load_1_is_the_proposals_volume_over_its_load_hours():
    # 212.55 GB / 0.5 MB = 425,100 images in (55 + 5 x 4 + 108 / 2) x 730 / 168 = 560.5 load-hours.
    found = demand(Volume(multiple=1), REFERENCE_TIMES)
    assert found.rates["stow"] == pytest.approx(425_100 / (129 * 730 / 168) / 3600)
    assert found.rate == pytest.approx(0.2107 * 2.25, rel=1e-3)
    assert "0.2107 images/s" in found.derivation


def test_the_mean_request_costs_what_its_mix_costs():
    found = demand(Volume(reads=0, searches=0), REFERENCE_TIMES)
    assert found.cost.app == pytest.approx(1 / 190)
    mixed = demand(Volume(reads=1, searches=0), REFERENCE_TIMES)
    assert mixed.cost.app == pytest.approx((1 / 190 + 1 / 294) / 2)


@pytest.mark.parametrize("values", [{"gb_a_month": 0}, {"image_mb": -1}, {"multiple": float("inf")}, {"reads": -0.1}])
def test_a_volume_that_is_none_is_refused(values: dict[str, float]):
    with pytest.raises(CapacityError, match=next(iter(values))):
        Volume(**values)


def test_the_week_has_the_proposals_hours(prod: Declared):
    assert clock.hours(prod.schedule) == {"standard": 55, "burst": 5, "quiet": 108}


@pytest.mark.parametrize(
    ("monday", "hours"), [(date(2026, 11, 9), 168), (date(2026, 10, 26), 169), (date(2027, 3, 8), 167)]
)
def test_a_week_in_which_clocks_change_has_an_hour_more_or_less(prod: Declared, monday: date, hours: int):
    zone = clock.ZoneInfo(NEW_YORK)
    begin, end = (clock.instant(day, 0, zone) for day in (monday, monday + timedelta(days=7)))
    assert (end - begin) == timedelta(hours=hours)
    loads = clock.loads(prod.schedule, begin, 2)
    week = list(loads[: hours * 60])
    assert [week.count(load) / 60 for load in (1, 4, 0.5)] == [55, 5, hours - 60]


def test_actions_keep_their_local_time_when_clocks_change():
    begin = datetime(2027, 3, 12, 5, tzinfo=UTC)  # Friday; clocks go forward on Sunday 14 March
    found = list(clock.runs(action("cron(0 7 ? * FRI,MON *)"), begin, 1))
    assert local(found) == ["12 12:00", "15 11:00"]


def test_a_time_that_the_night_leaves_out_is_the_hour_after_and_a_double_one_runs_once():
    sunday = action("cron(30 2 ? * SUN *)")
    assert local(list(clock.runs(sunday, datetime(2027, 3, 14, 5, tzinfo=UTC), 1))) == ["14 07:30"]
    sunday = action("cron(30 1 ? * SUN *)")
    assert local(list(clock.runs(sunday, datetime(2026, 11, 1, 4, tzinfo=UTC), 1))) == ["01 05:30"]


@given(st.integers(0, 3000), st.sampled_from([NEW_YORK, "Europe/Berlin", "Asia/Kolkata", "UTC"]))
def test_an_action_of_every_day_runs_every_day(day: int, zone: str):
    begin = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=day)
    found = list(clock.runs(action("cron(5 12 ? * MON,TUE,WED,THU,FRI,SAT,SUN *)", zone), begin, 2))
    assert len(found) == 14
    assert all(timedelta(hours=22) < later - earlier < timedelta(hours=26) for earlier, later in pairwise(found))


def test_another_cron_expression_is_refused():
    with pytest.raises(CapacityError, match="only cron"):
        list(clock.runs(action("rate(5 minutes)"), datetime(2026, 1, 1, tzinfo=UTC), 1))


def test_surprises_come_once_a_week_outside_the_schedules_burst(prod: Declared):
    loads = clock.loads(prod.schedule, datetime(2026, 12, 7, 5, tzinfo=UTC), 6)
    found = surprises(loads, seeded(3))
    assert len(found) == 6
    assert [loads[burst.minute] for burst in found[::2]] == [1, 1, 1]
    assert all(max(loads[burst.minute : burst.minute + 60]) <= 1 for burst in found)
    made = trace(loads, found, seeded(3))
    assert sum(made) / sum(loads) == pytest.approx(1, abs=0.05)
    burst = found[0]
    inside, before = (sum(made[burst.minute + shift : burst.minute + shift + 30]) / 30 for shift in (0, -30))
    assert inside / before > 2.5


def test_the_same_seed_is_the_same_year(prod: Declared):
    loads = clock.loads(prod.schedule, datetime(2026, 12, 7, 5, tzinfo=UTC), 1)
    assert trace(loads, [], seeded(1)) == trace(loads, [], seeded(1))
    assert trace(loads, [], seeded(1)) != trace(loads, [], seeded(2))


def document(tmp_path: Path, block: str) -> Path:
    path = tmp_path / "performance.md"
    path.write_text(f"# Performance\n\n```json\n{block}\n```\n")
    return path


def test_measured_times_are_used_where_they_are(tmp_path: Path):
    some = read(document(tmp_path, json.dumps({"stow_per_second_per_vcpu": 100, "machine": "two cores"})))
    assert some.kinds["stow"].app == 0.01
    assert some.kinds["wado"].app == pytest.approx(1 / 294)
    assert some.source == "performance.md, 1 of 9 figures"
    assert read(document(tmp_path, json.dumps(dict(REFERENCE)))).source == "measured, performance.md"


def test_without_measured_times_the_reference_is_used_and_said(tmp_path: Path):
    assert read(tmp_path / "performance.md").source == "reference figures: no docs/performance.md"
    assert "has no block" in read(document(tmp_path, '{"other": 1}')).source


@pytest.mark.parametrize("block", ["{", '{"stow_per_second_per_vcpu": 0}', '{"stow_per_second_per_vcpu": "fast"}'])
def test_a_broken_block_is_an_error(tmp_path: Path, block: str):
    with pytest.raises(CapacityError, match=r"performance\.md"):
        read(document(tmp_path, block))
