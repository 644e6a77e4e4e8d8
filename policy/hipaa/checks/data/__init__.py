"""Rules on buckets, file systems, databases, backups and keys."""

from hipaa.checks.data import (
    backups,
    database,
    keys,
    storage,
    storage_data,
    storage_files,
)

__all__ = [
    "backups",
    "database",
    "keys",
    "storage",
    "storage_data",
    "storage_files",
]
