"""Agreements that no API shows, so that a person has to look them up."""

from __future__ import annotations

from ops.deploy.doctor.check import Check, Result, skip, warning
from ops.deploy.doctor.context import Context


def check_agreement(context: Context) -> Result:
    """The business associate addendum: https://aws.amazon.com/compliance/hipaa-compliance/"""
    if context.settings.study.data != "phi":
        return skip("synthetic data needs no business associate addendum")
    return warning(
        f"AWS Artifact has no API that shows whether account {context.settings.account.id} is under a BAA",
        "Before patients' data: in AWS Artifact → Agreements, the BAA (of organization or account) must be Active; "
        "do the same for Splunk, and for all others who receive the logs",
    )


CHECKS = (Check(name="BAA", run=check_agreement),)
