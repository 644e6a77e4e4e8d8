"""YAML as the Pulumi CLI reads it, which differs from PyYAML in scalars that are not quoted.

To the CLI `off` and `12:30` are texts (PyYAML: False, 750), `1.0` is 1, and a date becomes the text of a Go time, which
no setting accepts. A plan that read them otherwise would accept settings that `pulumi up` refuses.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

import yaml

BOOL, INT, FLOAT, TIMESTAMP = (f"tag:yaml.org,2002:{kind}" for kind in ("bool", "int", "float", "timestamp"))

RESOLVERS = {
    BOOL: (r"true|True|TRUE|false|False|FALSE", "tTfF"),
    INT: (r"[-+]?(0b[01_]+|0x[0-9a-fA-F_]+|[0-9][0-9_]*)", "-+0123456789"),
    FLOAT: (r"[-+]?(\.[0-9]+|[0-9][0-9_]*(\.[0-9_]*)?)([eE][-+]?[0-9]+)?", "-+.0123456789"),
}


def read(path: Path) -> dict[str, Any]:
    """The mapping that a file holds, empty if the file is."""
    return yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader) or {}  # noqa: S506  a SafeLoader


class _Loader(yaml.SafeLoader):
    """Tells scalars apart by the CLI's rules."""


def _number(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> float:
    number = float(str(loader.construct_scalar(node)).replace("_", ""))
    return int(number) if number.is_integer() else number


def _timestamp(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> str:
    moment = loader.construct_yaml_timestamp(node)
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, time(), UTC)
    return f"{moment:%Y-%m-%d %H:%M:%S} +0000 UTC"


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in known if tag not in RESOLVERS]
    for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
for _tag, (_pattern, _first) in RESOLVERS.items():
    _Loader.add_implicit_resolver(_tag, re.compile(f"(?:{_pattern})$"), list(_first))
_Loader.add_constructor(FLOAT, _number)
_Loader.add_constructor(TIMESTAMP, _timestamp)
