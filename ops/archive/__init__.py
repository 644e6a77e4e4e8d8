"""The end of a study: archive it, prove the archive, and get studies back without the system.

`Target.of(outputs)` names the store, `Clients.of(region)` the services; `archive`, `verify` and `restore` do the work,
and `verified` is what a teardown asks.
"""

from ops.archive.clients import Clients, Options
from ops.archive.engine import archive
from ops.archive.errors import ArchiveError, StillRestoring
from ops.archive.reading import Reading
from ops.archive.restoring import restore
from ops.archive.target import Target
from ops.archive.verdict import Verified, verified
from ops.archive.verifying import verify

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
