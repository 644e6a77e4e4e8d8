"""What no API can be asked, and a person has to look up."""

from __future__ import annotations

from ops.deploy.doctor.check import Check, Patient, Result, skipped, warning


def agreement(patient: Patient) -> Result:
    """The business associate addendum: https://aws.amazon.com/compliance/hipaa-compliance/"""
    if patient.settings.study.data != "phi":
        return skipped("synthetic data needs no business associate addendum")
    return warning(
        f"AWS Artifact has no API that tells whether account {patient.settings.account.id} is under a BAA",
        "Before patients' data: AWS Artifact → Agreements → the BAA (of the organization or the account) is Active; "
        "the same for Splunk, and for whoever else receives the logs",
    )


CHECKS = (Check(name="BAA", run=agreement),)
