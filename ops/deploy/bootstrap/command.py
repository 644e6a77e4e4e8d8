"""`python -m ops bootstrap`."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

import boto3
import typer
from botocore.exceptions import BotoCoreError

from ops.deploy.bootstrap.foundation import Foundation, next_steps
from ops.deploy.bootstrap.target import BootstrapError, load_target
from ops.options import Stack

AFTER_REMOVAL = (
    "The key is deleted after 30 days; `bootstrap --apply` cancels that until then. An access log stays until it "
    "expires. Remove `secretsprovider` and `encryptedkey` from Pulumi.{stack}.yaml: they no longer work."
)


def bootstrap_command(
    stack: Stack,
    repository: Annotated[str, typer.Option(help="GitHub repository whose workflows deploy, as owner/name.")],
    *,
    apply: Annotated[bool, typer.Option("--apply", help="Make the changes; otherwise only list them.")] = False,
    remove: Annotated[
        bool, typer.Option("--remove", help="Remove everything; refused while a stack's state is left.")
    ] = False,
) -> None:
    """Prepare an account for the first `pulumi up`: state bucket, key, and the pipeline's roles."""
    target = load_target(stack, repository)
    try:
        foundation = Foundation(boto3.Session(), target)
        names = target.names
        typer.echo(f"{stack}: account {names.account}, {names.region}, repository {repository}")
        counts: Counter[str] = Counter()
        for step in foundation.destroy(apply=apply) if remove else foundation.converge(apply=apply):
            typer.echo(f"  {step}")
            counts[step.change] += 1
    except BotoCoreError as error:
        raise BootstrapError(f"AWS cannot be asked: {error}. What was done before stays; run it again.") from error
    changes = counts.total() - counts["keep"]
    typer.echo(f"{changes} changes {'made' if apply else 'to make; nothing was changed, use --apply to make them'}")
    if not remove:
        typer.echo(f"\n{next_steps(target)}")
    elif apply:
        typer.echo(AFTER_REMOVAL.format(stack=stack))
