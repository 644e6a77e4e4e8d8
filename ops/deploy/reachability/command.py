"""`python -m ops reachability`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from ops.deploy.reachability.answers import Answer, Reachability
from ops.deploy.reachability.results import Hop
from ops.options import Stack
from ops.plan import PlanError, load_settings, plan

REFUSED = 2

Name = (
    "internet, center:<name>, client-vpn, edge, alb, nlb, web, app, database, endpoint:<service>, s3, … or an address"
)


def reachability_command(
    stack: Stack,
    *,
    source: Annotated[str | None, typer.Option("--from", help=f"Who opens the connection: {Name}.")] = None,
    target: Annotated[str | None, typer.Option("--to", help="Who is to answer: a name as in --from.")] = None,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="TCP port; by default those on which --to listens.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print every pair of zones as JSON.")] = False,
) -> None:
    """Show whether a TCP connection can be opened and answered: the path, or what stops it (exit code 2).

    Without --from and --to: every connection between the endpoints of the stack that the network allows.
    """
    settings = load_settings(stack)
    network = Reachability(plan(stack), {center.name: center.networks for center in settings.centers})
    if (source is None) != (target is None):
        raise PlanError("--from and --to belong together: give both, or neither for the matrix")
    if source is None or target is None:
        _print_matrix(network, network.matrix([port] if port else None), as_json=as_json)
        return
    answers = network.ask(source, target, port)
    if as_json:
        typer.echo(json.dumps([answer.to_json() for answer in answers], indent=2))
    else:
        typer.echo("\n\n".join(format_answer(answer) for answer in answers))
    if not all(answer.open for answer in answers):
        raise typer.Exit(REFUSED)


def format_answer(answer: Answer) -> str:
    """The path hop by hop, or what stops it, for the first pair of places that is stopped or else the first."""
    pair = answer.worst
    title = f"{answer.source} → {answer.target}, TCP {answer.port}"
    number = f"{len(answer.pairs)} pair{'s' if len(answer.pairs) > 1 else ''} of places"
    if pair.trace.open:
        verdict = "the network lets it pass, but the target does not listen on this port"
        lines = [
            f"{title}: {'open' if answer.open else verdict} ({number}; shown: {pair.source.name} → {pair.target.name})"
        ]
        lines += [f"  {hop.way:8} {hop.layer:14} {hop.place}: {_rules(hop)}" for hop in pair.trace.hops]
    else:
        stopped = sum(not each.trace.open for each in answer.pairs)
        lines = [f"{title}: refused ({stopped} of {number}; shown: {pair.source.name} → {pair.target.name})"]
        lines += [f"  stopped by {pair.trace.stops[0]}"]
        lines += [f"  and by {stop}" for stop in pair.trace.stops[1:]]
    return "\n".join(lines + [f"  note: {note}" for note in answer.notes])


def _rules(hop: Hop) -> str:
    return ", ".join(name.removeprefix(f"{hop.place} ") for name in hop.by)


def _print_matrix(network: Reachability, answers: Iterable[Answer], *, as_json: bool) -> None:
    open_answers = [answer for answer in answers if not answer.refused]
    if as_json:
        summary = [
            {
                "from": each.source,
                "to": each.target,
                "port": each.port,
                "every pair": each.passes,
                "listens": each.listens,
            }
            for each in open_answers
        ]
        typer.echo(
            json.dumps({"endpoints": list(network.endpoints), "open": summary, "notes": network.notes}, indent=2)
        )
        return
    table = Table("from", "to", "TCP ports", "remark", title=f"stack {network.stack}", title_justify="left")
    flows: dict[tuple[str, str, str], list[int]] = {}
    for answer in open_answers:
        remark = "" if answer.passes else "not for every pair of zones"
        remark = remark or ("no listener" if answer.listens is False else "")
        flows.setdefault((answer.source, answer.target, remark), []).append(answer.port)
    for (source, target, remark), ports in flows.items():
        table.add_row(source, target, ", ".join(map(str, ports)), remark)
    console = Console()
    console.print(table)
    console.print("Everything else is refused. A port stands for all ports up to the next one that a rule names.")
    for note in network.notes:
        console.print(f"note: {note}", markup=False)
