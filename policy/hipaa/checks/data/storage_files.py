"""File systems: encrypted, and part of a backup plan."""

from __future__ import annotations

from collections.abc import Iterator

from hipaa import types
from hipaa.checks.data.backups import check_backup_selection
from hipaa.model import Finding, Resource, Settings, Stack
from hipaa.rule import rule


@rule("EFS-01", types.FILE_SYSTEM)
def is_encrypted(file_system: Resource, _settings: Settings) -> Iterator[Finding]:
    """File systems are encrypted; by AWS's default they are not."""
    return file_system.require_true("encrypted", "the file system is not encrypted")


@rule("EFS-02", types.SELECTION, types.FILE_SYSTEM)
def has_backup_plan(stack: Stack, _settings: Settings) -> Iterator[tuple[Resource, Finding]]:
    """Every file system is part of a backup plan."""
    for file_system in stack.of([types.FILE_SYSTEM]):
        arn = "elasticfilesystem:REGION:ACCOUNT:file-system/fs-0"
        yield from check_backup_selection(stack, file_system, arn, empty_includes_all=False)
