"""What the end of a study has to know of its stack: one export, read by `python -m ops archive` and its siblings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from components.closing.closing import Closing
from components.core.base import Scope
from components.core.keys import Keys
from components.core.logs import LogSource
from components.data.database import Database
from components.data.storage import IMAGES_PREFIX, ImageStorage, archive_prefix
from components.safeguards.audit import AuditTrail


def ending(
    scope: Scope,
    *,
    stack: str,
    phase: str,
    storage: ImageStorage,
    database: Database,
    trail: AuditTrail,
    logs: Sequence[LogSource],
    keys: Keys,
    closing: Closing | None,
) -> dict[str, Any]:
    """The facts by key; those that only a closing study has are null before. `phase` is the one that was deployed."""
    names = scope.names
    return {
        "stack": stack,
        "study": names.study,
        "environment": names.environment,
        "account": names.account,
        "region": names.region,
        "phase": phase,
        "imageBucket": storage.images.name,
        "imagePrefix": IMAGES_PREFIX,
        "archiveBucket": storage.archive.name,
        "archivePrefix": archive_prefix(names),
        "archiveKeyArn": keys.archive.arn,
        "signingKeyArn": closing.signing.arn if closing else None,
        "databaseCluster": database.cluster_id,
        "indexFunction": closing.function.name if closing else None,
        "exportRoleArn": closing.export_role.ready if closing else None,
        "databaseKeyArn": keys.database.arn,
        "logGroups": sorted(source.name for source in logs),
        "trailBucket": trail.records.name,
    }
