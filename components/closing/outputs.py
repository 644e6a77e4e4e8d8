"""What the commands at the end of a study need to know of their stack, as one stack output."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from components.closing.closing import Closing
from components.core import LogSource, Platform
from components.data import IMAGES_PREFIX, Database, ImageStorage, archive_prefix
from components.safeguards import AuditTrail
from settings import stack_name


def study_outputs(
    base: Platform,
    *,
    phase: str,
    storage: ImageStorage,
    database: Database,
    trail: AuditTrail,
    logs: Sequence[LogSource],
    closing: Closing | None,
) -> dict[str, Any]:
    """Facts by key, read by `python -m ops archive` and the other commands of `ops.study`.

    Those that exist only in a study that is closing are null before. `phase` is the one that was deployed.
    """
    names = base.names
    return {
        "stack": stack_name(),
        "study": names.study,
        "environment": names.environment,
        "account": names.account,
        "region": names.region,
        "phase": phase,
        "imageBucket": storage.images.name,
        "imagePrefix": IMAGES_PREFIX,
        "archiveBucket": storage.archive.name,
        "archivePrefix": archive_prefix(names),
        "archiveKeyArn": base.keys.archive.arn,
        "signingKeyArn": closing.signing.arn if closing else None,
        "databaseCluster": database.cluster_id,
        "indexFunction": closing.exporter.function.name if closing else None,
        "exportRoleArn": closing.export_role.ready if closing else None,
        "databaseKeyArn": base.keys.database.arn,
        "logGroups": sorted(source.name for source in logs),
        "trailBucket": trail.records.name,
    }
