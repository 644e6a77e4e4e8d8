"""The credential that Orthanc accepts over HTTPS: generated here, kept in Secrets Manager, used by nginx alone."""

from __future__ import annotations

import base64

import pulumi
import pulumi_random as random

from components.core import Component, Platform, create_secret, value_version

USER = "dicomweb"


def basic_authorization(password: str) -> str:
    """The Authorization header of `USER`."""
    return "Basic " + base64.b64encode(f"{USER}:{password}".encode()).decode()


class OrthancCredentials(Component):
    """Creates the secrets `orthanc-users`, JSON that maps Orthanc's one user to a random password, and
    `orthanc-credential`, the Authorization header with which nginx is that user.
    """

    TYPE = "imgstore:users:OrthancUsers"

    def __init__(self, name: str, base: Platform, *, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, base, opts)
        password = random.RandomPassword(self.child("password"), length=40, special=False, opts=self.options())
        version = password.result.apply(value_version)  # a new password reaches both secrets at once
        self.users = create_secret(
            self,
            "orthanc-users",
            description="Users of Orthanc's HTTPS interface",
            value=pulumi.Output.json_dumps({USER: password.result}),
            version=version,
        )
        self.credential = create_secret(
            self,
            "orthanc-credential",
            description="Authorization header of nginx at Orthanc",
            value=password.result.apply(basic_authorization),
            version=version,
        )
        self.register_outputs({"secret": self.users.arn})
