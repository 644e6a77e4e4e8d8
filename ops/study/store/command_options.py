"""Command-line options and steps that the commands `archive`, `verify` and `restore` share."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from ops.study.store.clients import Clients
from ops.study.store.errors import ArchiveError, StillRestoring
from ops.study.store.progress import NoProgress, Progress, ProgressBars
from ops.study.store.target import Target

STILL_RESTORING = 75
"""Exit code EX_TEMPFAIL: nothing is wrong, run the command again later."""

StackOption = Annotated[str, typer.Option("--stack", "-s", help="Name of the stack: its file is Pulumi.<stack>.yaml.")]
OutputsOption = Annotated[
    Path | None,
    typer.Option(help="File with the stack's outputs (`pulumi stack output --json`); without it, Pulumi is called."),
]
WorkersOption = Annotated[int, typer.Option("--workers", min=1, max=256, help="Parallel requests.")]
RateOption = Annotated[float | None, typer.Option(min=0.1, help="Most objects per second.")]
TakeOverOption = Annotated[
    bool, typer.Option("--take-over", help="Take the lock from a run that was killed at least 15 minutes ago.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON, and no progress.")]


class Tier(StrEnum):
    """Retrieval tier. DEEP_ARCHIVE: Bulk takes 48 h, Standard 12 h; Expedited exists for other classes only."""

    BULK = "Bulk"
    STANDARD = "Standard"
    EXPEDITED = "Expedited"


def load_store(stack: str, outputs: Path | None, workers: int) -> tuple[Target, Clients]:
    """The stack's target, and clients for its Region."""
    target = Target.from_exports(_read_exports(stack, outputs))
    return target, Clients.for_region(target.region, workers=workers)


def _read_exports(stack: str, path: Path | None) -> dict[str, Any]:
    try:
        if path is not None:
            return json.loads(path.read_text(encoding="utf-8"))
        command = ["pulumi", "stack", "output", "--json", "--stack", stack]
        answer = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  fixed arguments
        if answer.returncode:
            raise ArchiveError(f"the outputs of {stack} cannot be read: {answer.stderr.strip()}")
        return json.loads(answer.stdout)
    except (OSError, ValueError) as error:
        raise ArchiveError(
            f"the outputs of {stack} cannot be read ({error}): sign in to Pulumi, or give a file with --outputs"
        ) from error


def open_progress(as_json: bool) -> AbstractContextManager[Progress]:  # noqa: FBT001
    """Progress bars, or none with `--json`."""
    return nullcontext(NoProgress()) if as_json else ProgressBars()


@contextmanager
def exit_while_restoring() -> Generator[None]:
    """Prints when to run the command again, and exits with STILL_RESTORING."""
    try:
        yield
    except StillRestoring as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(STILL_RESTORING) from None
