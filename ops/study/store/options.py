"""Options of a run that do not change the archive's content."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

GIB = 2**30


@dataclass(frozen=True, kw_only=True)
class Options:
    """How the work is done.

    `rate`: most objects per second. `part_objects`: objects in a part of the manifest, which are also those held in
    memory. `multipart_bytes`: larger objects are copied in pieces of `piece_bytes` (S3 copies up to 5 GiB at once).
    `take_over`: take the lock from a run that was killed. `again`: start a new run even if the last one is complete.
    """

    workers: int = 32
    rate: float | None = None
    part_objects: int = 5000
    multipart_bytes: int = 5 * GIB
    piece_bytes: int = GIB
    poll_seconds: float = 20
    storage_class: str = "DEEP_ARCHIVE"
    take_over: bool = False
    again: bool = False
    commit: str = "unknown"
    pause: Callable[[float], None] = field(default=time.sleep)
