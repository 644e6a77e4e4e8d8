"""boto3 clients of the rehearsed account."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.config import Config


class Clients:
    """boto3 clients of one Region, created when they are first used. Without an endpoint they call boto3's default."""

    def __init__(self, endpoint: str | None, region: str) -> None:
        self._endpoint, self.region = endpoint, region
        self._clients: dict[str, Any] = {}

    def __getattr__(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = boto3.client(
                {"lambda_": "lambda"}.get(service, service),
                endpoint_url=self._endpoint,
                region_name=self.region,
                aws_access_key_id="rehearsal",
                aws_secret_access_key="rehearsal",  # noqa: S106  boto3 wants one, and the API does not check it
                config=Config(retries={"max_attempts": 1}, s3={"addressing_style": "path"}),
            )
        return self._clients[service]
