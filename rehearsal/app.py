"""`python -m rehearsal`: the real Pulumi engine on the simulated AWS."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from rehearsal.account.process import ENDPOINT, run_server
from rehearsal.environment import TOOLS, is_set_up, shell_script
from rehearsal.lock import exclusive
from rehearsal.remedies import find_remedy
from rehearsal.scenario import report
from rehearsal.scenario.record import Record
from rehearsal.scenario.steps import STEPS
from rehearsal.stack.driver import Rehearsal
from rehearsal.stack.workspace import Workspace

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
console = Console(highlight=False, soft_wrap=True, emoji=False)
errors = Console(highlight=False, soft_wrap=True, emoji=False, stderr=True)


@app.command()
def run(stack: Annotated[str, typer.Option(help="The stack to rehearse, as its file names it.")] = "dev") -> None:
    """Take a stack through its whole life, from an empty cloud to its archive; exit with 1 at the first failure."""
    _require_setup()
    _require_stack(stack)
    rehearsal = Rehearsal(stack)
    folder = rehearsal.workspace.folder
    with _one_line_errors(), exclusive(folder.with_suffix(".lock"), f"A rehearsal of {stack}"):
        _run_steps(rehearsal, folder)


@app.command()
def shell() -> None:
    """Prepare the project for `. rehearsal/env`: copy stack files, create stacks, print the shell's variables."""
    _require_setup()
    here = Workspace()
    with _one_line_errors(), exclusive(TOOLS / "project.lock", "Another shell's preparation", on_wait=errors.print):
        here.open(here.stacks())
    errors.print(
        f"Stacks {', '.join(here.stacks())} on the simulated AWS, in {escape(str(here.project))} (stack files are "
        "copies).\nTry: pulumi preview -s dev --policy-pack policy\nTo leave, close this shell."
    )
    sys.stdout.write(shell_script())


def _run_steps(rehearsal: Rehearsal, folder: Path) -> None:
    record, seconds = Record(), {}
    logs = f"The engine's logs are in {os.path.relpath(folder)}"
    try:
        rehearsal.start_over()
        with run_server(folder, rehearsal.account) as endpoint:
            rehearsal.env[ENDPOINT] = endpoint
            for name, step in STEPS.items():
                started = time.monotonic()
                with report.progress(console, name) as watcher:
                    outcome = step(rehearsal, record, watcher)
                seconds[name] = time.monotonic() - started
                console.print(f"[green]✓[/] {name:<18} {seconds[name]:5.1f} s  {escape(outcome)}")
    except KeyboardInterrupt:
        console.print(f"[yellow]Interrupted.[/] {logs}")
        raise typer.Exit(130) from None
    except RuntimeError as error:
        failed = next(name for name in STEPS if name not in seconds)
        console.print(f"[red]✗ {failed}[/]\n{escape(str(error))}")
        console.print(logs)
        if remedy := find_remedy(str(error)):
            console.print(f"Next step: {remedy}")
        raise typer.Exit(1) from None
    report.summary(console, record, seconds)


@contextmanager
def _one_line_errors() -> Generator[None]:
    """Report a held lock, an error of the engine or of a file without a traceback, with the next step if known."""
    try:
        yield
    except typer.Exit:  # which is a RuntimeError
        raise
    except OSError as error:
        errors.print(escape(f"{error.filename or 'a file'}: {error.strerror or error}"))
        errors.print(f"Next step: {find_remedy(error) or 'correct this, then run the same command again'}")
        raise typer.Exit(1) from None
    except RuntimeError as error:
        errors.print(escape(str(error)))
        if remedy := find_remedy(str(error)):
            errors.print(f"Next step: {remedy}")
        raise typer.Exit(1) from None


def _require_setup() -> None:
    if not is_set_up():
        errors.print("Nothing is set up here. Next step: make setup")
        raise typer.Exit(2)


def _require_stack(stack: str) -> None:
    known = Workspace().stacks()
    if stack not in known:
        errors.print(f"There is no Pulumi.{escape(stack)}.yaml. Stacks: {', '.join(known)}")
        raise typer.Exit(2)
