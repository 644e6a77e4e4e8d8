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
from ops.stacks import PROJECT, stack_file, stack_names
from settings import Settings

DEFAULT_FOLDER = PROJECT
"""Folder of `Pulumi.yaml` and the stack files unless a call names another one."""


def configuration(
    stack: str, overrides: Mapping[str, Any] | None = None, *, folder: Path | None = None
) -> dict[str, Any]:
    """Configuration of `stack` by full key. `overrides` patch settings by group (RFC 7386: None removes a key)."""
    folder = folder or DEFAULT_FOLDER
    project = read(folder / "Pulumi.yaml")
    name = project["name"]
    declared = {_key(name, key): _default(value) for key, value in (project.get("config") or {}).items()}
    defaults = {key: value for key, value in declared.items() if value is not None}
    merged = defaults | (read(_existing_stack_file(stack, folder)).get("config") or {})
    return _apply_patch(merged, {_key(name, key): value for key, value in (overrides or {}).items()})


def load_settings(stack: str, overrides: Mapping[str, Any] | None = None, *, folder: Path | None = None) -> Settings:
    """The typed settings of `stack`, with `overrides` as `configuration` takes them.

    Raises SettingsError where they break a rule, and PlanError if there is no such stack.
    """
    prefix = f"{Settings.NAMESPACE}:"
    values = configuration(stack, overrides, folder=folder)
    own = {key.removeprefix(prefix): value for key, value in values.items() if key.startswith(prefix)}
    return Settings.parse(own, stack=stack)


def encode_configuration(values: Mapping[str, Any]) -> tuple[dict[str, str], list[str]]:
    """What the engine passes to a program: all values as text, structured ones as JSON; and the keys that are secret.

    A plan needs no passphrase: ciphertext is masked, not decrypted.
    """
    masked = {key: _mask_ciphertext(value) for key, value in values.items()}
    secrets = [key for key, value in values.items() if masked[key] != value]
    return {key: _encode(value) for key, value in masked.items()}, secrets


def project_name(folder: Path | None = None) -> str:
    """Name of the Pulumi project."""
    return read((folder or DEFAULT_FOLDER) / "Pulumi.yaml")["name"]


def stacks(folder: Path | None = None) -> list[str]:
    """Names of the stacks that have a file, sorted."""
    return stack_names(folder or DEFAULT_FOLDER)


def _existing_stack_file(stack: str, folder: Path) -> Path:
    if stack not in stacks(folder):
        raise PlanError(
            f"there is no stack {stack!r}: Pulumi.{stack}.yaml is missing. There are: {', '.join(stacks(folder))}"
        )
    return stack_file(stack, folder)


def _key(project: str, key: str) -> str:
    return key if ":" in key else f"{project}:{key}"


def _default(declared: Any) -> Any:
    """A key of `Pulumi.yaml` is a value, or a declaration that may hold one."""
    if not isinstance(declared, Mapping):
        return declared
    return declared.get("default", declared.get("value"))


def _apply_patch(base: Any, patch: Any) -> Any:
    if not isinstance(patch, Mapping):
        return patch
    result = dict(base) if isinstance(base, Mapping) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = _apply_patch(result.get(key), value)
    return result


def _mask_ciphertext(value: Any) -> Any:
    if isinstance(value, Mapping):
        return SECRET if value.keys() == {"secure"} else {key: _mask_ciphertext(item) for key, item in value.items()}
    return [_mask_ciphertext(item) for item in value] if isinstance(value, list) else value


def _encode(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)
