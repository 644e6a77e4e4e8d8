"""`python -m ops bootstrap`."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

import typer

MADE_LAST = (
    "Kept: the key is deleted after 30 days, and a bootstrap within them takes that back; an access log stays until it "
    "has expired. `secretsprovider` and `encryptedkey` in Pulumi.{stack}.yaml are of no use any more: remove them."
)


def bootstrap_command(
    stack: Annotated[str, typer.Option("--stack", "-s", help="Name of the stack: its file is Pulumi.<stack>.yaml.")],
    repository: Annotated[str, typer.Option(help="GitHub repository whose workflows deploy, as owner/name.")],
    *,
    apply: Annotated[bool, typer.Option("--apply", help="Do it; otherwise only say what would be done.")] = False,
    remove: Annotated[bool, typer.Option("--remove", help="Remove all of it, once no stack's state is left.")] = False,
) -> None:
    """What an account needs before the first `pulumi up`: state bucket, key, and the pipeline's roles."""
    import boto3  # noqa: PLC0415  slow to import, and no other command needs it
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415

    from ops.deploy.bootstrap.foundation import Foundation, next_steps  # noqa: PLC0415
    from ops.deploy.bootstrap.target import BootstrapError, target  # noqa: PLC0415

    chosen = target(stack, repository)
    try:
        foundation = Foundation(boto3.Session(), chosen)
        names = chosen.names
        typer.echo(f"{stack}: account {names.account}, {names.region}, repository {repository}")
        counted: Counter[str] = Counter()
        for step in foundation.remove(apply=apply) if remove else foundation.make(apply=apply):
            typer.echo(f"  {step}")
            counted[step.change] += 1
    except BotoCoreError as error:
        raise BootstrapError(f"AWS cannot be asked: {error}. What was done before stays; run it again.") from error
    changes = counted.total() - counted["keep"]
    typer.echo(f"{changes} changes {'made' if apply else 'to make; nothing was changed, --apply makes them'}")
    if not remove:
        typer.echo(f"\n{next_steps(chosen)}")
    elif apply:
        typer.echo(MADE_LAST.format(stack=stack))
