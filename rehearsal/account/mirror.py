"""Shows resources of the simulated cloud in the account's API, as far as an operator's tools ask for them.

What is shown: buckets with their settings, keys, secrets, roles and policies, log groups, functions, the database and
the services. A call that the API refuses is the resource's failure, as it would be at AWS.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from rehearsal.cloud.folder import Resource
from rehearsal.cloud.rules.errors import AwsError

KEY_ID_TAG = "rehearsal:key-id"
Inputs = Mapping[str, Any]


class Clients:
    """boto3 clients of one Region, made when they are first needed."""

    def __init__(self, endpoint: str, region: str) -> None:
        self._endpoint, self.region = endpoint, region
        self._made: dict[str, Any] = {}

    def __getattr__(self, service: str) -> Any:
        if service not in self._made:
            name = {"lambda_": "lambda"}.get(service, service)
            self._made[service] = boto3.client(
                name,
                endpoint_url=self._endpoint,
                region_name=self.region,
                aws_access_key_id="rehearsal",
                aws_secret_access_key="rehearsal",  # noqa: S106  the API asks for one, and looks at none
                config=Config(retries={"max_attempts": 1}, s3={"addressing_style": "path"}),
            )
        return self._made[service]


Handler = Callable[[Clients, Resource, Inputs], None]
PUT: dict[str, Handler] = {}
REMOVE: dict[str, Handler] = {}


def shows(token: str) -> Callable[[Handler], Handler]:
    """Registers what creates or changes resources of a type."""
    return lambda handler: PUT.setdefault(token, handler)


def hides(token: str) -> Callable[[Handler], Handler]:
    """Registers what deletes resources of a type."""
    return lambda handler: REMOVE.setdefault(token, handler)


@dataclass(frozen=True)
class Account:
    """Clients of the account at `endpoint`, whose resources are in `region` unless they say otherwise."""

    endpoint: str
    region: str

    def put(self, resource: Resource, inputs: Inputs) -> None:
        """Shows `resource` as it is now; `inputs` hold what the cloud keeps to itself."""
        from rehearsal.account.tagging import tag  # noqa: PLC0415  it needs Clients

        if handler := PUT.get(resource.type):
            aws = self._of(resource)
            _told(handler, aws, resource, inputs)
            _told(lambda *_: tag(aws, resource), aws, resource, inputs)

    def remove(self, resource: Resource) -> None:
        """Takes it away."""
        if handler := REMOVE.get(resource.type):
            _told(handler, self._of(resource), resource, resource.inputs)

    @cached_property
    def clients(self) -> Clients:
        """Of the account's own Region."""
        return Clients(self.endpoint, self.region)

    def _of(self, resource: Resource) -> Clients:
        region = resource.inputs.get("region", self.region)
        return self.clients if region == self.region else Clients(self.endpoint, region)


def _told(handler: Handler, aws: Clients, resource: Resource, inputs: Inputs) -> None:
    try:
        handler(aws, resource, inputs)
    except ClientError as error:
        raise AwsError(error.response["Error"]["Code"], "", error.response["Error"]["Message"]) from error
