"""What a runbook says, held against AWS's own service models and against the plan."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import botocore.session
from botocore import xform_name
from botocore.exceptions import UnknownServiceError
from botocore.model import OperationModel, ServiceModel

from ops.plan.resources import Plan

RENAMED = {"s3api": "s3", "configservice": "config", "deploy": "codedeploy"}
"""Services that the CLI calls otherwise than their model."""

GLOBAL = frozenset(
    {"query", "output", "region", "profile", "no-cli-pager", "cli-binary-format", "cli-input-json", "no-paginate"}
)
PAGES = frozenset({"max-items", "page-size", "starting-token"})
CUSTOM = {
    ("s3", "sync"): frozenset({"exclude", "include", "dryrun", "delete", "quiet"}),
    ("s3", "cp"): frozenset(
        {"recursive", "exclude", "include", "dryrun", "quiet", "force-glacier-transfer", "storage-class"}
    ),
    ("s3", "ls"): frozenset({"recursive", "summarize", "human-readable"}),
    ("logs", "tail"): frozenset({"since", "follow", "format", "filter-pattern", "log-stream-names"}),
}
"""Commands that the CLI adds to the models: https://docs.aws.amazon.com/cli/latest/reference/"""

ENDS = frozenset({"|", "||", "&&", ";", "(", ")", ">", ">>", "&", "|&", ";;"})


@dataclass(frozen=True, kw_only=True)
class Command:
    """A call of the AWS CLI: where it stands, its words, and whether it is complete enough to be run."""

    line: int
    words: tuple[str, ...]
    whole: bool


def commands(text: str) -> Iterator[Command]:
    """Every `aws …` in code blocks, which must be whole, and in code within sentences, which need not be."""
    block = False
    lines = text.splitlines()
    position = 0
    while position < len(lines):
        start, line = position, lines[position]
        position += 1
        if line.startswith("```"):
            block = not block
        elif block:
            while line.endswith("\\") and position < len(lines):
                line = f"{line[:-1]} {lines[position].strip()}"
                position += 1
            yield from (Command(line=start + 1, words=words, whole=True) for words in _calls(line))
    prose = re.sub(
        r"^```.*?^```$", lambda found: "\n" * found.group().count("\n"), text, flags=re.DOTALL | re.MULTILINE
    )
    for span in re.finditer(r"`(aws [^`]+)`", prose):
        line = prose.count("\n", 0, span.start()) + 1
        yield from (Command(line=line, words=words, whole=False) for words in _calls(span[1].replace("\n", " ")))


def _calls(line: str) -> Iterator[tuple[str, ...]]:
    if not re.search(r"\baws ", line):
        return
    # A placeholder would be read as a redirection.
    lexer = shlex.shlex(re.sub(r"<[^<>\n]+>", "PLACEHOLDER", line), posix=True, punctuation_chars="();<>|&")
    call: list[str] | None = None
    for word in [*lexer, ";"]:
        if word in ENDS:
            if call:
                yield tuple(call)
            call = None
        elif call is not None:
            call.append(word)
        elif word == "aws":
            call = []


def problems(name: str, text: str) -> list[str]:
    """Commands of the runbook `name` that AWS's CLI would refuse, as `name:line: why`."""
    found = []
    for command in commands(text):
        why = _refusal(command)
        if why:
            found.append(f"{name}:{command.line}: {why}")
    return found


def _refusal(command: Command) -> str:
    if len(command.words) < 2:
        return "no service and operation"
    service, operation = command.words[:2]
    given = {word[2:].partition("=")[0] for word in command.words if word.startswith("--")} - GLOBAL
    if (service, operation) in CUSTOM:
        return _unknown(given - CUSTOM[service, operation])
    model = _model(service)
    if model is None:
        return f"no service {service}"
    if operation == "wait":
        calls, called, kind = _waiters(service), " ".join(command.words[2:3]), "waiter"
    else:
        calls, called, kind = {xform_name(known, "-"): known for known in model.operation_names}, operation, "operation"
    if called not in calls:
        return f"no {kind} {called} of {service}"
    return _options(model.operation_model(calls[called]), given, whole=command.whole)


def _options(operation: OperationModel, given: set[str], *, whole: bool) -> str:
    shape = operation.input_shape
    members = {} if shape is None else {xform_name(key, "-"): value.type_name for key, value in shape.members.items()}
    refusals = {f"no-{option}" for option, kind in members.items() if kind == "boolean"}
    required = {xform_name(key, "-") for key in shape.required_members} if shape and whole else set()
    missing = required - given - {option.removeprefix("no-") for option in given}
    unknown = _unknown(given - members.keys() - refusals - PAGES)
    return unknown or (f"--{', --'.join(sorted(missing))} missing" if missing else "")


def _unknown(options: set[str]) -> str:
    return f"no option --{', --'.join(sorted(options))}" if options else ""


@cache
def _session() -> botocore.session.Session:
    return botocore.session.Session()


@cache
def _model(service: str) -> ServiceModel | None:
    try:
        return _session().get_service_model(RENAMED.get(service, service))
    except UnknownServiceError:
        return None


@cache
def _waiters(service: str) -> dict[str, str]:
    """Operation by waiter, as the CLI calls it."""
    model = _session().get_waiter_model(RENAMED.get(service, service))
    return {xform_name(name, "-"): model.get_waiter(name).operation for name in model.waiter_names}


_PREFIX = r"(?:<prefix>|<study>-<environment>|\$\{?PREFIX\}?)"
_PART = r"(?:[A-Za-z0-9._-]|<[^<>\n]+>|\$\{?[A-Z]+\}?|…)"
_NAME = re.compile(rf"(?:/aws/vendedlogs/|/aws/rds/cluster/|(?<!\w)/)?{_PREFIX}[-/]{_PART}+|aws-waf-logs-{_PREFIX}")
_MADE_BY_HAND = ("-restored", "-damaged")


def names(text: str) -> Iterator[tuple[int, str]]:
    """Names of resources in a runbook, with their lines."""
    for number, line in enumerate(text.splitlines(), start=1):
        for found in _NAME.finditer(line):
            name = found.group().rstrip(".,")
            for suffix in _MADE_BY_HAND:
                name = name.removesuffix(suffix)
            yield number, name


def pattern(name: str, prefix: str) -> re.Pattern[str]:
    """What `name` stands for in the stack whose names begin with `prefix`; a placeholder is anything."""
    parts = re.split(rf"({_PREFIX}|<[^<>\n]+>|\$\{{?[A-Z]+\}}?|…)", name)
    return re.compile(
        "".join(
            re.escape(prefix if re.fullmatch(_PREFIX, part) else part)
            if position % 2 == 0 or re.fullmatch(_PREFIX, part)
            else ".+"
            for position, part in enumerate(parts)
        )
    )


def declared_names(plan: Plan) -> set[str]:
    """Every text among the inputs that can be a name, tags included."""
    found: set[str] = set()
    pending: list[object] = [resource.inputs for resource in plan.resources]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            pending.extend(value.values())
        elif isinstance(value, list):
            pending.extend(value)
        elif isinstance(value, str) and len(value) < 256:
            found.add(value)
    return found
