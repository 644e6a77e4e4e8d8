"""Mirrors resources of the simulated cloud into the account's API, as far as operators' tools read them.

Mirrored are buckets with their settings, keys, secrets, roles and policies, log groups, functions, the database and the
services. If the API rejects a call, the resource fails, as it would in AWS.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

from botocore.exceptions import ClientError

from rehearsal.account import data, services  # noqa: F401  they register their handlers
from rehearsal.account.clients import Clients
from rehearsal.account.handlers import DELETE, PUT, Inputs
from rehearsal.account.tagging import tag
from rehearsal.cloud.errors import AwsError
from rehearsal.cloud.resources import Resource


@dataclass(frozen=True)
class Account:
    """The account at `endpoint`, whose resources are in `region` unless they name another.

    Without an endpoint the calls go to boto3's default, which moto's `mock_aws` intercepts.
    """

    endpoint: str | None
    region: str

    def put(self, resource: Resource, inputs: Inputs) -> None:
        """Create or change `resource`. `inputs` include the values that the cloud does not store."""
        if handler := PUT.get(resource.type):
            aws = self._clients_for(resource)
            with _aws_errors():
                handler(aws, resource, inputs)
                tag(aws, resource)

    def delete(self, resource: Resource) -> None:
        """Delete `resource`."""
        if handler := DELETE.get(resource.type):
            with _aws_errors():
                handler(self._clients_for(resource), resource, resource.inputs)

    @cached_property
    def clients(self) -> Clients:
        """Clients of the account's own Region."""
        return Clients(self.endpoint, self.region)

    def _clients_for(self, resource: Resource) -> Clients:
        region = resource.inputs.get("region", self.region)
        return self.clients if region == self.region else Clients(self.endpoint, region)


@contextmanager
def _aws_errors() -> Generator[None]:
    """Turn an error of the API into one of the simulated cloud."""
    try:
        yield
    except ClientError as error:
        raise AwsError(error.response["Error"]["Code"], "", error.response["Error"]["Message"]) from error
