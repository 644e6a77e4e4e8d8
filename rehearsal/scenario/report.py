"""The output of `make rehearse`: a line for each step, and a summary at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pulumi.automation.events import EngineEvent, OpType
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from rehearsal.scenario.record import Record, Resources
from rehearsal.stack.operations import Watcher, format_violation, short_name

ROOT = "pulumi:pulumi:Stack"


@contextmanager
def progress(console: Console, title: str) -> Generator[Watcher]:
    """Count the resources of a command; a terminal shows the count live, a log does not."""
    with console.status(title) as status:
        done = 0

        def count(event: EngineEvent) -> None:
            nonlocal done
            if event.res_outputs_event and not event.res_outputs_event.planning:
                done += 1
                status.update(f"{title}: {done} resources, {escape(short_name(event.res_outputs_event.metadata.urn))}")

        yield count


def component(resource: Mapping[str, Any], by_urn: Mapping[str, Mapping[str, Any]]) -> str:
    """The outermost component that contains a resource; the program itself if there is none."""
    chain = [resource]
    while chain[-1].get("parent") in by_urn:
        chain.append(by_urn[chain[-1]["parent"]])
    below = [link for link in chain if link["type"] != ROOT]
    top = below[-1] if below else resource
    return top["urn"].rpartition("::")[2] if not top.get("custom") else "(program)"


def resource_table(resources: Resources) -> Table:
    """Cloud resources by component."""
    by_urn = {resource["urn"]: resource for resource in resources}
    cloud = [resource for resource in resources if resource.get("custom") and not _provider(resource)]
    table = Table("component", "resources", "of which", title=f"{len(cloud)} cloud resources")
    table.columns[1].justify = "right"
    per_component: dict[str, Counter[str]] = {}
    for resource in cloud:
        kinds = per_component.setdefault(component(resource, by_urn), Counter())
        kinds[resource["type"].rpartition(":")[2]] += 1
    for name, kinds in sorted(per_component.items()):
        listed = ", ".join(f"{number} {kind}" if number > 1 else kind for kind, number in kinds.most_common(4))
        table.add_row(name, str(kinds.total()), listed + (" …" if len(kinds) > 4 else ""))  # noqa: PLR2004
    return table


def summary(console: Console, record: Record, seconds: Mapping[str, float]) -> None:
    """Print resources, policies, the change in place, the end of the study, what is retained, and times."""
    console.print(resource_table(record.deployed))
    if record.up:
        _policies(console, record)
    if record.update:
        console.print("Updated in place: " + escape(", ".join(sorted(_updated_names(record)))))
    if record.archived:
        console.print(_study_end(record))
    if record.retained:
        console.print(f"Resources left: {len(record.retained)}, retained on purpose or expiring by themselves")
        for name in record.retained:
            console.print(f"  {escape(name)}")
    times = ", ".join(f"{name} {spent:.1f} s" for name, spent in seconds.items())
    console.print(f"[bold green]Rehearsal passed[/] in {sum(seconds.values()):.0f} s ({times})")


def _study_end(record: Record) -> str:
    """Only a report: a step fails if two of these numbers differ."""
    stored, archived = sum(one.bytes for one in record.sent), record.archived
    return (
        f"Objects: {len(record.sent)} stored, {archived['objects']} archived; "
        f"bytes: {stored} stored, {archived['bytes']} archived; "
        f"checksums: {record.compared} compared, all equal; files restored: {record.restored}"
    )


def _policies(console: Console, record: Record) -> None:
    if record.up is None or record.up.summary is None:
        return
    packs = ", ".join(pack.partition("|")[0] for pack in record.up.summary.policy_packs)
    if not packs:
        console.print("Policies: no pack in ./policy")
        return
    found = record.up.violations
    console.print(f"Policies: pack {packs}, {len(found)} violations")
    for event in found:
        console.print(f"  {escape(format_violation(event))}")


def _updated_names(record: Record) -> Iterator[str]:
    for step in record.update.steps if record.update else ():
        if step.op == OpType.UPDATE:
            yield f"{short_name(step.urn)} ({', '.join(step.diffs or ())})"


def _provider(resource: Mapping[str, Any]) -> bool:
    return resource["type"].startswith("pulumi:providers:")
