"""A stack's configuration, merged from the project's files as the Pulumi CLI merges it.

The CLI takes a key from `Pulumi.yaml` only where the stack's file lacks it, whole: nested values are not mixed.
https://www.pulumi.com/docs/iac/concepts/config/#project-level-configuration
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ops.plan.cli_yaml import read
from ops.plan.resources import PlanError
from ops.plan.wire import SECRET

PROJECT = Path(__file__).parents[2]

DEFAULT_FOLDER = PROJECT
"""Where `Pulumi.yaml` and the stack files lie unless a call names another folder. Tests set it to their fixtures."""


def configuration(
    stack: str, overrides: Mapping[str, Any] | None = None, *, folder: Path | None = None
) -> dict[str, Any]:
    """Configuration of `stack` by full key. `overrides` patch settings by group (RFC 7386: None removes a key)."""
    folder = folder or DEFAULT_FOLDER
    project = read(folder / "Pulumi.yaml")
    name = project["name"]
    declared = {_key(name, key): _default(value) for key, value in (project.get("config") or {}).items()}
    defaults = {key: value for key, value in declared.items() if value is not None}
    merged = defaults | (read(_stack_file(stack, folder)).get("config") or {})
    return _patched(merged, {_key(name, key): value for key, value in (overrides or {}).items()})


def as_the_engine_passes(values: Mapping[str, Any]) -> tuple[dict[str, str], list[str]]:
    """What a program receives: everything as text, structured values as JSON; and the keys that are secret.

    A plan needs no passphrase: ciphertext is replaced, not decrypted.
    """
    revealed = {key: _revealed(value) for key, value in values.items()}
    secrets = [key for key, value in values.items() if revealed[key] != value]
    return {key: _text(value) for key, value in revealed.items()}, secrets


def project_name(folder: Path | None = None) -> str:
    """Name of the Pulumi project."""
    return read((folder or DEFAULT_FOLDER) / "Pulumi.yaml")["name"]


def stacks(folder: Path | None = None) -> list[str]:
    """Stacks that have a file."""
    files = (folder or DEFAULT_FOLDER).glob("Pulumi.*.yaml")
    return sorted(path.name.removeprefix("Pulumi.").removesuffix(".yaml") for path in files)


def _stack_file(stack: str, folder: Path) -> Path:
    if stack not in stacks(folder):
        raise PlanError(
            f"there is no stack {stack!r}: Pulumi.{stack}.yaml is missing. There are: {', '.join(stacks(folder))}"
        )
    return folder / f"Pulumi.{stack}.yaml"


def _key(project: str, key: str) -> str:
    return key if ":" in key else f"{project}:{key}"


def _default(declared: Any) -> Any:
    """A key of `Pulumi.yaml` is a value, or a declaration that may hold one."""
    if not isinstance(declared, Mapping):
        return declared
    return declared.get("default", declared.get("value"))


def _patched(base: Any, patch: Any) -> Any:
    if not isinstance(patch, Mapping):
        return patch
    kept = dict(base) if isinstance(base, Mapping) else {}
    for key, value in patch.items():
        if value is None:
            kept.pop(key, None)
        else:
            kept[key] = _patched(kept.get(key), value)
    return kept


def _revealed(value: Any) -> Any:
    """The value without ciphertext: a plan needs no passphrase."""
    if isinstance(value, Mapping):
        return SECRET if value.keys() == {"secure"} else {key: _revealed(item) for key, item in value.items()}
    return [_revealed(item) for item in value] if isinstance(value, list) else value


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)
