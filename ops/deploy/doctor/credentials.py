"""The clients of the doctor, and whether AWS accepts the credentials at hand."""

from __future__ import annotations

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

CLIENT = Config(connect_timeout=4, read_timeout=8, retries={"mode": "standard", "total_max_attempts": 2})
"""Clients that give up soon."""


def find_credentials_problem(session: boto3.Session, region: str) -> str:
    """Why AWS cannot be asked; empty if it can."""
    try:
        if session.get_credentials() is None:
            return "no AWS credentials: `aws sso login`, or set AWS_PROFILE"
        session.client("sts", region_name=region, config=CLIENT).get_caller_identity()
    except ClientError as error:
        return f"AWS does not accept the credentials ({error.response['Error']['Code']}): sign in again"
    except BotoCoreError as error:
        return f"AWS cannot be asked: {error}"
    return ""
