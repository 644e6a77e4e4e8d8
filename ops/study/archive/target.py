"""What is archived, and where to: the stack's export `ending`, typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from ops.study.archive.errors import ArchiveError

EXPORT = "ending"


def camel(name: str) -> str:
    """The name as the stack exports it."""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


@dataclass(frozen=True, kw_only=True)
class Target:
    """A study's store and its archive. None: exists only once the phase `closing` is deployed."""

    stack: str
    study: str
    environment: str
    account: str
    region: str
    phase: str
    image_bucket: str
    image_prefix: str
    archive_bucket: str
    archive_prefix: str
    archive_key_arn: str
    signing_key_arn: str | None
    database_cluster: str
    index_function: str | None
    export_role_arn: str | None
    database_key_arn: str
    log_groups: tuple[str, ...]
    trail_bucket: str

    @classmethod
    def of(cls, outputs: Mapping[str, Any]) -> Target:
        """The target that the stack's outputs name."""
        ending = outputs.get(EXPORT)
        if not isinstance(ending, Mapping):
            raise ArchiveError(f"the stack exports no `{EXPORT}`: deploy this version of the program first")
        missing = [camel(field.name) for field in fields(cls) if camel(field.name) not in ending]
        if missing:
            raise ArchiveError(
                f"the stack's export `{EXPORT}` lacks {', '.join(missing)}: deploy this version of the program first"
            )
        values = {field.name: ending[camel(field.name)] for field in fields(cls)}
        values["log_groups"] = tuple(values["log_groups"] or ())
        return cls(**values)

    @property
    def images(self) -> str:
        """What every image's key begins with."""
        return f"{self.image_prefix.rstrip('/')}/" if self.image_prefix else ""

    def needs(self, *names: str) -> None:
        """ArchiveError unless each of the fields has a value."""
        missing = [camel(name) for name in names if not getattr(self, name)]
        if missing:
            raise ArchiveError(
                f"the stack {self.stack} is in the phase {self.phase} and has no {', '.join(missing)}: "
                f"run `python -m ops close --stack {self.stack}` first"
            )
