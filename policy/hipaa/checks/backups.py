"""Backups: taken every day, kept long enough, encrypted, and safe from whoever means harm."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from hipaa import types
from hipaa.documents import Statement, matches, statements
from hipaa.model import ABSENT, UNKNOWN, Finding, Resource, Settings, Stack, Undecided, Violation, look
from hipaa.rule import rule
from hipaa.values import at_least, customer_key

DELETING = ("backup:DeleteRecoveryPoint", "backup:UpdateRecoveryPointLifecycle", "backup:PutBackupVaultAccessPolicy")
"""What removes a recovery point, or shortens its life, or lifts the ban on both."""

NAMED_EXCEPTIONS = {"aws:principalarn", "aws:userid", "aws:principalorgid"}
EVERY_DAY = re.compile(
    r"cron\(\S+ \S+ (\*|\?|\*/1|1/1) (\*|\*/1|1/1|1-12|jan-dec) (\*|\?|\*/1|1/1|1-7|sun-sat|mon-sun)( (\*|\*/1))?\)"
    r"|rate\((1 day|(1 hour|([2-9]|1\d|2[0-4]) hours))\)"
)


@rule("RDS-04", types.SELECTION, types.RDS_CLUSTER)
def clusters_backed_up(stack: Stack, _settings: Settings) -> Iterator[tuple[Resource, Finding]]:
    """Every database cluster is in a backup plan."""
    for cluster in stack.of([types.RDS_CLUSTER]):
        named = cluster.get("clusterIdentifier")
        found = covered(stack, cluster, "rds:REGION:ACCOUNT:cluster:" + (named if isinstance(named, str) else ""))
        if found is UNKNOWN:
            yield cluster, Undecided(path="")
        elif not found:
            yield cluster, Violation(message="no selection puts it into a backup plan")


def covered(stack: Stack, resource: Resource, arn: str) -> Any:
    """Whether a backup selection takes the resource in: True, False, or UNKNOWN.

    `arn` is what its ARN will be from the service on, with REGION and ACCOUNT in place of those: patterns are held
    against it while the ARN itself is unknown. A selection takes what its `resources` name, or everything if it names
    nothing, if all `conditions` hold; and what has one of the `selectionTags`; but nothing that `notResources` name.
    https://docs.aws.amazon.com/aws-backup/latest/devguide/API_BackupSelection.html
    """
    return _any(_takes(stack, selection, resource, arn) for selection in stack.of([types.SELECTION]))


def _takes(stack: Stack, selection: Resource, resource: Resource, arn: str) -> Any:
    by_name, by_tag = (selection.get(path) not in (ABSENT, []) for path in ("resources", "selectionTags"))
    named = _names(stack, selection, "resources", resource, arn) if by_name else not by_tag
    tags = _tags(resource)
    tagged = _any(
        _equal(_tag(tags, look(one, "key")), look(one, "value")) for _, one in selection.each("selectionTags")
    )
    left_out = _names(stack, selection, "notResources", resource, arn)
    return _all(
        [_any([tagged, _all([named, *_conditions(selection, tags)])]), UNKNOWN if left_out is UNKNOWN else not left_out]
    )


def _names(stack: Stack, selection: Resource, path: str, resource: Resource, arn: str) -> Any:
    values = [value for _, value in selection.each(path)]
    if stack.refers(selection, path, resource) or any(_fits(value, resource, arn) for value in values):
        return True
    # What is unknown because of resources of this stack belongs to those.
    return UNKNOWN if UNKNOWN in values and not selection.dependencies.get(path) else False


def _fits(pattern: Any, resource: Resource, arn: str) -> bool:
    if not isinstance(pattern, str):
        return False
    known = resource.get("arn")
    parts = [*pattern.split(":"), *[""] * 5]
    expected = arn.replace("REGION", parts[3], 1).replace("ACCOUNT", parts[4], 1)
    whole = known if isinstance(known, str) else f"arn:{parts[1]}:{expected}"
    return fnmatchcase(whole, pattern)


def _tags(resource: Resource) -> Any:
    own, inherited = resource.get("tags"), resource.get("tagsAll")  # the second holds the provider's, after an update
    if own is UNKNOWN:
        return UNKNOWN
    return {**(inherited if isinstance(inherited, Mapping) else {}), **(own if isinstance(own, Mapping) else {})}


def _tag(tags: Any, key: Any) -> Any:
    return UNKNOWN if UNKNOWN in (tags, key) else tags.get(str(key).removeprefix("aws:ResourceTag/"), ABSENT)


def _equal(tag: Any, value: Any) -> Any:
    return UNKNOWN if UNKNOWN in (tag, value) else tag is not ABSENT and tag == value


CONDITIONS: dict[str, Callable[[Any, Any], bool]] = {
    "stringEquals": lambda tag, value: tag == value,
    "stringLikes": lambda tag, value: tag is not ABSENT and fnmatchcase(str(tag), str(value)),
    "stringNotEquals": lambda tag, value: tag != value,
    "stringNotLikes": lambda tag, value: tag is ABSENT or not fnmatchcase(str(tag), str(value)),
}


def _conditions(selection: Resource, tags: Any) -> Iterator[Any]:
    for path, condition in selection.each("conditions"):
        if condition is UNKNOWN:
            yield UNKNOWN
        for operator, holds in CONDITIONS.items() if condition is not UNKNOWN else ():
            for _, one in selection.each(f"{path}.{operator}"):
                tag, value = _tag(tags, look(one, "key")), look(one, "value")
                yield UNKNOWN if UNKNOWN in (tag, value) else holds(tag, value)


def _any(values: Iterable[Any]) -> Any:
    known = list(values)
    return True if True in known else UNKNOWN if UNKNOWN in known else False


def _all(values: Iterable[Any]) -> Any:
    known = list(values)
    return False if False in known else UNKNOWN if UNKNOWN in known else True


@rule("BAK-01", types.PLAN, schema={"days": {"type": "integer", "default": 35, "minimum": 1}})
def daily_and_kept(plan: Resource, settings: Settings) -> Iterator[Finding]:
    """A plan backs up every day and keeps it. AWS's defaults are safe: without a schedule, daily at five; without an
    end of life, for ever. https://docs.aws.amazon.com/aws-backup/latest/devguide/API_BackupRule.html
    """
    days = settings["days"]
    unknown = False
    for _, one in plan.each("rules"):
        schedule, kept = look(one, "schedule"), look(one, "lifecycle.deleteAfter")
        daily = schedule is ABSENT or (isinstance(schedule, str) and _is_daily(schedule))
        long = kept is ABSENT or at_least(kept, days)
        if daily and long:
            return
        unknown = unknown or ((daily or schedule is UNKNOWN) and (long or kept is UNKNOWN))
    if unknown:
        yield Undecided(path="rules")
    else:
        message = f"no rule backs up every day and keeps recovery points for {days} days"
        yield Violation(message=message, path="rules")


def _is_daily(schedule: str) -> bool:
    return EVERY_DAY.fullmatch(" ".join(schedule.lower().split())) is not None


@rule("BAK-02", types.VAULT)
def vault_key(vault: Resource, _settings: Settings) -> Iterator[Finding]:
    """Recovery points are encrypted with an own key; absent is AWS's default, which is AWS's key."""
    yield from customer_key(vault, "kmsKeyArn", "recovery points are not encrypted with an own key")


@rule("BAK-03", types.VAULT_POLICY, types.VAULT_LOCK_CONFIGURATION, types.VAULT)
def no_deletion(stack: Stack, _settings: Settings) -> Iterator[tuple[Resource, Finding]]:
    """No recovery point can be deleted by hand: the vault is locked, or its policy denies it to everybody but named
    exceptions.
    """
    for vault in stack.of([types.VAULT]):
        locks = stack.referring([types.VAULT_LOCK_CONFIGURATION], "backupVaultName", vault)
        if any(lock.get("minRetentionDays") is not ABSENT for lock in locks):
            continue
        policies = stack.referring([types.VAULT_POLICY], "backupVaultName", vault)
        found = _any(_forbids(policy) for policy in policies)
        if found is UNKNOWN:
            yield vault, Undecided(path="")
        elif not found:
            yield vault, Violation(message="neither a lock nor a policy keeps recovery points from being deleted")


def _forbids(policy: Resource) -> Any:
    try:
        known = statements(policy.get("policy"))
    except ValueError:
        return False
    return known if known is UNKNOWN else all(any(_denies(one, action) for one in known) for action in DELETING)


def _denies(statement: Statement, action: str) -> bool:
    if not statement.denies or not (statement.anyone or statement.not_principals):
        return False
    if not all("not" in one.operator and one.key in NAMED_EXCEPTIONS for one in statement.conditions):
        return False
    if statement.not_actions:
        return not any(matches(one, action) for one in statement.not_actions)
    return any(matches(one, action) for one in statement.actions)
