"""Orthanc, the workload of the app tier: its container, its IAM statements, and the peers it talks to."""

from __future__ import annotations

import json

from pulumi_aws import ec2

from components.core import Platform, StoredSecret, use_key
from components.data import IMAGES_PREFIX, PORT, Database, DatabaseRotation, ImageStorage
from components.service import viewer
from components.service.containers import MAX_STOP_SECONDS, HealthCheck, Workload
from components.service.credentials import OrthancCredentials
from components.service.images import ContainerImage
from components.service.orthanc_configuration import DICOM_LISTENER, DICOM_PORT, HTTPS_PORT, Senders, configuration
from components.service.tier import Peer
from layout.documents import Statement, allow
from layout.naming import Names
from settings import Settings

USER = "999:999"
PLUGINS = "/run/orthanc"
PLUGINS_MB = 64
"""Memory to which the image copies the plugins it needs."""

MIN_DRAIN_SECONDS = 25
"""Until no nginx resolves the task's address: ten seconds of DNS TTL, and ten of nginx's resolver cache."""

MAX_DRAIN_SECONDS = MAX_STOP_SECONDS - 20  # Orthanc itself needs up to ten


def client(security_group: ec2.SecurityGroup) -> Peer:
    """The tier that sends Orthanc its DICOMweb requests."""
    return Peer("from-web", security_group, HTTPS_PORT, "nginx to Orthanc")


def index(database: Database) -> Peer:
    """The database that holds Orthanc's index."""
    return Peer("database", database.security_group, PORT, "Orthanc to its index")


def statements(names: Names, bucket_arn: str, *, writable: bool) -> tuple[Statement, ...]:
    """What Orthanc may do in AWS: its objects, and their key through S3 alone. Without `writable`, it may only read."""
    actions = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"] if writable else ["s3:GetObject"]
    return (
        allow("Images", actions, [f"{bucket_arn}/{IMAGES_PREFIX}/*"]),
        # Orthanc lists a key before it reads it, to get its size.
        allow("ListImages", ["s3:ListBucket"], [bucket_arn]),
        use_key("ImageKey", names, "images", ["kms:GenerateDataKey", "kms:Decrypt"], via="s3"),
    )


def workload(
    base: Platform,
    settings: Settings,
    *,
    image: ContainerImage,
    storage: ImageStorage,
    database: Database,
    rotation: DatabaseRotation,
    certificate: StoredSecret,
    users: OrthancCredentials,
) -> Workload:
    """The app tier's container. The study prescribes the variables' names; the image's entry point translates them."""
    names = base.names
    rendered = database.endpoint.apply(
        lambda endpoint: json.dumps(
            configuration(
                endpoint=endpoint,
                bucket=storage.images.name,
                region=names.region,
                connections=settings.database.connections_per_task,
                senders=Senders.of(settings.centers),
                with_viewer=settings.viewer,
            ),
            sort_keys=True,
        )
    )
    return Workload(
        name="orthanc",
        image=image.uri,
        repository_arn=image.repository_arn,
        user=USER,
        ports={"https": HTTPS_PORT, "dicom": DICOM_PORT},
        environment={
            "DICOM_AET": settings.aet,
            "DICOM_PORT": str(DICOM_LISTENER),
            "ORTHANC_CONFIGURATION": rendered,
            "DRAIN_PORTS": f"{HTTPS_PORT} {DICOM_PORT}",
            "DRAIN_SECONDS": f"{MIN_DRAIN_SECONDS} {MAX_DRAIN_SECONDS}",
            "GENERATE_HOST_ID_IF_MISSING": "false",
            "ORTHANC_EXPLORER_2_ENABLED": "false",
            "GDCM_PLUGIN_ENABLED": "false",
            viewer.SWITCH: json.dumps(settings.viewer),
        },
        secrets={
            "PG_USER": rotation.user_arn,
            "PG_PASSWORD": rotation.password_arn,
            "ORTHANC_USERS": users.users.arn,
            "TLS_BUNDLE": certificate.arn,
        },
        versions={"ORTHANC_USERS": users.users.version, "TLS_BUNDLE": certificate.version},  # the others rotate
        readable=(
            database.user_secret.pattern,
            database.password_secret.pattern,
            users.users.pattern,
            certificate.pattern,
        ),
        writable={"/run/tls": 1, PLUGINS: viewer.PLUGINS_MB if settings.viewer else PLUGINS_MB, "/tmp": 1024},  # noqa: S108
        executable=(PLUGINS,),
        health=HealthCheck(command=("CMD", "/probes/test-aliveness.py"), retries=10, start_period=120),
        log_mode="blocking",
        log_type="orthanc:json",
        statements=statements(names, storage.images.arn, writable=base.lifecycle.writable),
    )
