"""All checks, in the order in which somebody would look; and who is examined."""

from __future__ import annotations

from typing import Any

from ops.deploy.doctor import account, dns, images, linked, papers, quotas, saml, splunk, state, tools
from ops.deploy.doctor.check import Patient
from ops.plan.configuration import configuration

FAMILIES = (tools, account, state, dns, images, saml, splunk, linked, quotas, papers)
CHECKS = tuple(check for family in FAMILIES for check in family.CHECKS)


def patient(stack: str, session: Any = None) -> Patient:
    """The stack, with AWS as `session` (or the environment's credentials) sees it.

    Raises SettingsError or PlanError where the settings are wrong.
    """
    import boto3  # noqa: PLC0415  slow to import

    from settings import Settings  # noqa: PLC0415  the SDK is slow to import

    prefix = f"{Settings.NAMESPACE}:"
    values = {key.removeprefix(prefix): value for key, value in configuration(stack).items() if key.startswith(prefix)}
    settings = Settings.parse(values, stack=stack)
    chosen = session or boto3.Session()
    return Patient(
        stack=stack,
        settings=settings,
        session=chosen,
        refusal=account.refusal(chosen, settings.account.region),
    )
