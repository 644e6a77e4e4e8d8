"""Options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

Stack = Annotated[str, typer.Option("--stack", "-s", help="Name of the stack: its file is Pulumi.<stack>.yaml.")]
