"""What nearly every component builds on: the scope of the stack, its encryption keys and its alarm topic."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_aws import cloudwatch

from components.core.alarm_topic import AlarmTopic
from components.core.component import ScopedComponent
from components.core.keys import Keys
from components.core.scope import Scope


@dataclass(frozen=True, kw_only=True)
class Platform(Scope):
    """The scope of the stack, the customer-managed keys by data class, and the topic of all alarms."""

    keys: Keys
    alarms: AlarmTopic

    @classmethod
    def on(cls, scope: Scope, *, keys: Keys, alarms: AlarmTopic) -> Platform:
        """The platform that `scope`, `keys` and `alarms` form."""
        return cls(
            names=scope.names,
            lifecycle=scope.lifecycle,
            retention=scope.retention,
            providers=scope.providers,
            keys=keys,
            alarms=alarms,
        )


@dataclass(frozen=True, kw_only=True)
class LogSource:
    """A log group and the kind of its events, which decides where they are streamed to."""

    name: str
    arn: str
    source_type: str
    group: cloudwatch.LogGroup


class Component(ScopedComponent, abstract=True):
    """A component on the platform. It lists the log groups and alarms that it creates."""

    def __init__(self, name: str, base: Platform, opts: pulumi.ResourceOptions | None) -> None:
        super().__init__(name, base, opts)
        self.base = base
        self.keys = base.keys
        self.log_sources: list[LogSource] = []
        self.alarms: list[cloudwatch.MetricAlarm] = []


def sources(*components: Component | None) -> list[LogSource]:
    """Log groups of `components` in their order; a part of the stack that does not exist is None."""
    return [source for one in components if one is not None for source in one.log_sources]


def metric_alarms(*components: Component | None) -> list[cloudwatch.MetricAlarm]:
    """Alarms of `components` in their order; a part of the stack that does not exist is None."""
    return [alarm for one in components if one is not None for alarm in one.alarms]
