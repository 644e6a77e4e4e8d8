"""Backups: daily, kept long enough, encrypted, and protected from deletion."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from hipaa import types
from hipaa.model import ABSENT, UNKNOWN, Finding, Resource, Settings, Stack, Undecided, Violation, value_at
from hipaa.reading.documents import Statement, matches, statements
from hipaa.reading.links import Answer, all_of, any_of
from hipaa.reading.values import is_at_least, require_customer_key
from hipaa.rule import rule

DELETE_ACTIONS = (
    "backup:DeleteRecoveryPoint",
    "backup:UpdateRecoveryPointLifecycle",
    "backup:PutBackupVaultAccessPolicy",
)
"""Actions that delete a recovery point, shorten its retention, or lift the ban on both."""

PRINCIPAL_CONDITION_KEYS = {"aws:principalarn", "aws:userid", "aws:principalorgid"}
DAILY_SCHEDULE = re.compile(
    r"cron\(\S+ \S+ (\*|\?|\*/1|1/1) (\*|\*/1|1/1|1-12|jan-dec) (\*|\?|\*/1|1/1|1-7|sun-sat|mon-sun)( (\*|\*/1))?\)"
    r"|rate\((1 day|(1 hour|([2-9]|1\d|2[0-4]) hours))\)"
)


@rule("RDS-04", types.SELECTION, types.RDS_CLUSTER)
def clusters_have_backup_plan(stack: Stack, _settings: Settings) -> Iterator[tuple[Resource, Finding]]:
    """Every database cluster is part of a backup plan."""
    for cluster in stack.of([types.RDS_CLUSTER]):
        name = cluster.get("clusterIdentifier")
        arn = "rds:REGION:ACCOUNT:cluster:" + (name if isinstance(name, str) else "")
        yield from check_backup_selection(stack, cluster, arn, empty_includes_all=True)


def check_backup_selection(
    stack: Stack, resource: Resource, arn: str, *, empty_includes_all: bool
) -> Iterator[tuple[Resource, Finding]]:
    """A violation unless a backup selection includes the resource.

    `arn` is the resource's ARN without its prefix, with REGION and ACCOUNT as placeholders: patterns are matched
    against it while the real ARN is unknown. A selection includes what its `resources` name if all `conditions` are
    met, and what has one of the `selectionTags`; `notResources` excludes. Whether a selection with neither resources
    nor tags includes everything is up to the caller.
    https://docs.aws.amazon.com/aws-backup/latest/devguide/API_BackupSelection.html
    """
    answer = any_of(
        _includes(stack, selection, resource, arn, empty_includes_all=empty_includes_all)
        for selection in stack.of([types.SELECTION])
    )
    if answer is None:
        yield resource, Undecided(path="")
    elif not answer:
        yield resource, Violation(message="no backup selection includes it")


def _includes(stack: Stack, selection: Resource, resource: Resource, arn: str, *, empty_includes_all: bool) -> Answer:
    by_name, by_tag = (selection.get(path) not in (ABSENT, []) for path in ("resources", "selectionTags"))
    named = _names(stack, selection, "resources", resource, arn) if by_name else empty_includes_all and not by_tag
    tags = _tags(resource)
    tagged = any_of(
        _equals(_tag(tags, value_at(entry, "key")), value_at(entry, "value"))
        for _, entry in selection.elements("selectionTags")
    )
    excluded = _names(stack, selection, "notResources", resource, arn)
    included = any_of((tagged, all_of((named, *_conditions(selection, tags)))))
    return all_of((included, None if excluded is None else not excluded))


def _names(stack: Stack, selection: Resource, path: str, resource: Resource, arn: str) -> Answer:
    values = [value for _, value in selection.elements(path)]
    if stack.refers(selection, path, resource) or any(_matches(value, resource, arn) for value in values):
        return True
    # An unknown value with a dependency refers to that resource of this stack, not to this one.
    return None if UNKNOWN in values and not selection.dependencies.get(path) else False


def _matches(pattern: Any, resource: Resource, arn: str) -> bool:
    if not isinstance(pattern, str):
        return False
    known = resource.get("arn")
    parts = [*pattern.split(":"), *[""] * 5]
    expected = arn.replace("REGION", parts[3], 1).replace("ACCOUNT", parts[4], 1)
    whole = known if isinstance(known, str) else f"arn:{parts[1]}:{expected}"
    return fnmatchcase(whole, pattern)


def _tags(resource: Resource) -> Any:
    own, inherited = resource.get("tags"), resource.get("tagsAll")  # after an update, tagsAll has the provider's tags
    if own is UNKNOWN:
        return UNKNOWN
    return {**(inherited if isinstance(inherited, Mapping) else {}), **(own if isinstance(own, Mapping) else {})}


def _tag(tags: Any, key: Any) -> Any:
    return UNKNOWN if UNKNOWN in (tags, key) else tags.get(str(key).removeprefix("aws:ResourceTag/"), ABSENT)


def _equals(tag: Any, value: Any) -> Answer:
    return None if UNKNOWN in (tag, value) else tag is not ABSENT and tag == value


CONDITIONS: dict[str, Callable[[Any, Any], bool]] = {
    "stringEquals": lambda tag, value: tag == value,
    "stringLikes": lambda tag, value: tag is not ABSENT and fnmatchcase(str(tag), str(value)),
    "stringNotEquals": lambda tag, value: tag != value,
    "stringNotLikes": lambda tag, value: tag is ABSENT or not fnmatchcase(str(tag), str(value)),
}


def _conditions(selection: Resource, tags: Any) -> Iterator[Answer]:
    for path, condition in selection.elements("conditions"):
        if condition is UNKNOWN:
            yield None
        for operator, is_met in CONDITIONS.items() if condition is not UNKNOWN else ():
            for _, entry in selection.elements(f"{path}.{operator}"):
                tag, value = _tag(tags, value_at(entry, "key")), value_at(entry, "value")
                yield None if UNKNOWN in (tag, value) else is_met(tag, value)


@rule("BAK-01", types.PLAN, schema={"days": {"type": "integer", "default": 35, "minimum": 1}})
def backs_up_daily(plan: Resource, settings: Settings) -> Iterator[Finding]:
    """A plan backs up every day and keeps recovery points. AWS's defaults pass: daily at 05:00 without a schedule, and
    no expiry without a lifecycle. https://docs.aws.amazon.com/aws-backup/latest/devguide/API_BackupRule.html
    """
    days = settings["days"]
    unknown = False
    for _, one in plan.elements("rules"):
        schedule, kept = value_at(one, "schedule"), value_at(one, "lifecycle.deleteAfter")
        daily = schedule is ABSENT or (isinstance(schedule, str) and _is_daily(schedule))
        long = kept is ABSENT or is_at_least(kept, days)
        if daily and long:
            return
        unknown = unknown or ((daily or schedule is UNKNOWN) and (long or kept is UNKNOWN))
    if unknown:
        yield Undecided(path="rules")
    else:
        message = f"no rule backs up every day and keeps recovery points for {days} days"
        yield Violation(message=message, path="rules")


def _is_daily(schedule: str) -> bool:
    return DAILY_SCHEDULE.fullmatch(" ".join(schedule.lower().split())) is not None


@rule("BAK-02", types.VAULT)
def vault_has_customer_key(vault: Resource, _settings: Settings) -> Iterator[Finding]:
    """Recovery points are encrypted with a customer managed key; by default AWS manages the key."""
    yield from require_customer_key(vault, "kmsKeyArn", "recovery points are not encrypted with a customer managed key")


@rule("BAK-03", types.VAULT_POLICY, types.VAULT_LOCK_CONFIGURATION, types.VAULT)
def forbids_manual_deletion(stack: Stack, _settings: Settings) -> Iterator[tuple[Resource, Finding]]:
    """Nobody can delete recovery points: a vault lock, or a vault policy with named exceptions, prevents it."""
    for vault in stack.of([types.VAULT]):
        locks = stack.referrers([types.VAULT_LOCK_CONFIGURATION], "backupVaultName", vault)
        if any(lock.get("minRetentionDays") is not ABSENT for lock in locks):
            continue
        policies = stack.referrers([types.VAULT_POLICY], "backupVaultName", vault)
        answer = any_of(_denies_deletion(policy) for policy in policies)
        if answer is None:
            yield vault, Undecided(path="")
        elif not answer:
            yield vault, Violation(message="neither a lock nor a policy prevents the deletion of recovery points")


def _denies_deletion(policy: Resource) -> Answer:
    try:
        known = statements(policy.get("policy"))
    except ValueError:
        return False
    if known is UNKNOWN:
        return None
    return all(any(_denies_action(statement, action) for statement in known) for action in DELETE_ACTIONS)


def _denies_action(statement: Statement, action: str) -> bool:
    if not statement.denies or not (statement.covers_everyone or statement.not_principals):
        return False
    if not all("not" in each.operator and each.key in PRINCIPAL_CONDITION_KEYS for each in statement.conditions):
        return False
    if statement.not_actions:
        return not any(matches(each, action) for each in statement.not_actions)
    return any(matches(each, action) for each in statement.actions)
