"""Rules on log groups, the audit trail and alarms."""

from hipaa.checks.logs import (
    logging,
    logging_alarms,
    logging_trail,
)

__all__ = [
    "logging",
    "logging_alarms",
    "logging_trail",
]
