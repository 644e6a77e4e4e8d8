"""A stack's study outputs: its export `studyOutputs`, typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from ops.study.errors import StudyError

Exports = Mapping[str, Any]
"""A stack's exports, as Pulumi returns them."""
EXPORT = "studyOutputs"


@dataclass(frozen=True, kw_only=True)
class StudyOutputs:
    """Names of a study's store, as its stack exports them. `phase`: the one that is deployed."""

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
    database_cluster: str
    task_role: str

    @classmethod
    def from_exports(cls, exports: Exports) -> Self:
        """Reads the stack's exports; StudyError if they lack the study's."""
        export = exports.get(EXPORT)
        if not isinstance(export, Mapping) or "taskRole" not in exports:
            raise StudyError(
                f"the stack exports no `{EXPORT}` or no `taskRole`: deploy this version of the program with "
                "`pulumi up` first, and run the command again"
            )
        return cls(
            stack=export["stack"],
            study=export["study"],
            environment=export["environment"],
            account=export["account"],
            region=export["region"],
            phase=export["phase"],
            image_bucket=export["imageBucket"],
            image_prefix=export["imagePrefix"],
            archive_bucket=export["archiveBucket"],
            archive_prefix=export["archivePrefix"],
            database_cluster=export["databaseCluster"],
            task_role=exports["taskRole"],
        )

    @property
    def prefix(self) -> str:
        """`<study>-<environment>`, with which every name begins."""
        return f"{self.study}-{self.environment}"
