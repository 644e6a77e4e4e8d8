"""Where Pulumi keeps the state of the stack, and what encrypts its secrets."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from ops.deploy.doctor.check import Check, Result, failure, ok, skip, warning
from ops.deploy.doctor.context import Context
from ops.plan import read_yaml, stack_file

if TYPE_CHECKING:
    from types_boto3_kms import KMSClient
    from types_boto3_s3 import S3Client

BOOTSTRAP = "python -m ops bootstrap --stack {stack} --repository <owner>/<name>"


def find_backend() -> str:
    """The backend that `pulumi` uses here; empty if it is not signed in."""
    if named := os.environ.get("PULUMI_BACKEND_URL"):
        return named
    home = Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi")
    try:
        return json.loads((home / "credentials.json").read_text(encoding="utf-8")).get("current") or ""
    except (OSError, ValueError):
        return ""


def check_backend(context: Context) -> Result:
    """The state is in an S3 bucket, not on a machine."""
    found = find_backend()
    if found.startswith("s3://"):
        region = parse_qs(urlsplit(found).query).get("region", [""])[0]
        if region != context.settings.account.region:
            return warning(
                f"{found} names Region {region or 'none'}", "`pulumi login 's3://<bucket>?region=…&awssdk=v2'`"
            )
        return ok(found)
    if not found:
        return failure(
            "not signed in to a backend", f"`{BOOTSTRAP.format(stack=context.stack)}` prints the command to sign in"
        )
    what = "a folder of this machine" if found.startswith("file:") else found
    return warning(
        f"the state is kept in {what}", "The pipeline keeps it in the S3 bucket that `ops bootstrap` creates"
    )


def check_bucket(context: Context) -> Result:
    """The bucket of the state exists and is versioned."""
    found = find_backend()
    if not found.startswith("s3://"):
        return skip("the state is not in S3")
    name = urlsplit(found).netloc
    s3: S3Client = context.client("s3")
    try:
        s3.head_bucket(Bucket=name)
    except s3.exceptions.ClientError as error:
        code = error.response["Error"]["Code"]
        return failure(f"{name} answers {code}", f"`{BOOTSTRAP.format(stack=context.stack)} --apply` creates it")
    if s3.get_bucket_versioning(Bucket=name).get("Status") != "Enabled":
        return failure(f"{name} keeps no old states", f"`{BOOTSTRAP.format(stack=context.stack)} --apply` repairs it")
    return ok(f"{name}, versioned")


def check_secrets_provider(context: Context) -> Result:
    """Secrets in the state are encrypted with a KMS key, not with a passphrase that people must share."""
    path = stack_file(context.stack, context.folder)
    content = read_yaml(path)
    provider, key = content.get("secretsprovider", ""), content.get("encryptedkey", "")
    if provider.startswith("awskms://") and key:
        return ok(provider)
    if provider.startswith("awskms://"):
        return failure(f"{path.name} has no encryptedkey", "`pulumi stack init` writes it: commit the file")
    remedy = f"`pulumi stack init {context.stack} --secrets-provider 'awskms://…'`, and commit {path.name}"
    return failure(f"{path.name} names {provider or 'no secrets provider'}", remedy)


def check_key(context: Context) -> Result:
    """The key in the stack's file exists and is enabled."""
    provider = read_yaml(stack_file(context.stack, context.folder)).get("secretsprovider", "")
    if not provider.startswith("awskms://"):
        return skip("no KMS key is named")
    parts = urlsplit(provider)
    name = f"{parts.netloc}{parts.path}".strip("/")
    region = parse_qs(parts.query).get("region", [None])[0]
    kms: KMSClient = context.client("kms", region)
    try:
        state = kms.describe_key(KeyId=name)["KeyMetadata"].get("KeyState")
    except kms.exceptions.NotFoundException:
        return failure(f"there is no key {name}", f"`{BOOTSTRAP.format(stack=context.stack)} --apply` creates it")
    if state != "Enabled":
        return failure(f"{name} is {state}", "Enable it; without it the secrets in the state cannot be read")
    return ok(name)


CHECKS = (
    Check(name="state backend", run=check_backend),
    Check(name="secrets provider", run=check_secrets_provider),
    Check(name="state bucket", run=check_bucket, aws=True),
    Check(name="state key", run=check_key, aws=True),
)
