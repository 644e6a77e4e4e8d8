"""What is archived, and where to: the stack's export `studyOutputs`, typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from ops.study.outputs import EXPORT, Exports
from ops.study.store.errors import ArchiveError


def camel_case(name: str) -> str:
    """The field's name in the stack's export."""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


@dataclass(frozen=True, kw_only=True)
class Target:
    """A study's image store and its archive. A field that can be None has a value once `closing` is deployed."""

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
    def from_exports(cls, exports: Exports) -> Target:
        """Reads the target from the stack's exports; ArchiveError if a value is missing."""
        export = exports.get(EXPORT)
        if not isinstance(export, Mapping):
            raise ArchiveError(f"the stack exports no `{EXPORT}`: deploy this version of the program first")
        missing = [camel_case(field.name) for field in fields(cls) if camel_case(field.name) not in export]
        if missing:
            raise ArchiveError(
                f"the stack's export `{EXPORT}` lacks {', '.join(missing)}: deploy this version of the program first"
            )
        values = {field.name: export[camel_case(field.name)] for field in fields(cls)}
        values["log_groups"] = tuple(values["log_groups"] or ())
        return cls(**values)

    @property
    def images(self) -> str:
        """Prefix of every image's key, with its slash."""
        return f"{self.image_prefix.rstrip('/')}/" if self.image_prefix else ""

    def require(self, *names: str) -> None:
        """ArchiveError unless each of these fields has a value."""
        missing = [camel_case(name) for name in names if not getattr(self, name)]
        if missing:
            raise ArchiveError(
                f"the stack {self.stack} is in the phase {self.phase} and has no {', '.join(missing)}: "
                f"run `python -m ops close --stack {self.stack}` first"
            )
