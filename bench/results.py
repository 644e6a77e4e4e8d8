"""Figures from samples: medians, ratios with their spread, CPU per request, and the input of `ops capacity`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from statistics import median
from typing import Any

from bench.bodies import SLICE_SIZE
from bench.scenarios import LARGE_FRAMES, QUERIES, TITLES
from bench.targets import BARE, FULL

EXPECTED_RATIO = 0.6
"""Of the bare throughput: the document explains scenarios below it."""

BUSY_CLIENT = 0.5
"""Share of all cores above which k6 itself may limit the measured throughput."""

Sample = Mapping[str, Any]


def select(samples: Sequence[Sample], target: str, scenario: str) -> list[Sample]:
    """The samples of one scenario against one target, by round."""
    return sorted(
        (one for one in samples if (one["target"], one["scenario"]) == (target, scenario)), key=lambda x: x["round"]
    )


def spread(values: Sequence[float]) -> dict[str, float]:
    """Median, minimum and maximum."""
    return {"median": median(values), "min": min(values), "max": max(values)}


def ratio(samples: Sequence[Sample], scenario: str, over: str = FULL, under: str = BARE) -> dict[str, float]:
    """Throughput of one target divided by another's, round by round; ValueError if a round lacks one of them."""
    first, second = select(samples, over, scenario), select(samples, under, scenario)
    if not first or [one["round"] for one in first] != [one["round"] for one in second]:
        raise ValueError(f"{scenario}: {over} and {under} were not measured in the same rounds")
    if not all(one["per_second"] > 0 for one in second):
        raise ValueError(f"{scenario}: {under} has a round without throughput")
    return spread([a["per_second"] / b["per_second"] for a, b in zip(first, second, strict=True)])


def cpu_ms(samples: Sequence[Sample]) -> dict[str, float]:
    """CPU milliseconds per request by program, over all rounds."""
    requests = sum(one["requests"] for one in samples)
    programs = samples[0]["cpu_seconds"]
    return {name: 1000 * sum(one["cpu_seconds"][name] for one in samples) / requests for name in programs}


def row(samples: Sequence[Sample], target: str, scenario: str, cores: int) -> dict[str, Any]:
    """One row of the tables. Percentiles are medians over the rounds."""
    found = select(samples, target, scenario)
    used, seconds = cpu_ms(found), sum(one["seconds"] for one in found)
    requests = sum(one["requests"] for one in found)
    return {
        "target": target,
        "scenario": scenario,
        "title": TITLES[scenario],
        "requests": requests,
        "failed": sum(one["failed"] for one in found),
        "per_second": spread([one["per_second"] for one in found]),
        "mb_per_second": median(one["mb_per_second"] for one in found),
        "ms": {name: median(one["ms"][name] for one in found) for name in ("p50", "p95", "p99")},
        "first_byte_ms": {name: median(one["first_byte_ms"][name] for one in found) for name in ("p50", "p95", "p99")},
        "cpu_ms": used,
        "cpu_bound_per_second": 1000 * cores / sum(used.values()) if sum(used.values()) else 0.0,
        "client_share": used["k6"] * requests / 1000 / seconds / cores,
        # A target without PostgreSQL has no conflicts; those logged meanwhile come from background work of others.
        "conflicts_per_100": 100 * sum(one["conflicts"] for one in found) / requests if "postgresql" in used else 0.0,
        "others": median(one["others"] for one in found),
    }


def explain(full: Mapping[str, Any], bare: Mapping[str, Any]) -> dict[str, Any]:
    """Why the full path is slower: the ratio of CPU costs, the ratio of core use, and the extra CPU by program.

    The product of the two ratios is the ratio of the medians.
    """
    costs = [sum(one["cpu_ms"].values()) for one in (full, bare)]
    cpu = costs[1] / costs[0] if costs[0] else 1.0
    more = {name: ms - bare["cpu_ms"].get(name, 0.0) for name, ms in full["cpu_ms"].items()}
    return {
        "cpu": cpu,
        "use": full["per_second"]["median"] / bare["per_second"]["median"] / cpu if cpu else 0.0,
        "costs": costs,
        "more": dict(sorted(more.items(), key=lambda one: -one[1])),
        "conflicts_per_100": full["conflicts_per_100"],
    }


def capacity(samples: Sequence[Sample], measured: date, instance_bytes: int) -> dict[str, Any]:
    """The input of `ops capacity`: requests per second of a vCPU that only Orthanc uses, and CPU by program."""
    used = {scenario: cpu_ms(select(samples, FULL, scenario)) for scenario in ("stow", "wado", "qido")}
    first = select(samples, FULL, "wado")
    return {
        "measured": measured.isoformat(),
        "instance_bytes": instance_bytes,
        **{f"{scenario}_per_second_per_vcpu": round(1000 / one["orthanc"], 1) for scenario, one in used.items()},
        "cpu_ms": {
            scenario: {name: round(ms, 2) for name, ms in one.items() if name != "k6"} for scenario, one in used.items()
        },
        "first_byte_ms": {
            name: round(median(one["first_byte_ms"][name] for one in first), 1) for name in ("p50", "p95", "p99")
        },
    }


def summary(raw: Mapping[str, Any]) -> dict[str, Any]:
    """All values of the document, from the record of a run."""
    samples, cores = raw["samples"], raw["machine"]["cores"]
    targets, measured = list(raw["targets"]), [scenario for scenario in TITLES if select(samples, FULL, scenario)]
    table = {
        scenario: {name: row(samples, name, scenario, cores) for name in targets if select(samples, name, scenario)}
        for scenario in measured
    }
    ratios = {scenario: ratio(samples, scenario) for scenario in measured}
    return {
        **{key: raw[key] for key in ("machine", "versions", "load", "targets", *COPIED)},
        "table": table,
        "ratios": ratios,
        "short": {
            scenario: explain(table[scenario][FULL], table[scenario][BARE])
            for scenario, one in ratios.items()
            if one["median"] < EXPECTED_RATIO
        },
        "messages": sorted({one["messages"] for one in samples if one["failed"]}),
        "steps": {
            scenario: steps([row(common(samples, scenario), name, scenario, cores) for name in targets])
            for scenario in measured
            if len(table[scenario]) > len(PAIR)
        },
        "queries": queries(samples),
        "large": large(raw["large"], targets),
        "large_mib": LARGE_FRAMES * SLICE_SIZE * SLICE_SIZE * 2 // 2**20,
        "failed": sum(one["failed"] for one in samples),
        "requests": sum(one["requests"] for one in samples),
        "client_bound": [
            (scenario, name)
            for scenario, rows in table.items()
            for name, one in rows.items()
            if one["client_share"] > BUSY_CLIENT
        ],
        "others": spread([one["others"] for one in samples]),
        "capacity": {
            **capacity(samples, date.fromisoformat(raw["measured"]), raw["instance_bytes"]),
            "metadata_cpu_ms": round(raw["metadata_cpu_ms"][FULL], 2),
        },
        "expected_ratio": EXPECTED_RATIO,
        "busy_client": BUSY_CLIENT,
    }


PAIR = (FULL, BARE)
COPIED = ("fill", "measured", "rounds", "quick", "metadata_cpu_ms")


def common(samples: Sequence[Sample], scenario: str) -> list[Sample]:
    """The samples of a scenario in the rounds with the most targets."""
    rounds = [one["round"] for one in samples if one["scenario"] == scenario]
    maximum = max(rounds.count(number) for number in rounds)
    return [one for one in samples if one["scenario"] == scenario and rounds.count(one["round"]) == maximum]


def steps(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """From the bare Orthanc, which is the last row, to the full store: the cost of each step."""
    found: list[dict[str, Any]] = []
    for one in reversed(rows):
        before = found[-1] if found else None
        total = sum(one["cpu_ms"].values())
        more = {
            "total_ms": total,
            "more_ms": total - before["total_ms"] if before else 0.0,
            "of_before": one["per_second"]["median"] / before["per_second"]["median"] if before else 1.0,
        }
        found.append({**one, **more})
    return found


def queries(samples: Sequence[Sample]) -> list[dict[str, Any]]:
    """Times of each kind of query on both targets."""
    rows = []
    for name, title in QUERIES.items():
        kinds = {target: [one["named_ms"][name] for one in select(samples, target, "qido")] for target in PAIR}
        rows.append(
            {"name": name, "title": title}
            | {
                target: {p: median(one[p] for one in found) for p in ("p50", "p95", "p99")}
                for target, found in kinds.items()
            }
        )
    return rows


def large(timed: Sequence[Mapping[str, Any]], targets: Sequence[str]) -> list[dict[str, Any]]:
    """Times of the large instance by target."""
    keys = ("stow_seconds", "wado_seconds", "first_mib_seconds")
    return [
        {"target": name, "bytes": found[0]["bytes"], "times": len(found)}
        | {key: spread([one[key] for one in found]) for key in keys}
        for name in targets
        if (found := [one for one in timed if one["target"] == name])
    ]
