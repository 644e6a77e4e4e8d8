"""What Orthanc runs with: its configuration as data, and the workload of the app tier.

Keys and values: https://orthanc.uclouvain.be/book/users/configuration.html; unknown keys are ignored silently, so every
key here is one that the pinned version knows.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from components.core import keys
from components.core.secrets import StoredSecret
from components.data.database import DATABASE, Database
from components.data.rotation import DatabaseRotation
from components.data.storage import IMAGES_PREFIX, ImageStorage
from components.service import viewer
from components.service.containers import MAX_STOP_SECONDS, HealthCheck, Workload
from layout.documents import Statement, allow
from layout.naming import Names
from settings import Center

HTTPS_PORT = 8042
DICOM_LISTENER = 104
DICOM_PORT = 11112
"""Inside the container: a port that needs no privilege. Senders keep the standard 104, at the balancer."""

USER = "999:999"
TLS_FOLDER = "/run/tls"
HTTP_THREADS = 150
"""More than web tasks x workers x kept connections, or idle connections hold every thread."""

MAX_BODY_MB = 512
PLUGINS_MB = 64
"""Memory that the image copies the plugins to that it needs."""

LEAST_DRAIN_SECONDS = 25
"""Until no nginx finds the task by name: ten seconds each of discovery's record and of nginx's memory of it."""

MOST_DRAIN_SECONDS = MAX_STOP_SECONDS - 20  # Orthanc itself needs up to ten

CIPHERS = [
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES256-GCM-SHA384",
]

HTTP = {
    "HttpPort": HTTPS_PORT,
    "HttpThreadsCount": HTTP_THREADS,
    "KeepAlive": True,
    "KeepAliveTimeout": 75,  # longer than nginx keeps its side open, or a POST meets a closed connection
    "HttpRequestTimeout": 300,  # the default of 30 s cuts answers to readers that stall
    "MaximumRequestBodySizeMB": MAX_BODY_MB,
    "TcpNoDelay": True,
    "HttpCompressionEnabled": False,
    "HttpDescribeErrors": False,
    "RemoteAccessAllowed": True,
    "AuthenticationEnabled": True,
    "SslEnabled": True,
    "SslCertificate": f"{TLS_FOLDER}/server.pem",
    "SslMinimumProtocolVersion": 4,  # TLS 1.2
    "SslCiphersAccepted": CIPHERS,
}

SURFACE = {
    "OrthancExplorerEnabled": False,
    "WebDavEnabled": False,
    "ExecuteLuaEnabled": False,
    "RestApiWriteToFileSystemEnabled": False,
    "LimitFindResults": 1000,
    "LimitFindInstances": 1000,
    "DeidentifyLogs": True,
    "MetricsEnabled": True,
}

STORAGE = {
    "StorageAccessOnFind": "Never",
    "OverwriteInstances": False,
    "StoreMD5ForAttachments": True,
    "StorageCompression": False,
    "MaximumStorageSize": 0,  # nothing is ever recycled to make room
    "MaximumPatientCount": 0,
    "CheckRevisions": True,
    "SaveJobs": False,
    "JobsHistorySize": 10,
    "StableAge": 30,
    "DefaultEncoding": "Utf8",
}

MEMORY = {
    "MallocArenaMax": 5,
    "MaximumStorageCacheSize": 128,
    "StorageMemoryCapacity": 256,
    "DicomParserCacheSize": 128,
    "TranscoderCacheSize": 64,
    "StorageLoaderThreadsCount": 8,
}

DICOM_WEB = {
    "Enable": True,
    "Root": "/dicom-web/",
    "PublicRoot": "/dicom-web/",
    "EnableWado": True,
    "WadoRoot": "/wado",
    "Ssl": True,
    "StudiesMetadata": "Full",
    "SeriesMetadata": "Full",
    "EnableMetadataCache": True,
    "MetadataWorkerThreadsCount": 4,
    "WadoRsLoaderThreadsCount": 8,
}


@dataclass(frozen=True, kw_only=True)
class Senders:
    """DICOM senders by center: a calling AE title that is not listed is refused."""

    titles: Mapping[str, Sequence[str]]

    @classmethod
    def of(cls, centers: Sequence[Center]) -> Senders:
        """The senders that the centers name."""
        return cls(titles={center.name: center.ae_titles for center in centers})

    @property
    def centers(self) -> list[str]:
        """Centers with a sender."""
        return [center for center, titles in self.titles.items() if titles]

    def modalities(self) -> dict[str, dict[str, Any]]:
        """Orthanc's `DicomModalities`: each sender may echo and store, and nothing else."""
        return {
            f"{center}-{title.lower()}": {
                "AET": title,
                "Host": "0.0.0.0",  # noqa: S104  behind the balancer the sender's address is not known
                "Port": DICOM_LISTENER,
                "AllowEcho": True,
                "AllowStore": True,
                "AllowFind": False,
                "AllowMove": False,
                "AllowGet": False,
            }
            for center, titles in self.titles.items()
            for title in titles
        }


def dicom(senders: Senders) -> dict[str, Any]:
    """The DICOM listener: TLS in both directions, known senders only, store only."""
    always = {f"DicomAlwaysAllow{verb}": False for verb in ("Echo", "Store", "Find", "Get", "Move")}
    return {
        "DicomServerEnabled": True,
        "DicomPort": DICOM_PORT,
        "DicomCheckCalledAet": True,
        "DicomCheckModalityHost": False,
        "DicomModalities": senders.modalities(),
        "UnknownSopClassAccepted": False,
        "MaximumPduLength": 131072,
        "DicomTlsEnabled": True,
        "DicomTlsCertificate": f"{TLS_FOLDER}/server.crt",
        "DicomTlsPrivateKey": f"{TLS_FOLDER}/server.key",
        "DicomTlsTrustedCertificates": f"{TLS_FOLDER}/authority.crt",
        "DicomTlsRemoteCertificateRequired": True,
        "DicomTlsMinimumProtocolVersion": 4,  # TLS 1.2; the default profile may accept less
        **always,
    }


def postgresql(endpoint: str, connections: int) -> dict[str, Any]:
    """The index. The URI carries no credential: libpq reads PGUSER and PGPASSWORD from the environment."""
    uri = (
        f"postgresql://{endpoint}:5432/{DATABASE}?sslmode=verify-full&sslrootcert=/etc/ssl/rds/global-bundle.pem"
        "&application_name=orthanc&connect_timeout=35&keepalives_idle=30"  # a paused cluster wakes in 30 s or more
    )
    return {
        "EnableIndex": True,
        "EnableStorage": False,
        "Lock": False,
        "ConnectionUri": uri,
        "IndexConnectionsCount": connections,
        "UseDynamicConnectionPool": True,
        "TransactionMode": "ReadCommitted",
        "MaximumConnectionRetries": 30,
        "ConnectionRetryInterval": 2,
    }


def s3_storage(bucket: str, region: str) -> dict[str, Any]:
    """The pixels. No key: the task role is used. Encryption is the bucket's default, so uploads name none."""
    return {
        "BucketName": bucket,
        "Region": region,
        "RootPath": IMAGES_PREFIX,
        "StorageStructure": "flat",
        "ConnectTimeout": 10,
        "RequestTimeout": 120,
        "MaxRetries": 3,
        "MaxConnections": HTTP_THREADS,
        "UseTransferManager": False,
    }


def configuration(
    *, endpoint: str, bucket: str, region: str, connections: int, senders: Senders, with_viewer: bool
) -> dict[str, Any]:
    """Orthanc's whole configuration, without any secret."""
    return {
        "Name": "image-store",
        **HTTP,
        **SURFACE,
        **STORAGE,
        **MEMORY,
        **dicom(senders),
        "DicomWeb": DICOM_WEB,
        "PostgreSQL": postgresql(endpoint, connections),
        "AwsS3Storage": s3_storage(bucket, region),
    } | (viewer.ORTHANC if with_viewer else {})


def statements(names: Names, bucket_arn: str, *, writable: bool) -> tuple[Statement, ...]:
    """What Orthanc may do in AWS: its objects, and their key through S3 alone. `writable` False freezes the store."""
    actions = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"] if writable else ["s3:GetObject"]
    return (
        allow("Images", actions, [f"{bucket_arn}/{IMAGES_PREFIX}/*"]),
        # Orthanc lists a key before it reads it, to learn its size.
        allow("ListImages", ["s3:ListBucket"], [bucket_arn]),
        keys.use_key("ImageKey", names, "images", ["kms:GenerateDataKey", "kms:Decrypt"], via="s3"),
    )


def workload(
    *,
    names: Names,
    image: pulumi.Input[str],
    aet: str,
    connections: int,
    senders: Senders,
    storage: ImageStorage,
    database: Database,
    rotation: DatabaseRotation,
    certificate: StoredSecret,
    users: StoredSecret,
    writable: bool,
    with_viewer: bool,
) -> Workload:
    """The app tier's container. The variables' names are the study's contract; the image's entry point translates."""
    rendered = database.endpoint.apply(
        lambda endpoint: json.dumps(
            configuration(
                endpoint=endpoint,
                bucket=storage.images.name,
                region=names.region,
                connections=connections,
                senders=senders,
                with_viewer=with_viewer,
            ),
            sort_keys=True,
        )
    )
    return Workload(
        name="orthanc",
        image=image,
        user=USER,
        ports={"https": HTTPS_PORT, "dicom": DICOM_PORT},
        environment={
            "DICOM_AET": aet,
            "DICOM_PORT": str(DICOM_LISTENER),
            "ORTHANC_CONFIGURATION": rendered,
            "DRAIN_PORTS": f"{HTTPS_PORT} {DICOM_PORT}",
            "DRAIN_SECONDS": f"{LEAST_DRAIN_SECONDS} {MOST_DRAIN_SECONDS}",
            "GENERATE_HOST_ID_IF_MISSING": "false",
            "ORTHANC_EXPLORER_2_ENABLED": "false",
            "GDCM_PLUGIN_ENABLED": "false",
            viewer.SWITCH: json.dumps(with_viewer),
        },
        secrets={
            "PG_USER": rotation.user_arn,
            "PG_PASSWORD": rotation.password_arn,
            "ORTHANC_USERS": users.arn,
            "TLS_BUNDLE": certificate.arn,
        },
        readable=(
            database.user_secret.pattern,
            database.password_secret.pattern,
            users.pattern,
            certificate.pattern,
        ),
        writable={"/run/tls": 1, "/run/orthanc": viewer.PLUGINS_MB if with_viewer else PLUGINS_MB, "/tmp": 1024},  # noqa: S108
        health=HealthCheck(command=("CMD", "/probes/test-aliveness.py"), retries=10, start_period=120),
        log_mode="blocking",
        log_type="orthanc:json",
        statements=statements(names, storage.images.arn, writable=writable),
    )
