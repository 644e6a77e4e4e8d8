"""`python -m ops replay-splunk`."""

from __future__ import annotations

from typing import Annotated

import boto3
import typer

from ops.logs.replay import Collector, read_token, replay


def replay_command(
    bucket: Annotated[str, typer.Option(help="Bucket of the failed events.")],
    source: Annotated[str, typer.Option(help="Folder of the source type, such as aws-cloudtrail.")],
    endpoint: Annotated[str, typer.Option(help="The setting logging.splunk.hec_endpoint.")],
    secret: Annotated[str, typer.Option(help="ARN of the source type's token.")],
    *,
    send: Annotated[bool, typer.Option("--send", help="Send; otherwise only list what would be sent.")] = False,
) -> None:
    """Send to Splunk the events that Firehose could not deliver. Acknowledged objects are tagged and not sent again."""
    collector = Collector(endpoint, read_token(boto3.client("secretsmanager"), secret)) if send else None
    report = replay(boto3.client("s3"), bucket, source, collector)
    for key, number in report.sent.items():
        typer.echo(f"{'sent' if send else 'would send'} {number} events of {key}")
    typer.echo(f"{len(report.sent)} objects, {sum(report.sent.values())} events; {len(report.before)} sent before")
