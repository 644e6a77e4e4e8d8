"""A small component that tests of the recorder run."""

from __future__ import annotations

import pulumi
from pulumi_aws import kms


class Group(pulumi.ComponentResource):
    """One key, whose ARN is the output."""

    def __init__(self, name: str):
        super().__init__("imgstore:group:Group", name)
        self.key = kms.Key("key", opts=pulumi.ResourceOptions(parent=self))
        self.register_outputs({"key": self.key.arn})
