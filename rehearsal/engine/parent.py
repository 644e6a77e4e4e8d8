"""Ends a plugin whose engine is gone: an engine that was killed says nothing, and its plugins must not go on alone."""

from __future__ import annotations

import os
import threading
import time

_INTERVAL = 0.5  # seconds


def end_with_parent() -> None:
    """From now on this process ends as soon as the one that started it has, whatever it is doing then."""
    threading.Thread(target=_watch, args=(os.getppid(),), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_INTERVAL)
    os._exit(0)
