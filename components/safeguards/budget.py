"""The study's monthly budget, and a reminder before the study ends."""

from __future__ import annotations

from datetime import timedelta

import pulumi
from pulumi_aws import budgets, scheduler

from components.core import Component, Platform, ServiceRole, use_key
from layout.documents import allow, trust
from settings import Budget as BudgetSettings
from settings import Study

NOTIFICATIONS = (("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100))
"""Kind of cost, and the percentage of the limit above which there is a notification."""


def reminder_time(study: Study, days: int) -> str:
    """The morning `days` before the study ends, in the syntax of EventBridge Scheduler."""
    return f"at({study.end - timedelta(days=days):%Y-%m-%d}T09:00:00)"


class StudyBudget(Component):
    """Creates the study's monthly budget with its notifications, and the reminder that the study ends.

    The budget counts what carries the study's `project` tag; the tag must be activated as a cost allocation tag once,
    by the account that pays. https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-create-filters.html
    """

    TYPE = "imgstore:budget:StudyBudget"

    def __init__(
        self,
        name: str,
        base: Platform,
        settings: BudgetSettings,
        *,
        study: Study,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, base, opts)
        self.budget_name = self.names.of("budgets.Budget", "monthly")
        self.budget = budgets.Budget(
            self.child("monthly"),
            name=self.budget_name,
            budget_type="COST",
            time_unit="MONTHLY",
            limit_amount=str(settings.monthly_usd),
            limit_unit="USD",
            cost_filters=[
                budgets.BudgetCostFilterArgs(name="TagKeyValue", values=[f"user:project${self.names.study}"])
            ],
            notifications=[
                budgets.BudgetNotificationArgs(
                    comparison_operator="GREATER_THAN",
                    notification_type=kind,
                    threshold=percent,
                    threshold_type="PERCENTAGE",
                    subscriber_email_addresses=list(settings.notify),
                    subscriber_sns_topic_arns=[self.base.alarms.ready],
                )
                for kind, percent in NOTIFICATIONS
            ],
            tags=self.names.tags("monthly"),
            opts=self.options(),
        )
        self._reminder(study, settings.reminder_days)
        self.register_outputs({"budget": self.budget.name})

    def _reminder(self, study: Study, days: int) -> None:
        publisher = ServiceRole(
            self.child("reminder"),
            self.base,
            assume=trust(
                "scheduler.amazonaws.com",
                self.names.account,
                source=self.names.arn("scheduler", "schedule-group/default"),
            ),
            statements=[
                allow("Remind", ["sns:Publish"], [self.base.alarms.arn]),
                use_key("EncryptReminder", self.names, "logs", ["kms:Decrypt", "kms:GenerateDataKey"], via="sns"),
            ],
            opts=self.options(),
        )
        scheduler.Schedule(
            self.child("end"),
            name=self.names.of("scheduler.Schedule", "study-end"),
            description=f"Reminder that {self.names.prefix} ends on {study.end}",
            schedule_expression=reminder_time(study, days),
            schedule_expression_timezone="UTC",
            flexible_time_window=scheduler.ScheduleFlexibleTimeWindowArgs(mode="OFF"),
            target=scheduler.ScheduleTargetArgs(
                arn=self.base.alarms.ready,
                role_arn=publisher.ready,
                input=f"The study {study.id} ends on {study.end}, in {days} days. Extend study.end, or archive the "
                f"store {self.names.prefix} and take it down.",
            ),
            opts=self.options(),
        )
