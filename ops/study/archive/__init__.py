"""The end of a study: archive it, prove the archive, and get studies back without the system.

`Target.of(outputs)` names the store, `Clients.of(region)` the services; `archive`, `verify` and `restore` do the work,
and `verified` is what a teardown asks.
"""

from ops.study.archive.clients import Clients, Options
from ops.study.archive.engine import archive
from ops.study.archive.errors import ArchiveError, StillRestoring
from ops.study.archive.reading import Reading
from ops.study.archive.restoring import restore
from ops.study.archive.target import Target
from ops.study.archive.verdict import Verified, verified
from ops.study.archive.verifying import verify

__all__ = [
    "ArchiveError",
    "Clients",
    "Options",
    "Reading",
    "StillRestoring",
    "Target",
    "Verified",
    "archive",
    "restore",
    "verified",
    "verify",
]
