"""A simulated AWS without an engine: what Check and Create of the provider answer, in a cloud of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rehearsal.cloud.errors import AwsError
from rehearsal.cloud.validation import validate
from rehearsal.providers.aws import Aws

ACCOUNT, REGION = "111122223333", "us-east-1"


class Simulated:
    """Deploys resources one by one, as the engine would: check first, then create."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("IMAGE_STORE_CLOUD", str(folder))
        self.provider = Aws()
        self.provider.config = {"region": REGION, "allowedAccountIds": [ACCOUNT]}

    def restarted(self) -> Aws:
        """A new provider on the same cloud, as each command of the engine starts one."""
        provider = Aws()
        provider.config = self.provider.config
        return provider

    def urn(self, token: str, name: str) -> str:
        return f"urn:pulumi:dev::image-store::{token}::{name}"

    def check(self, token: str, name: str, inputs: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
        """Prepared inputs, and `path: reason` of every failure."""
        prepared = self.provider.prepare(token, self.urn(token, name), b"seed", {}, inputs)
        found = validate("aws", token, prepared) or self.provider.inspect(token, prepared)
        return prepared, [f"{one.path}: {one.reason}" for one in found]

    def create(self, token: str, name: str, inputs: dict[str, Any]) -> dict[str, Any]:
        """Outputs with the id; a refusal at check or create raises AwsError."""
        prepared, found = self.check(token, name, inputs)
        if found:
            raise AwsError("Check", "", "; ".join(found))
        identity, outputs = self.provider.create(token, self.urn(token, name), prepared)
        return {**outputs, "id": identity}

    def delete(self, token: str, name: str, identity: str) -> None:
        self.provider.delete(token, self.urn(token, name), identity, {})

    def network(self, zones: str = "ab") -> dict[str, Any]:
        """A VPC with one subnet per zone."""
        vpc = self.create("aws:ec2/vpc:Vpc", "vpc", {"cidrBlock": "10.0.0.0/16", "enableDnsHostnames": True})
        subnets = [
            self.create(
                "aws:ec2/subnet:Subnet",
                f"subnet-{zone}",
                {"vpcId": vpc["id"], "cidrBlock": f"10.0.{number}.0/24", "availabilityZone": f"{REGION}{zone}"},
            )["id"]
            for number, zone in enumerate(zones)
        ]
        return {"vpc": vpc["id"], "subnets": subnets}
