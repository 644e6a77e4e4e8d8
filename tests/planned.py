"""Plans that tests share: each is made once a session, by whichever worker asks first, so no test may change one."""

from __future__ import annotations

import functools
import json
import os
import pickle
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from ops.plan import Plan
from ops.plan import program as planning
from tests.stack_files import FIXTURES

FOLDER = "IMAGE_STORE_TEST_PLANS"
"""Environment variable: the folder in which the workers of a session leave plans for one another."""


def plan(
    stack: str, *, preview: bool = False, overrides: Mapping[str, Any] | None = None, folder: Path = FIXTURES
) -> Plan:
    """What the program declares for `stack`, as `ops.plan.plan` says it."""
    return _plan(stack, preview, json.dumps(overrides or {}), folder)


@functools.cache
def _plan(stack: str, preview: bool, overrides: str, folder: Path) -> Plan:  # noqa: FBT001  a cache's key
    key = sha256(f"{stack} {preview} {overrides} {folder}".encode()).hexdigest()
    path = Path(os.environ[FOLDER]) / key
    if path.exists():
        return pickle.loads(path.read_bytes())  # noqa: S301  our own, from this session
    made = planning.plan(stack, preview=preview, overrides=json.loads(overrides), folder=folder)
    draft = path.with_suffix(f".{os.getpid()}")
    draft.write_bytes(pickle.dumps(made))
    draft.replace(path)
    return made
