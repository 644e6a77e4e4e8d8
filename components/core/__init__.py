"""What every component builds on: names, lifecycle, keys, roles, secrets, log groups and alarms."""

from components.core.alarm_topic import AlarmTopic
from components.core.alarms import AT_LEAST_ONCE, Condition, Metric, MetricMax, Statistic, alarm
from components.core.component import ScopedComponent
from components.core.key_policies import administration
from components.core.keys import DELETION_WINDOW_DAYS, Keys, alias, use_key
from components.core.logs import log_group
from components.core.platform import Component, LogSource, Platform, metric_alarms, sources
from components.core.roles import ServiceRole
from components.core.scope import Scope, account
from components.core.secrets import StoredSecret, create_secret, read_statements, value_version

__all__ = [
    "AT_LEAST_ONCE",
    "DELETION_WINDOW_DAYS",
    "AlarmTopic",
    "Component",
    "Condition",
    "Keys",
    "LogSource",
    "Metric",
    "MetricMax",
    "Platform",
    "Scope",
    "ScopedComponent",
    "ServiceRole",
    "Statistic",
    "StoredSecret",
    "account",
    "administration",
    "alarm",
    "alias",
    "create_secret",
    "log_group",
    "metric_alarms",
    "read_statements",
    "sources",
    "use_key",
    "value_version",
]
