"""What samples say: medians, ratios with their spread, CPU per request, and what `ops capacity` reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from statistics import median
from typing import Any

from bench.bodies import SLICES
from bench.targets import BARE, FULL
from bench.work import LARGE_FRAMES, QUERIES, TITLES

ENOUGH = 0.6
"""Of the bare throughput: below it the document has to show where the rest goes."""

BUSY_CLIENT = 0.5
"""Share of all cores above which k6 itself may bound what is measured."""

Sample = Mapping[str, Any]


def of(samples: Sequence[Sample], target: str, work: str) -> list[Sample]:
    """The samples of one work against one target, by round."""
    return sorted((one for one in samples if (one["target"], one["work"]) == (target, work)), key=lambda x: x["round"])


def spread(values: Sequence[float]) -> dict[str, float]:
    """Median, least and greatest."""
    return {"median": median(values), "min": min(values), "max": max(values)}


def ratio(samples: Sequence[Sample], work: str, over: str = FULL, under: str = BARE) -> dict[str, float]:
    """Throughput of one target as a part of another's, round by round; ValueError if a round lacks either."""
    first, second = of(samples, over, work), of(samples, under, work)
    if not first or [one["round"] for one in first] != [one["round"] for one in second]:
        raise ValueError(f"{work}: {over} and {under} do not have the same rounds")
    if not all(one["per_second"] > 0 for one in second):
        raise ValueError(f"{work}: {under} did nothing in a round")
    return spread([a["per_second"] / b["per_second"] for a, b in zip(first, second, strict=True)])


def cpu_ms(samples: Sequence[Sample]) -> dict[str, float]:
    """CPU milliseconds of a request by program, over all rounds."""
    requests = sum(one["requests"] for one in samples)
    programs = samples[0]["cpu_seconds"]
    return {name: 1000 * sum(one["cpu_seconds"][name] for one in samples) / requests for name in programs}


def row(samples: Sequence[Sample], target: str, work: str, cores: int) -> dict[str, Any]:
    """One line of the tables. Percentiles are medians of the rounds' own."""
    found = of(samples, target, work)
    used, seconds = cpu_ms(found), sum(one["seconds"] for one in found)
    requests = sum(one["requests"] for one in found)
    return {
        "target": target,
        "work": work,
        "title": TITLES[work],
        "requests": requests,
        "failed": sum(one["failed"] for one in found),
        "per_second": spread([one["per_second"] for one in found]),
        "mb_per_second": median(one["mb_per_second"] for one in found),
        "ms": {name: median(one["ms"][name] for one in found) for name in ("p50", "p95", "p99")},
        "first_byte_ms": {name: median(one["first_byte_ms"][name] for one in found) for name in ("p50", "p95", "p99")},
        "cpu_ms": used,
        "cpu_bound_per_second": 1000 * cores / sum(used.values()) if sum(used.values()) else 0.0,
        "client_share": used["k6"] * requests / 1000 / seconds / cores,
        # Those of the background fall into the time of a target that has no PostgreSQL, too, and are not its own.
        "conflicts_per_100": 100 * sum(one["conflicts"] for one in found) / requests if "postgresql" in used else 0.0,
        "others": median(one["others"] for one in found),
    }


def explained(full: Mapping[str, Any], bare: Mapping[str, Any]) -> dict[str, Any]:
    """Why one is slower: the ratio if CPU alone counted, what the use of the cores makes of it, and whose CPU is more.

    The two factors make up the ratio of the medians.
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
    """What `ops capacity` reads: requests a second of one vCPU that Orthanc has for itself, and CPU by program."""
    used = {work: cpu_ms(of(samples, FULL, work)) for work in ("stow", "wado", "qido")}
    first = of(samples, FULL, "wado")
    return {
        "measured": measured.isoformat(),
        "instance_bytes": instance_bytes,
        **{f"{work}_per_second_per_vcpu": round(1000 / one["orthanc"], 1) for work, one in used.items()},
        "cpu_ms": {
            work: {name: round(ms, 2) for name, ms in one.items() if name != "k6"} for work, one in used.items()
        },
        "first_byte_ms": {
            name: round(median(one["first_byte_ms"][name] for one in first), 1) for name in ("p50", "p95", "p99")
        },
    }


def summary(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Everything that the document shows, from what a run recorded."""
    samples, cores = raw["samples"], raw["machine"]["cores"]
    targets, measured = list(raw["targets"]), [work for work in TITLES if of(samples, FULL, work)]
    table = {
        work: {name: row(samples, name, work, cores) for name in targets if of(samples, name, work)}
        for work in measured
    }
    ratios = {work: ratio(samples, work) for work in measured}
    return {
        **{key: raw[key] for key in ("machine", "versions", "load", "targets", *MORE)},
        "table": table,
        "ratios": ratios,
        "short": {
            work: explained(table[work][FULL], table[work][BARE])
            for work, one in ratios.items()
            if one["median"] < ENOUGH
        },
        "messages": sorted({one["messages"] for one in samples if one["failed"]}),
        "steps": {
            work: steps([row(common(samples, work), name, work, cores) for name in targets])
            for work in measured
            if len(table[work]) > len(PAIR)
        },
        "queries": queries(samples),
        "large": large(raw["large"], targets),
        "large_mib": LARGE_FRAMES * SLICES * SLICES * 2 // 2**20,
        "failed": sum(one["failed"] for one in samples),
        "requests": sum(one["requests"] for one in samples),
        "client_bound": [
            (work, name)
            for work, rows in table.items()
            for name, one in rows.items()
            if one["client_share"] > BUSY_CLIENT
        ],
        "others": spread([one["others"] for one in samples]),
        "capacity": {
            **capacity(samples, date.fromisoformat(raw["measured"]), raw["instance_bytes"]),
            "metadata_cpu_ms": round(raw["metadata_cpu_ms"][FULL], 2),
        },
        "enough": ENOUGH,
        "busy_client": BUSY_CLIENT,
    }


PAIR = (FULL, BARE)
MORE = ("fill", "measured", "rounds", "quick", "metadata_cpu_ms")


def common(samples: Sequence[Sample], work: str) -> list[Sample]:
    """The samples of a work in those rounds in which as many targets took part as in any."""
    rounds = [one["round"] for one in samples if one["work"] == work]
    most = max(rounds.count(number) for number in rounds)
    return [one for one in samples if one["work"] == work and rounds.count(one["round"]) == most]


def steps(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """From the bare Orthanc, which is the last row, to the full store: what each thing more costs."""
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
    """Times of each kind of query, on both."""
    rows = []
    for name, title in QUERIES.items():
        kinds = {target: [one["named_ms"][name] for one in of(samples, target, "qido")] for target in PAIR}
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
