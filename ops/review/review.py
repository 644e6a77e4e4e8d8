"""The review of a change, as one comment: what an update would do, and what that means for data, access and HIPAA."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from awsmodel.tables import replaces
from ops.cost import compare
from ops.plan import Plan, load_settings, plan, plan_at
from ops.review import events
from ops.review.changes import Action, Change, changes
from ops.review.exposure import foreign_principals, ingress_rules, permissions
from ops.review.policies import Verdict, verdict

LISTED = 40
"""Lines of a list that are shown; the rest is counted."""

SIGNS: dict[Action, str] = {"create": "+", "update": "~", "replace": "±", "delete": "-", "retain": "o"}
WORDS: dict[Action, str] = {
    "create": "created",
    "update": "updated",
    "replace": "replaced",
    "delete": "deleted",
    "retain": "left in AWS",
}


@dataclass(frozen=True, kw_only=True)
class Review:
    """What a change does to a stack. `allowed`: data may be lost. `new`: the stack does not exist at the base."""

    stack: str
    changes: tuple[Change, ...]
    exposed: tuple[str, ...]
    policies: Verdict
    before: Verdict
    allowed: bool
    new: bool = False
    cost: compare.Change | None = None

    @property
    def losses(self) -> list[Change]:
        """Changes that delete data."""
        return [change for change in self.changes if change.loses_data]

    @property
    def blocked(self) -> bool:
        """Whether data would be lost and that is not allowed."""
        return bool(self.losses) and not self.allowed


def review(
    base: Plan,
    head: Plan,
    *,
    engine: Iterable[Mapping[str, Any]] | None = None,
    allow_stateful: bool = False,
    cost: compare.Change | None = None,
) -> Review:
    """Compares two plans of one stack. With the `engine`'s events of a preview, the engine's changes are used instead
    of those derived from the plans. `cost` is shown if it is known.
    """
    planned = changes(base, head, replaces) if engine is None else events.changes(engine, base, head)
    after = verdict(head)
    return Review(
        stack=head.stack,
        changes=tuple(planned),
        exposed=tuple(_exposure(base, head)),
        policies=after,
        before=verdict(base) if base.resources else after,
        allowed=allow_stateful,
        new=not base.resources,
        cost=cost,
    )


def review_since(
    reference: str,
    stack: str,
    *,
    engine: Iterable[Mapping[str, Any]] | None = None,
    allow_stateful: bool = False,
) -> Review:
    """Reviews the change of a stack, with its cost, since a Git reference. A stack without a file there is all new."""
    before, after = plan_at(reference, stack), plan(stack)
    if before.resources:
        cost = compare.change_since(reference, before, after)
    else:
        settings = load_settings(stack)
        cost = compare.change(before, settings, after, settings)
    return review(before, after, engine=engine, allow_stateful=allow_stateful, cost=cost)


def markdown(result: Review) -> str:
    """The comment. It begins with a marker, by which a later comment replaces it."""
    sections = [
        f"<!-- image-store-review:{result.stack} -->",
        f"## `{result.stack}`: {_summary(result)}",
        *_losses(result),
        *_changes(result),
        *_section("Access", result.exposed, "No ingress rule, permission or principal is new."),
        *_policies(result),
        *_cost(result),
    ]
    return "\n\n".join(sections) + "\n"


def _summary(result: Review) -> str:
    counts = Counter(change.action for change in result.changes)
    parts = [f"{counts[action]} {word}" for action, word in WORDS.items() if counts[action]]
    summary = ", ".join(parts) or "no resource changes"
    return f"new stack, {summary}" if result.new else summary


def _losses(result: Review) -> Iterator[str]:
    if not result.losses:
        return
    yield (
        "> [!CAUTION]\n> **Data would be lost.** "
        + ("Allowed for this change." if result.allowed else "This blocks the change.")
        + "".join(f"\n> - 🟥 {_line(change)}" for change in result.losses)
    )


def _changes(result: Review) -> Iterator[str]:
    if not result.changes:
        return
    yield "### Resources"
    by_component: dict[str, list[Change]] = {}
    for change in result.changes:
        by_component.setdefault(change.component, []).append(change)
    for component, touched in by_component.items():
        yield f"**{component}**\n" + _bullets(_line(change) for change in touched)


def _line(change: Change) -> str:
    kind = change.resource.type.split(":")[1].partition("/")[0] + "." + change.resource.type.rpartition(":")[2]
    why = f", because of {_names(change.because)}" if change.because else ""
    what = f" ({_names(change.properties)})" if change.properties and not change.because else ""
    data = " — holds data" if change.loses_data else ""
    return f"`{SIGNS[change.action]}` {WORDS[change.action]} `{change.resource.name}` {kind}{what}{why}{data}"


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _exposure(base: Plan, head: Plan) -> Iterator[str]:
    for rule in sorted(ingress_rules(head) - ingress_rules(base)):
        yield f"{'🟥 **public** ' if rule.public else ''}new ingress: {rule}"
    for rule in sorted(ingress_rules(base) - ingress_rules(head)):
        yield f"ingress removed: {rule}"
    for principal in sorted(foreign_principals(head) - foreign_principals(base)):
        yield f"🟥 **outside the account**: {principal}"
    for permission in sorted(permissions(head) - permissions(base)):
        yield f"new permission: {permission}"
    for permission in sorted(permissions(base) - permissions(head)):
        yield f"permission removed: {permission}"


def _policies(result: Review) -> Iterator[str]:
    yield "### HIPAA policies"
    fixed = [line for line in result.before.violations if line not in result.policies.violations]
    lines = [
        *(f"🟥 {line}" for line in result.policies.violations),
        *(f"⚠️ {line}" for line in result.policies.advice),
        *(f"✅ no longer: {line}" for line in fixed),
    ]
    yield _bullets(lines) if lines else f"All {result.policies.rules} rules are kept."
    if result.policies.waived:
        yield f"{len(result.policies.waived)} findings are waived:\n" + _bullets(result.policies.waived)
    if touched := result.policies.citations({change.resource.type for change in result.changes}):
        yield f"Controls touched: 45 CFR {', '.join(touched)}."


def _cost(result: Review) -> Iterator[str]:
    if result.cost is not None:
        yield "### Cost"
        yield compare.markdown(result.cost)


def _section(title: str, lines: Iterable[str], otherwise: str) -> Iterator[str]:
    yield f"### {title}"
    yield _bullets(lines) or otherwise


def _bullets(lines: Iterable[str]) -> str:
    known = list(lines)
    more = f"\n- … and {len(known) - LISTED} more" if len(known) > LISTED else ""
    return "\n".join(f"- {line}" for line in known[:LISTED]) + more
