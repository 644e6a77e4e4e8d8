"""What the checks look at: a stack with its settings and plan, and AWS with the credentials at hand."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3

from ops.deploy.doctor.credentials import CLIENT, find_credentials_problem
from ops.plan import PROJECT, Plan, load_settings, plan
from settings import Settings


@dataclass(kw_only=True)
class Context:
    """A stack and a session of AWS. `refusal` says why AWS cannot be asked; empty if it can."""

    stack: str
    settings: Settings
    folder: Path = PROJECT
    session: boto3.Session | None = None
    refusal: str = ""
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _clients: dict[tuple[str, str], Any] = field(default_factory=dict)

    def client(self, service: str, region: str | None = None) -> Any:
        """A client of `service`, in the store's Region unless another is named."""
        key = service, region or self.settings.account.region
        with self._lock:  # clients may be shared between threads, sessions may not
            if key not in self._clients:
                session = self.session or boto3.Session()
                self._clients[key] = session.client(service, region_name=key[1], config=CLIENT)
            return self._clients[key]

    @cached_property
    def plan(self) -> Plan:
        """What the stack declares."""
        return plan(self.stack)


def create_context(stack: str, session: boto3.Session | None = None) -> Context:
    """The context of `stack`, with `session` or the credentials of the environment.

    Raises SettingsError or PlanError where the settings are wrong.
    """
    settings = load_settings(stack)
    session = session or boto3.Session()
    refusal = find_credentials_problem(session, settings.account.region)
    return Context(stack=stack, settings=settings, session=session, refusal=refusal)
