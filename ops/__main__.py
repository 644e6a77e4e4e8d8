"""The command line of the store: `python -m ops --help`.

A command's module is imported only when the command runs or shows its own help: some take a second to import.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any, NamedTuple

from ops.errors import OperatorError

OWN_PACKAGES = frozenset({"awsmodel", "components", "dataplane", "functions", "layout", "ops", "policy", "settings"})


def explain_missing_module(error: ModuleNotFoundError) -> str:
    """What to do about a Python package that is not installed; raises `error` again if the module is the project's."""
    package = (error.name or "").partition(".")[0]
    if package in OWN_PACKAGES:
        raise error
    return f"the Python package {package} is not installed here: run `make setup`, then `.venv/bin/python -m ops …`"


try:
    import typer
    from typer.core import TyperGroup
    from typer.main import get_command
except ModuleNotFoundError as missing:
    raise SystemExit(explain_missing_module(missing)) from None

PLAN, DEPLOY, OPERATE, END = "Plan and review", "Deploy", "Operate", "End of the study"


class Command(NamedTuple):
    """One command: the module and function behind it, its help panel, and its line in the list of commands."""

    module: str
    function: str
    panel: str
    help: str


COMMANDS = {
    "plan": Command("ops.plan.command", "plan_command", PLAN, "List what a stack declares, without any cloud."),
    "review": Command("ops.review.command", "review_command", PLAN, "Review what a change does to a stack."),
    "cost": Command("ops.cost.command", "cost_command", PLAN, "Estimate what a stack costs, at list prices."),
    "capacity": Command("ops.capacity.command", "capacity_command", PLAN, "Simulate the load with a stack's scaling."),
    "render": Command("ops.render.command", "render_command", PLAN, "Write the files that the tasks would run with."),
    "architecture": Command("ops.docs.command", "architecture_command", PLAN, "Generate docs/architecture.md."),
    "controls": Command("ops.docs.command", "controls_command", PLAN, "Generate docs/controls.md, the HIPAA matrix."),
    "bootstrap": Command(
        "ops.deploy.bootstrap.command", "bootstrap_command", DEPLOY, "Prepare an account: state bucket, key, roles."
    ),
    "doctor": Command(
        "ops.deploy.doctor.command", "doctor_command", DEPLOY, "Check that everything a deployment needs is there."
    ),
    "reachability": Command(
        "ops.deploy.reachability.command", "reachability_command", DEPLOY, "Trace a connection through the network."
    ),
    "replay-splunk": Command(
        "ops.logs.command", "replay_command", OPERATE, "Send the events to Splunk that Firehose could not deliver."
    ),
    "status": Command(
        "ops.study.status.command", "status_command", END, "Show the study's phase, what is missing, and what to do."
    ),
    "close": Command("ops.study.close.command", "close_command", END, "Refuse new images and prove nothing changes."),
    "archive": Command(
        "ops.study.archive.command", "archive_command", END, "Copy everything into the archive and sign it."
    ),
    "verify": Command(
        "ops.study.verify.command", "verify_command", END, "Compare the archive with its manifest and sources."
    ),
    "restore": Command(
        "ops.study.restore.command", "restore_command", END, "Restore one study as DICOM files from the archive."
    ),
    "teardown": Command(
        "ops.study.teardown.command", "teardown_command", END, "Destroy an archived stack and prove what is left."
    ),
}
"""All commands, in the order of the help."""


class LazyGroup(TyperGroup):
    """A group whose commands are placeholders until one is invoked."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that `args` name, imported now."""
        name, placeholder, rest = super().resolve_command(ctx, args)
        return name, placeholder and load_command(str(placeholder.name)), rest


def load_command(name: str) -> Any:
    """Imports a command and builds its parser."""
    command = COMMANDS[name]
    single = typer.Typer(add_completion=False)
    single.command(name)(getattr(importlib.import_module(command.module), command.function))
    return get_command(single)


def _placeholder() -> None:
    """A command in the list, whose module is not imported yet."""


app = typer.Typer(cls=LazyGroup, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
for _name, _command in COMMANDS.items():
    app.command(_name, help=_command.help, rich_help_panel=_command.panel)(_placeholder)


@app.callback()
def main() -> None:
    """Plan, review, deploy, operate and end an image store."""


def correctable_errors() -> tuple[type[Exception], ...]:
    """Errors whose message is enough: the operators' and, if the SDK was imported, those of settings and plans."""
    pulumi = sys.modules.get("pulumi")
    return (OperatorError, pulumi.RunError) if pulumi else (OperatorError,)


def run() -> None:
    """Runs the command line; an error that the operator can correct is a message, not a traceback."""
    try:
        app()
    except ModuleNotFoundError as error:
        typer.echo(explain_missing_module(error), err=True)
        raise SystemExit(1) from None
    except correctable_errors() as error:
        typer.echo(str(error), err=True)
        raise SystemExit(1) from None


if __name__ == "__main__":
    run()
