"""Where Pulumi keeps the state of the stack, and what encrypts its secrets."""

from __future__ import annotations

import json
import os
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import yaml

from ops.deploy.doctor.check import Check, Patient, Result, failure, ok, skipped, warning

MAKE = "python -m ops bootstrap --stack {stack} --repository <owner>/<name>"


def backend() -> str:
    """The backend that `pulumi` would use here."""
    if named := os.environ.get("PULUMI_BACKEND_URL"):
        return named
    home = Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi")
    try:
        return json.loads((home / "credentials.json").read_text(encoding="utf-8")).get("current") or ""
    except (OSError, ValueError):
        return ""


def signed_in(patient: Patient) -> Result:
    """State is in an S3 bucket, not on a machine."""
    found = backend()
    if found.startswith("s3://"):
        region = parse_qs(urlsplit(found).query).get("region", [""])[0]
        if region != patient.settings.account.region:
            return warning(
                f"{found} names Region {region or 'none'}", "`pulumi login 's3://<bucket>?region=…&awssdk=v2'`"
            )
        return ok(found)
    if not found:
        return failure("not signed in to a backend", f"`{MAKE.format(stack=patient.stack)}` prints the line to type")
    what = "a folder of this machine" if found.startswith("file:") else found
    return warning(f"the state is kept in {what}", "The pipeline keeps it in the S3 bucket that `ops bootstrap` makes")


def bucket(patient: Patient) -> Result:
    """The bucket keeps old states and encrypts."""
    found = backend()
    if not found.startswith("s3://"):
        return skipped("the state is not in S3")
    name, s3 = urlsplit(found).netloc, patient.client("s3")
    try:
        s3.head_bucket(Bucket=name)
    except s3.exceptions.ClientError as error:
        code = error.response["Error"]["Code"]
        return failure(f"{name} answers {code}", f"`{MAKE.format(stack=patient.stack)} --apply` makes it")
    if s3.get_bucket_versioning(Bucket=name).get("Status") != "Enabled":
        return failure(f"{name} keeps no old states", f"`{MAKE.format(stack=patient.stack)} --apply` repairs it")
    return ok(f"{name}, versioned")


def secrets(patient: Patient) -> Result:
    """Secrets in the state are encrypted with a KMS key, not with a passphrase that somebody has to know."""
    path = patient.folder / f"Pulumi.{patient.stack}.yaml"
    written = yaml.safe_load(path.read_text(encoding="utf-8"))
    provider, key = written.get("secretsprovider", ""), written.get("encryptedkey", "")
    if provider.startswith("awskms://") and key:
        return ok(provider)
    if provider.startswith("awskms://"):
        return failure(f"{path.name} has no encryptedkey", "`pulumi stack init` writes it: commit the file")
    remedy = f"`pulumi stack init {patient.stack} --secrets-provider 'awskms://…'`, and commit {path.name}"
    return failure(f"{path.name} names {provider or 'no secrets provider'}", remedy)


def key(patient: Patient) -> Result:
    """The key that the stack's file names can be used."""
    written = yaml.safe_load((patient.folder / f"Pulumi.{patient.stack}.yaml").read_text(encoding="utf-8"))
    provider = written.get("secretsprovider", "")
    if not provider.startswith("awskms://"):
        return skipped("no KMS key is named")
    parts = urlsplit(provider)
    name = f"{parts.netloc}{parts.path}".strip("/")
    region = parse_qs(parts.query).get("region", [None])[0]
    kms = patient.client("kms", region)
    try:
        found = kms.describe_key(KeyId=name)["KeyMetadata"]
    except kms.exceptions.NotFoundException:
        return failure(f"there is no key {name}", f"`{MAKE.format(stack=patient.stack)} --apply` makes it")
    if found["KeyState"] != "Enabled":
        return failure(f"{name} is {found['KeyState']}", "Enable it, or nobody can read the secrets of the state")
    return ok(name)


CHECKS = (
    Check(name="state backend", run=signed_in),
    Check(name="secrets provider", run=secrets),
    Check(name="state bucket", run=bucket, aws=True),
    Check(name="state key", run=key, aws=True),
)
