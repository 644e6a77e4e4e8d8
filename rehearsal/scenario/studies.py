"""Studies as Orthanc stores them: objects named as its S3 plugin does, rows of its index, and log events.

The DICOM files are valid, small and synthetic.
https://orthanc.uclouvain.be/book/plugins/object-storage.html
"""

from __future__ import annotations

import hashlib
import io
import json
import time
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rehearsal.account.clients import Clients
from rehearsal.account.process import index_path
from rehearsal.scenario.record import SentObject

STUDIES, SERIES, INSTANCES = 3, 2, 2
DICOM, JSON, HEAD = 1, 2, 3
EXTENSIONS = {DICOM: ".dcm", JSON: ".json", HEAD: ".dcm.head"}
ROOT = "1.2.826.0.1.3680043.8.498"
EDGE = 16
"""Width and height of an image in pixels."""


def send(aws: Clients, outputs: Mapping[str, Any], folder: Path) -> list[SentObject]:
    """Put the studies into the bucket and the index of the rehearsal in `folder`; return the objects."""
    sent, rows = [], []
    for (study, series, instance), kind, body in attachments():
        name = str(uuid.uuid4())
        key = f"{outputs['imagePrefix']}/{name}{EXTENSIONS[kind]}"
        aws.s3.put_object(Bucket=outputs["imageBucket"], Key=key, Body=body)
        md5 = hashlib.md5(body, usedforsecurity=False).hexdigest()
        rows.append([name, kind, len(body), md5, instance, series, study])
        digest = hashlib.sha256(body).hexdigest()
        sent.append(
            SentObject(
                key=key, type=kind, bytes=len(body), sha256=digest, study=study, series=series, instance=instance
            )
        )
    index_path(folder).write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return sent


def write_logs(aws: Clients, groups: list[str]) -> int:
    """Write a stream with two events into each log group; return the number of groups."""
    now = int(time.time() * 1000)
    events = [{"timestamp": now - 1000 + number, "message": f"event {number}"} for number in range(2)]
    for group in groups:
        aws.logs.create_log_stream(logGroupName=group, logStreamName="rehearsal")
        aws.logs.put_log_events(logGroupName=group, logStreamName="rehearsal", logEvents=events)
    return len(groups)


def attachments() -> Iterator[tuple[tuple[str, str, str], int, bytes]]:
    """For each attachment: UIDs of study, series and instance, its type, and its bytes."""
    for study in range(1, STUDIES + 1):
        for series in range(1, SERIES + 1):
            for instance in range(1, INSTANCES + 1):
                uids = (
                    f"{ROOT}.{study}",
                    f"{ROOT}.{study}.{series}",
                    f"{ROOT}.{study}.{series}.{instance}",
                )
                whole, metadata, before_pixels = _files(*uids)
                yield uids, DICOM, whole
                yield uids, HEAD, before_pixels
                if study == 1:  # earlier versions of Orthanc stored this type, too
                    yield uids, JSON, metadata


def _files(study: str, series: str, instance: str) -> tuple[bytes, bytes, bytes]:
    from pydicom.dataset import Dataset, FileMetaDataset  # noqa: PLC0415  slow to import
    from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian  # noqa: PLC0415

    image = Dataset()
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    image.SOPClassUID, image.SOPInstanceUID = CTImageStorage, instance
    image.StudyInstanceUID, image.SeriesInstanceUID = study, series
    image.Modality, image.PatientID, image.PatientName = "CT", "REHEARSAL", "Nobody"
    image.Rows = image.Columns = EDGE
    image.BitsAllocated = image.BitsStored = 8
    image.HighBit, image.PixelRepresentation, image.SamplesPerPixel = 7, 0, 1
    image.PhotometricInterpretation = "MONOCHROME2"
    head = _file_bytes(image)
    metadata = json.dumps(image.to_json_dict()).encode()
    image.PixelData = hashlib.sha256(instance.encode()).digest() * (EDGE * EDGE // 32)
    return _file_bytes(image), metadata, head


def _file_bytes(dataset: Any) -> bytes:
    buffer = io.BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()
