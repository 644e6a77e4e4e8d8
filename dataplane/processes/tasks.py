"""What a process needs of a rendered task or stack. Callers render: `ops.render` has classes of these shapes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import urlsplit

from cryptography import x509


class Task(Protocol):
    """One container as ECS starts it."""

    @property
    def definition(self) -> Mapping[str, Any]:
        """Its container definition."""

    @property
    def environment(self) -> Mapping[str, str]:
        """Variables of its definition."""

    @property
    def secrets(self) -> Mapping[str, str]:
        """Variables from Secrets Manager, with their values."""


class Stack(Protocol):
    """The tasks of a stack by tier, its database's parameters, and each center's certificate bundle."""

    @property
    def tasks(self) -> Mapping[str, Task]:
        """Tasks by tier: `app` and `web`."""

    @property
    def database_parameters(self) -> Mapping[str, str]:
        """Parameters of the database by name."""

    @property
    def senders(self) -> Mapping[str, Mapping[str, str]]:
        """Certificate bundles by center."""


def container_port(task: Task, purpose: str) -> int:
    """The port of the container that serves `purpose`, such as `https`."""
    return next(one["containerPort"] for one in task.definition["portMappings"] if one["name"] == purpose)


def health_path(task: Task) -> str:
    """The path that the container's own health check requests."""
    return urlsplit(str(task.definition["healthCheck"]["command"][-1]).split()[-1]).path


def certificate_name(task: Task) -> str:
    """The host name on a task's server certificate."""
    certificate = x509.load_pem_x509_certificate(json.loads(task.secrets["TLS_BUNDLE"])["certificate"].encode())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return names.get_values_for_type(x509.DNSName)[0]
