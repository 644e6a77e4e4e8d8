"""Orthanc's configuration as data, without any secret.

Keys and values: https://orthanc.uclouvain.be/book/users/configuration.html; Orthanc ignores unknown keys silently, so
every key here exists in the pinned version.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from components.data import DATABASE, IMAGES_PREFIX
from components.service import viewer
from settings import Center

HTTPS_PORT = 8042
DICOM_LISTENER = 104
DICOM_PORT = 11112
"""Inside the container: a port that needs no privilege. Senders use the standard port 104, at the load balancer."""

TLS_FOLDER = "/run/tls"
HTTP_THREADS = 150
"""More than web tasks x workers x keepalive connections, or idle connections occupy every thread."""

MAX_BODY_MB = 512
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
    "KeepAliveTimeout": 75,  # longer than nginx keeps its side open, or a POST is sent on a closed connection
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
    """DICOM senders by center; Orthanc refuses any other calling AE title."""

    titles: Mapping[str, Sequence[str]]

    @classmethod
    def of(cls, centers: Sequence[Center]) -> Senders:
        """The senders that the centers list."""
        return cls(titles={center.name: center.ae_titles for center in centers})

    def modalities(self) -> dict[str, dict[str, Any]]:
        """Orthanc's `DicomModalities`: each sender may echo and store, and nothing else."""
        return {
            f"{center}-{title.lower()}": {
                "AET": title,
                "Host": "0.0.0.0",  # noqa: S104  the load balancer hides the sender's address
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
        "&application_name=orthanc&connect_timeout=35&keepalives_idle=30"  # a paused cluster resumes in 30 s or more
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
    """The pixels. No access key: the task role is used. Uploads get the bucket's default encryption."""
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
