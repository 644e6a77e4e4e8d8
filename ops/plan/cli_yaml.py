"""YAML as the Pulumi CLI reads it, which differs from PyYAML in scalars without quotes.

For the CLI, `off` and `12:30` are texts (PyYAML: False, 750), `1.0` is 1, and a date becomes the text of a Go time,
which no setting accepts. Read by PyYAML's rules, a plan would accept settings that `pulumi up` refuses.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

import yaml

from ops.plan.resources import PlanError

BOOL, INT, FLOAT, TIMESTAMP = (f"tag:yaml.org,2002:{kind}" for kind in ("bool", "int", "float", "timestamp"))

RESOLVERS = {
    BOOL: (r"true|True|TRUE|false|False|FALSE", "tTfF"),
    INT: (r"[-+]?(0b[01_]+|0x[0-9a-fA-F_]+|[0-9][0-9_]*)", "-+0123456789"),
    FLOAT: (r"[-+]?(\.[0-9]+|[0-9][0-9_]*(\.[0-9_]*)?)([eE][-+]?[0-9]+)?", "-+.0123456789"),
}


def read(path: Path) -> dict[str, Any]:
    """The mapping in a file, empty if the file is empty. PlanError says where the file is not valid YAML."""
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader) or {}  # noqa: S506  a SafeLoader
    except yaml.MarkedYAMLError as error:
        where = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise PlanError(f"{path.name}{where}: not valid YAML: {error.problem}") from None


class _Loader(yaml.SafeLoader):
    """Resolves the types of scalars by the CLI's rules."""


def _number(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> float:
    number = float(str(loader.construct_scalar(node)).replace("_", ""))
    return int(number) if number.is_integer() else number


def _timestamp(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> str:
    moment = loader.construct_yaml_timestamp(node)
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, time(), UTC)
    return f"{moment:%Y-%m-%d %H:%M:%S} +0000 UTC"


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in RESOLVERS]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
for _tag, (_pattern, _first) in RESOLVERS.items():
    _Loader.add_implicit_resolver(_tag, re.compile(f"(?:{_pattern})$"), list(_first))
_Loader.add_constructor(FLOAT, _number)
_Loader.add_constructor(TIMESTAMP, _timestamp)
