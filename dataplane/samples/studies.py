"""Synthetic DICOM instances: valid, of no real person, with new identifiers on every call."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO

import numpy as np
import pydicom
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import (
    UID,
    CTImageStorage,
    ExplicitVRLittleEndian,
    MultiFrameGrayscaleWordSecondaryCaptureImageStorage,
    generate_uid,
)

NAME, ID = "ZEBRAFISH^QUINCY", "PID-7731-QX"
"""Name and id of the synthetic patient. No log may contain either."""

COMPRESSED = (
    "JPEG2000.dcm",
    "MR_small_jp2klossless.dcm",
    "MR_small_jpeg_ls_lossless.dcm",
    "JPEGLSNearLossless_08.dcm",
    "JPGExtended.dcm",
    "SC_rgb_jpeg_dcmtk.dcm",
    "MR_small_RLE.dcm",
)
"""Test files of pydicom in compressed transfer syntaxes."""


@dataclass(frozen=True, kw_only=True)
class Instance:
    """One file and its identifiers."""

    study: str
    series: str
    uid: str
    data: bytes

    @classmethod
    def from_dataset(cls, dataset: Dataset) -> Instance:
        """The file of a data set."""
        buffer = BytesIO()
        dataset.save_as(buffer, enforce_file_format=True)
        return cls(
            study=dataset.StudyInstanceUID,
            series=dataset.SeriesInstanceUID,
            uid=dataset.SOPInstanceUID,
            data=buffer.getvalue(),
        )

    @classmethod
    def from_file(cls, data: bytes) -> Instance:
        """The instance in a file."""
        dataset = pydicom.dcmread(BytesIO(data), stop_before_pixels=True)
        uids = (str(dataset.StudyInstanceUID), str(dataset.SeriesInstanceUID), str(dataset.SOPInstanceUID))
        return cls(study=uids[0], series=uids[1], uid=uids[2], data=data)

    @property
    def path(self) -> str:
        """Its path for WADO-RS."""
        return f"/dicom-web/studies/{self.study}/series/{self.series}/instances/{self.uid}"

    @property
    def dataset(self) -> FileDataset:
        """Its data set."""
        return pydicom.dcmread(BytesIO(self.data))


def ct_series(number: int, *, size: int = 512) -> list[Instance]:
    """`number` slices of one CT series, 16 bit, `size` x `size`: 525 kB each at 512."""
    study, series, frame = generate_uid(), generate_uid(), generate_uid()
    random = np.random.default_rng()
    pixels = random.integers(0, 4096, (size, size), dtype=np.uint16)
    return [
        Instance.from_dataset(_slice(study, series, frame, position, np.roll(pixels, position)))
        for position in range(number)
    ]


def multiframe(frames: int, *, size: int = 512) -> Instance:
    """One instance with many frames; 800 frames at 512 are 400 MiB."""
    dataset = _dataset(generate_uid(), generate_uid(), MultiFrameGrayscaleWordSecondaryCaptureImageStorage)
    dataset.Modality = "OT"
    block = np.random.default_rng().integers(0, 4096, (min(frames, 16), size, size), dtype=np.uint16)
    _pixels(dataset, np.tile(block, (-(-frames // len(block)), 1, 1))[:frames])
    dataset.NumberOfFrames = frames
    return Instance.from_dataset(dataset)


def compressed_instance(name: str) -> Instance:
    """A test file of pydicom in its transfer syntax, as the only instance of a new study."""
    dataset = pydicom.dcmread(str(get_testdata_file(name)))
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = generate_uid(), generate_uid()
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    dataset.PatientName, dataset.PatientID = NAME, ID
    return Instance.from_dataset(dataset)


def _slice(study: str, series: str, frame: str, position: int, pixels: np.ndarray) -> Dataset:
    dataset = _dataset(study, series, CTImageStorage)
    dataset.Modality, dataset.FrameOfReferenceUID = "CT", frame
    dataset.InstanceNumber = position + 1
    dataset.ImagePositionPatient = [0, 0, position * 2.5]
    dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    dataset.PixelSpacing, dataset.SliceThickness = [0.7, 0.7], 2.5
    dataset.RescaleIntercept, dataset.RescaleSlope = -1024, 1
    _pixels(dataset, pixels)
    return dataset


def _dataset(study: str, series: str, kind: UID) -> Dataset:
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = kind, generate_uid()
    dataset = Dataset()
    dataset.file_meta = meta
    dataset.SOPClassUID, dataset.SOPInstanceUID = kind, meta.MediaStorageSOPInstanceUID
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = study, series
    dataset.PatientName, dataset.PatientID = NAME, ID
    dataset.PatientBirthDate, dataset.PatientSex = "19700101", "O"
    dataset.StudyDate, dataset.StudyTime, dataset.AccessionNumber, dataset.StudyID = "20261201", "120000", "", "1"
    dataset.ReferringPhysicianName, dataset.SeriesNumber = "", 1
    return dataset


def _pixels(dataset: Dataset, pixels: np.ndarray) -> None:
    dataset.Rows, dataset.Columns = pixels.shape[-2:]
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 12, 11, 0
    dataset.PixelData = pixels.tobytes()
