"""The credential Orthanc accepts over HTTPS. It is nobody's: made here, kept in Secrets Manager, never shown."""

from __future__ import annotations

import base64

import pulumi
import pulumi_random as random

from components.core.base import Component, Scope
from components.core.keys import Keys
from components.core.secrets import fingerprint, store

USER = "dicomweb"


def basic(password: str) -> str:
    """The Authorization header of `USER`."""
    return "Basic " + base64.b64encode(f"{USER}:{password}".encode()).decode()


class OrthancUsers(Component):
    """Creates the secrets `orthanc-users`, JSON that maps Orthanc's one user to a random password, and
    `orthanc-credential`, the Authorization header with which nginx is that user.
    """

    TYPE = "imgstore:users:OrthancUsers"

    def __init__(self, name: str, scope: Scope, *, keys: Keys, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, scope, opts)
        password = random.RandomPassword(self.child("password"), length=40, special=False, opts=self.options())
        version = password.result.apply(fingerprint)  # a new password reaches both secrets at once
        self.secret = store(
            self,
            "orthanc-users",
            description="Users of Orthanc's HTTPS interface",
            value=pulumi.Output.json_dumps({USER: password.result}),
            version=version,
            keys=keys,
        )
        self.credential = store(
            self,
            "orthanc-credential",
            description="Authorization header of nginx at Orthanc",
            value=password.result.apply(basic),
            version=version,
            keys=keys,
        )
        self.register_outputs({"secret": self.secret.arn})
