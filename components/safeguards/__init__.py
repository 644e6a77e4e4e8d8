"""Audit, backups, logs to Splunk, budget and dashboard."""

from components.safeguards.audit import AuditTrail
from components.safeguards.backup import Backups
from components.safeguards.baseline import AccountBaseline
from components.safeguards.budget import StudyBudget
from components.safeguards.dashboard import Dashboard, Page
from components.safeguards.splunk import SplunkStream

__all__ = [
    "AccountBaseline",
    "AuditTrail",
    "Backups",
    "Dashboard",
    "Page",
    "SplunkStream",
    "StudyBudget",
]
