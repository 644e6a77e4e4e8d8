"""Where images and their index are stored."""

from components.data.bucket import LifecycleRules, SecureBucket
from components.data.database import DATABASE, PORT, Database
from components.data.replication import ImageReplication
from components.data.rotation import DatabaseRotation
from components.data.storage import IMAGES_PREFIX, ImageStorage, archive_prefix

__all__ = [
    "DATABASE",
    "IMAGES_PREFIX",
    "PORT",
    "Database",
    "DatabaseRotation",
    "ImageReplication",
    "ImageStorage",
    "LifecycleRules",
    "SecureBucket",
    "archive_prefix",
]
