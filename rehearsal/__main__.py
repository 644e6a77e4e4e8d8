"""`python -m rehearsal`: the real Pulumi engine on the simulated AWS."""

from __future__ import annotations

import time
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from rehearsal import report
from rehearsal.account.process import ENDPOINT, serving
from rehearsal.driver import Rehearsal
from rehearsal.environment import ENV_FILE, PROJECT
from rehearsal.record import Record
from rehearsal.scenario import STEPS
from rehearsal.workspace import Workspace

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
console = Console(highlight=False, soft_wrap=True, emoji=False)


@app.command()
def run(stack: Annotated[str, typer.Option(help="The stack whose file is rehearsed.")] = "dev") -> None:
    """The whole life of a stack, from an empty cloud to its archive; exits with 1 at the first failure."""
    _require(stack)
    record, seconds = Record(), {}
    rehearsal = Rehearsal(stack)
    try:
        rehearsal.start_over()
        with serving(rehearsal.workspace.folder, rehearsal.account) as endpoint:
            rehearsal.env[ENDPOINT] = endpoint
            for name, step in STEPS.items():
                started = time.monotonic()
                with report.progress(console, name) as watcher:
                    outcome = step(rehearsal, record, watcher)
                seconds[name] = time.monotonic() - started
                console.print(f"[green]✓[/] {name:<18} {seconds[name]:5.1f} s  {escape(outcome)}")
    except KeyboardInterrupt:
        console.print(f"[yellow]Interrupted.[/] The engine's logs are in {_relative(rehearsal)}")
        raise typer.Exit(130) from None
    except RuntimeError as error:
        failed = next(name for name in STEPS if name not in seconds)
        console.print(f"[red]✗ {failed}[/]\n{escape(str(error))}")
        console.print(f"The engine's logs are in {_relative(rehearsal)}")
        raise typer.Exit(1) from None
    report.summary(console, record, seconds)


@app.command()
def workspace() -> None:
    """Prepare the project that `. rehearsal/env` works in: stack files copied, stacks created."""
    here = Workspace()
    try:
        here.open(here.stacks())
    except RuntimeError as error:
        console.print(escape(str(error)))
        raise typer.Exit(1) from None
    console.print(
        f"Stacks {', '.join(here.stacks())} on the simulated AWS, in .rehearsal/project (stack files are copies).\n"
        "Try: pulumi preview -s dev --policy-pack policy"
    )


def _require(stack: str) -> None:
    known = Workspace().stacks()
    if stack not in known:
        console.print(f"There is no Pulumi.{escape(stack)}.yaml. Stacks here: {', '.join(known)}")
        raise typer.Exit(2)
    if not ENV_FILE.exists():
        console.print("Nothing is set up here. Next step: make setup")
        raise typer.Exit(2)


def _relative(rehearsal: Rehearsal) -> str:
    return str(rehearsal.workspace.folder.relative_to(PROJECT))


if __name__ == "__main__":
    app()
