"""The study's week as scheduled actions."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layout.schedule import DAY_MINUTES, DAYS, WEEK_MINUTES, capacity, spans, transitions
from settings import Period, Schedule, TierSettings, Window
from settings.rules import Problem
from settings.rules.capacity import (
    period_names_are_distinct,
    schedule_covers_the_week,
    windows_end_after_they_begin,
)

WORKDAYS = DAYS[:5]
CRON = re.compile(r"cron\((\d+) (\d+) \? \* ([A-Z]{3}(?:,[A-Z]{3})*) \*\)")


def schedule(*periods: tuple[str, float, list[tuple[tuple[Any, ...], str, str]]]) -> Schedule:
    return Schedule(
        time_zone="America/New_York",
        periods=tuple(
            Period(
                name=name,
                load=load,
                windows=tuple(Window(days=days, start=start, end=end) for days, start, end in windows),
            )
            for name, load, windows in periods
        ),
    )


def tier() -> TierSettings:
    return TierSettings(cpu=1024, memory=4096, min=2, max=12, tasks_per_load=2)


PROPOSAL = schedule(
    ("standard", 1, [(WORKDAYS, "07:00", "18:00")]),
    ("burst", 4, [(WORKDAYS, "18:00", "19:00")]),
    ("quiet", 0.5, [(WORKDAYS, "00:00", "07:00"), (WORKDAYS, "19:00", "00:00"), (("sat", "sun"), "00:00", "00:00")]),
)


def test_each_boundary_of_the_day_is_one_action():
    assert {(found.label, found.cron) for found in transitions(PROPOSAL)} == {
        ("standard-0700", "cron(0 7 ? * MON,TUE,WED,THU,FRI *)"),
        ("burst-1800", "cron(0 18 ? * MON,TUE,WED,THU,FRI *)"),
        ("quiet-1900", "cron(0 19 ? * MON,TUE,WED,THU,FRI *)"),
    }


def test_a_higher_load_is_prepared_for():
    assert {(found.label, found.cron) for found in transitions(PROPOSAL, lead=5)} == {
        ("standard-0655", "cron(55 6 ? * MON,TUE,WED,THU,FRI *)"),
        ("burst-1755", "cron(55 17 ? * MON,TUE,WED,THU,FRI *)"),
        ("quiet-1900", "cron(0 19 ? * MON,TUE,WED,THU,FRI *)"),
    }


def test_what_is_prepared_for_at_midnight_begins_the_day_before():
    nights = schedule(("off", 0, [(DAYS, "12:00", "00:00")]), ("on", 1, [(DAYS, "00:00", "12:00")]))
    assert ("on-2355", "cron(55 23 ? * SUN,MON,TUE,WED,THU,FRI,SAT *)") in {
        (found.label, found.cron) for found in transitions(nights, lead=5)
    }


def test_a_period_that_goes_on_past_midnight_begins_once():
    weekend = schedule(
        ("on", 1, [(WORKDAYS, "00:00", "00:00")]),
        ("off", 0, [(("sat", "sun"), "00:00", "00:00")]),
    )
    assert [found.cron for found in transitions(weekend)] == ["cron(0 0 ? * MON *)", "cron(0 0 ? * SAT *)"]


def test_a_period_that_lasts_all_week_has_one_action():
    always = schedule(("always", 1, [(DAYS, "00:00", "12:00"), (DAYS, "12:00", "00:00")]))
    assert [found.cron for found in transitions(always)] == ["cron(0 0 ? * MON *)"]


def test_minutes_count():
    odd = schedule(
        ("day", 1, [(DAYS, "07:35", "23:05")]), ("night", 0, [(DAYS, "00:00", "07:35"), (DAYS, "23:05", "00:00")])
    )
    assert {found.label for found in transitions(odd)} == {"day-0735", "night-2305"}


@pytest.mark.parametrize(
    ("load", "expected"), [(0, (0, 0)), (0.1, (2, 12)), (0.5, (2, 12)), (1, (2, 12)), (1.6, (4, 12)), (4, (8, 12))]
)
def test_capacity_follows_the_load(load: float, expected: tuple[int, int]):
    assert capacity(load, tier()) == expected


@given(st.floats(0.01, 6), st.floats(0.01, 6))
def test_more_load_never_means_fewer_tasks(one: float, other: float):
    low, high = sorted((one, other))
    assert capacity(low, tier()) <= capacity(high, tier())


@st.composite
def weeks(draw: st.DrawFn) -> Schedule:
    """Any division of the week: each day is cut at some minutes, and each piece belongs to one of a few periods."""
    names = draw(st.lists(st.sampled_from(["standard", "burst", "quiet", "off"]), min_size=1, max_size=4, unique=True))
    windows: dict[str, list[Window]] = {}
    for day in DAYS:
        cuts = draw(st.lists(st.integers(1, DAY_MINUTES - 1), max_size=4, unique=True).map(sorted))
        for start, end in zip([0, *cuts], [*cuts, DAY_MINUTES], strict=True):
            window = Window(days=(day,), start=clock(start), end=clock(end))
            windows.setdefault(draw(st.sampled_from(names)), []).append(window)
    periods = tuple(Period(name=name, load=1, windows=tuple(found)) for name, found in windows.items())
    return Schedule(time_zone="UTC", periods=periods)


def clock(minute: int) -> str:
    return f"{minute // 60 % 24:02}:{minute % 60:02}"


def timetable(week: Schedule) -> list[str]:
    """Period of each minute of the week, from the windows."""
    result = [""] * WEEK_MINUTES
    for start, end, period in spans(week):
        result[start:end] = [period.name] * (end - start)
    return result


def events(week: Schedule, lead: int = 0) -> list[tuple[int, str]]:
    """Minute of the week and period of every run of every action, from the cron expressions alone."""
    found = []
    for transition in transitions(week, lead=lead):
        match = CRON.fullmatch(transition.cron)
        assert match, transition.cron
        minute, hour, days = match.groups()
        begin = int(hour) * 60 + int(minute)
        found += [(DAYS.index(day.lower()) * DAY_MINUTES + begin, transition.period.name) for day in days.split(",")]
    return sorted(found)


@given(weeks())
def test_replayed_actions_give_every_minute_its_period(week: Schedule):
    runs = events(week)
    replayed = [runs[-1][1]] * WEEK_MINUTES  # what last week left behind
    for position, (minute, name) in enumerate(runs):
        until = runs[position + 1][0] if position + 1 < len(runs) else WEEK_MINUTES
        replayed[minute:until] = [name] * (until - minute)
    assert replayed == timetable(week)


@given(weeks(), st.integers(1, 90))
def test_early_actions_keep_their_order(week: Schedule, lead: int):
    names = {name: place for place, name in enumerate(sorted({period.name for period in week.periods}))}
    louder = week.model_copy(
        update={"periods": tuple(found.model_copy(update={"load": names[found.name]}) for found in week.periods)}
    )
    plain, early = events(louder), events(louder, lead)
    assert len({minute for minute, _ in early}) == len(early) == len(plain)
    # Each run of the plain week is found again: at its minute, or up to `lead` before it.
    for minute, name in plain:
        assert any(found == name and (minute - at) % WEEK_MINUTES <= lead for at, found in early)
    order = [name for _, name in plain]
    assert any(order[turn:] + order[:turn] == [name for _, name in early] for turn in range(len(order)))


@given(weeks())
def test_no_action_runs_in_vain_and_no_two_at_once(week: Schedule):
    runs = events(week)
    assert len({minute for minute, _ in runs}) == len(runs)
    if len(runs) > 1:
        assert all(name != runs[position - 1][1] for position, (_, name) in enumerate(runs))
    labels = [transition.label for transition in transitions(week)]
    assert len(set(labels)) == len(labels)


def problems(week: Schedule) -> list[Problem]:
    rules = (period_names_are_distinct, windows_end_after_they_begin, schedule_covers_the_week)
    return [problem for rule in rules for problem in rule(week)]


@given(weeks())
def test_any_division_of_the_week_satisfies_the_rules(week: Schedule):
    assert problems(week) == []


@given(weeks(), st.data())
def test_a_week_with_a_hole_or_a_double_hour_is_refused(week: Schedule, data: st.DataObject):
    period = data.draw(st.sampled_from(week.periods))
    window = data.draw(st.sampled_from(period.windows))
    others = tuple(found for found in week.periods if found is not period)
    fewer = tuple(found for found in period.windows if found is not window)
    without = (*others, period.model_copy(update={"windows": fewer}))
    twice = (*week.periods, Period(name="extra", load=2, windows=(window,)))
    for periods in (without, twice):
        broken = week.model_copy(update={"periods": periods})
        assert problems(broken)
