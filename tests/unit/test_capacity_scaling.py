"""The scaling model against the worked examples of AWS's documentation."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.capacity.scaling.declared import StepScaling, TargetTracking, Tier
from ops.capacity.scaling.scaler import (
    IN_POINTS,
    Scaler,
    adjustment,
    next_acu,
    scaler,
    step_capacity,
    tracking_capacity,
)

CPU = TargetTracking(name="cpu", metric="cpu", target=50, out_cooldown=60, in_cooldown=300)
REQUESTS = TargetTracking(name="requests", metric="requests", target=1000, out_cooldown=60, in_cooldown=300)


def step(**values) -> StepScaling:
    base = StepScaling(
        name="surge", metric="cpu", adjustment="ChangeInCapacity", magnitude=0, cooldown=300,
        steps=((0, 10, 2), (10, float("inf"), 3)), threshold=50, datapoints=1, evaluation_periods=1,
    )  # fmt: skip
    return replace(base, **values)


def tier(*, tracking=(), steps=(), desired=4, minimum=1, maximum=20) -> Tier:
    return Tier(
        name="app", vcpu=1, memory=4, desired=desired, minimum=minimum, maximum=maximum, tracking=tracking,
        steps=steps, actions=(), checks=10, grace=None, drain=60, stop=120, threads=150,
    )  # fmt: skip


def feed(target: Scaler, cpu: list[float | None], *, requests: float | None = None, at: float = 0) -> list[int]:
    return [
        target.observe(at + 60 * number, target.desired, {"cpu": value, "requests": requests})
        for number, value in enumerate(cpu)
    ]


@pytest.mark.parametrize(
    ("percent", "added"), [(127, 12), (6.7, 1), (-5.8, -1), (-66.7, -6), (10, 1), (-10, -1), (100, 10), (0, 0)]
)
def test_percentages_are_rounded_as_documented(percent: float, added: int):
    # 12.7 is 12, 0.67 is 1, -0.58 is -1, -6.67 is -6 of a capacity of 10.
    # https://docs.aws.amazon.com/autoscaling/application/userguide/step-scaling-policy-overview.html
    assert step_capacity(10, "PercentChangeInCapacity", percent) == 10 + added


def test_the_least_adjustment_is_two_tasks_for_a_quarter_of_four():
    # https://docs.aws.amazon.com/autoscaling/application/APIReference/API_StepScalingPolicyConfiguration.html
    assert step_capacity(4, "PercentChangeInCapacity", 25) == 5
    assert step_capacity(4, "PercentChangeInCapacity", 25, magnitude=2) == 6


def test_other_adjustments():
    assert step_capacity(4, "ExactCapacity", 3) == 3
    assert step_capacity(4, "ChangeInCapacity", -1) == 3


def test_a_lower_bound_belongs_to_its_step():
    found = [adjustment(step(), value) for value in (49.9, 50, 59.9, 60, 99)]
    assert found == [None, 2, 2, 3, 3]


def test_a_more_aggressive_step_in_the_cooldown_adds_only_the_rest():
    # By 2, then by 3 during the cooldown: "only 1 is added". API_StepScalingPolicyConfiguration, as above.
    target = scaler(tier(steps=(step(),)))
    assert feed(target, [55, 55, 65, 65]) == [6, 6, 7, 7]


def test_the_same_step_counts_again_after_the_cooldown():
    target = scaler(tier(steps=(step(cooldown=120),)))
    assert feed(target, [55, 55, 55]) == [6, 6, 8]
    target = scaler(tier(steps=(step(cooldown=120),)))
    target.start_seconds = 60  # the cooldown begins when the tasks run
    assert feed(target, [55, 55, 55, 55]) == [6, 6, 6, 8]


def test_tracking_waits_for_three_minutes_and_scales_in_proportion():
    # "about 3 minutes ... 15 minutes": the alarms of a tracking policy.
    # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-autoscaling-targettracking.html
    target = scaler(tier(tracking=(CPU,)))
    assert feed(target, [100, 100, 100]) == [4, 4, 8]


def test_a_minute_at_the_target_restarts_the_count():
    assert feed(scaler(tier(tracking=(CPU,))), [100, 100, 50, 100, 100]) == [4] * 5


def test_scaling_in_takes_fifteen_minutes_well_below_the_target():
    assert feed(scaler(tier(tracking=(CPU,))), [20] * IN_POINTS) == [4] * 14 + [2]
    assert feed(scaler(tier(tracking=(CPU,))), [46] * 30) == [4] * 30  # within a tenth of the target


def test_it_scales_out_for_any_policy_and_in_for_all():
    # https://docs.aws.amazon.com/autoscaling/application/userguide/target-tracking-scaling-policy-overview.html
    both = tier(tracking=(CPU, REQUESTS))
    assert feed(scaler(both), [100] * 3, requests=1500)[-1] == 8  # the larger of 8 and 6
    assert feed(scaler(both), [10] * 3, requests=1500)[-1] == 6
    assert feed(scaler(both), [10] * 20, requests=950)[-1] == 4
    assert feed(scaler(both), [10] * IN_POINTS, requests=500)[-1] == 2  # the larger of 1 and 2


def test_missing_data_changes_nothing():
    both = tier(tracking=(CPU, REQUESTS))
    assert feed(scaler(both), [10] * 30) == [4] * 30
    assert feed(scaler(tier(tracking=(CPU,))), [100, None, 100, 100]) == [4] * 4


def test_scaling_in_pauses_for_its_cooldown_and_a_scale_out_ends_it():
    target = scaler(tier(tracking=(CPU,), desired=16))
    assert feed(target, [25] * IN_POINTS)[-1] == 8
    assert feed(target, [25] * 4, at=900) == [8] * 4
    assert feed(target, [25] * 2, at=1140) == [4, 4]
    assert feed(target, [100] * 3, at=1260)[-1] == 8
    assert target.scale_in_after < 0


def test_a_scheduled_minimum_above_the_capacity_raises_it():
    # https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-scheduled-scaling.html
    target = scaler(tier(tracking=(CPU,)))
    assert target.set_range(8, 12) == 8
    assert feed(target, [1] * 30)[-1] == 8
    assert target.set_range(2, 12) == 8  # a lower minimum alone changes nothing
    assert target.set_range(1, 3) == 3
    assert target.set_range(0, 0) == 0


def test_a_maximum_bounds_every_policy():
    target = scaler(tier(tracking=(CPU,), steps=(step(),), maximum=5))
    assert feed(target, [100] * 9)[-1] == 5


def test_two_of_three_datapoints_trigger_the_alarm():
    target = scaler(tier(steps=(step(datapoints=2, evaluation_periods=3),)))
    assert feed(target, [90, 10, 90]) == [4, 4, 7]


@given(st.integers(1, 100), st.floats(0.1, 1000), st.floats(1, 100))
def test_tracking_never_leaves_the_metric_above_its_target(running: int, value: float, target: float):
    found = tracking_capacity(running, value, target)
    assert running * value / found <= target * (1 + 1e-6)
    assert found == 1 or running * value / (found - 1) > target * (1 - 1e-6)


@given(
    st.lists(st.one_of(st.none(), st.floats(0, 200)), max_size=60),
    st.integers(0, 5),
    st.integers(5, 20),
    st.sampled_from([(CPU,), ()]),
)
def test_the_capacity_stays_in_the_range(values: list[float | None], minimum: int, maximum: int, tracking):
    target = scaler(tier(tracking=tracking, steps=(step(),), desired=5, minimum=minimum, maximum=maximum))
    assert all(minimum <= found <= maximum for found in feed(target, values))


@given(st.floats(0.5, 64), st.floats(0, 300), st.floats(5, 60))
def test_the_database_moves_towards_what_it_needs_and_stays_in_its_range(acu: float, wanted: float, seconds: float):
    found = next_acu(acu, wanted, 0.5, 64, seconds)
    assert 0.5 <= found <= 64
    assert found >= min(acu, wanted, 64) - 1e-9


def test_a_larger_database_grows_faster():
    assert next_acu(0.5, 64, 0.5, 64, 10) == 1
    assert next_acu(16, 64, 0.5, 64, 10) == 24
    assert next_acu(16, 1, 0.5, 64, 60) == 15.5
