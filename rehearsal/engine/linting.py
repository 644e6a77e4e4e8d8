"""actionlint, which checks the workflows: built from its pinned Go module, like the CLI.

Standard library only, like everything that set-up imports.
"""

from __future__ import annotations

from rehearsal import environment as env
from rehearsal.engine import cli
from rehearsal.engine.tasks import fingerprint, run, run_unless_current, say

FOLDER = env.PROJECT / "tests" / "actionlint"
COMMAND = "github.com/rhysd/actionlint/cmd/actionlint"
ACTIONLINT = env.BIN / "actionlint"


def install() -> None:
    """Make actionlint available in `.rehearsal/bin`; a Go module of its own keeps its pins apart from the engine's."""
    fresh = run_unless_current(ACTIONLINT, fingerprint(FOLDER / "go.mod", FOLDER / "go.sum"), _build)
    say(f"actionlint: {'built' if fresh else 'current'}")


def _build() -> None:
    go, source = cli.toolchain()
    say(f"building actionlint with {source} (about 15 seconds the first time)")
    run(
        [go, "build", "-ldflags", "-s -w", "-o", str(ACTIONLINT), COMMAND],
        environment=cli.go_environment(),
        cwd=FOLDER,
        next_step="check the connection to the Go module proxy (`go env GOPROXY`), then run `make setup` again",
    )
