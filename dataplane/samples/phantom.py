"""A synthetic CT study: a few slices of a head-like phantom."""

from __future__ import annotations

import datetime
from io import BytesIO

import numpy as np
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

PATIENT = "PHANTOM^VIOLET"
PATIENT_ID = "SYNTHETIC-0042"
SIZE = 512
BONE, TISSUE, LESION, AIR = 1000, 40, 300, -1000
INNER_RADIUS = 0.9  # of the skull, as a part of its outer radius


def _slice(position: float, noise: np.random.Generator) -> np.ndarray:
    """Hounsfield units of the slice at `position`, -1 to 1."""
    y, x = np.mgrid[-1 : 1 : SIZE * 1j, -1 : 1 : SIZE * 1j]
    radius = np.hypot(x / 0.7, y / 0.85) / np.sqrt(1 - (position * 0.6) ** 2)
    units = np.where(radius < 1, BONE, AIR)
    units = np.where(radius < INNER_RADIUS, TISSUE, units)
    units = np.where(np.hypot(x - 0.2, y + 0.2) < 0.15 * (1 - abs(position)), LESION, units)
    return (units + noise.normal(0, 10, units.shape)).astype(np.int16)


def phantom_study(slices: int = 6) -> tuple[str, list[bytes]]:
    """The UID of a new study, and its instances as DICOM files."""
    noise = np.random.default_rng(42)
    study, series, frame = generate_uid(), generate_uid(), generate_uid()
    files = []
    for number, position in enumerate(np.linspace(-0.8, 0.8, slices), start=1):
        instance = _instance(study, series, frame, number)
        instance.PixelData = _slice(float(position), noise).tobytes()
        target = BytesIO()
        instance.save_as(target, enforce_file_format=True)
        files.append(target.getvalue())
    return str(study), files


def _instance(study: str, series: str, frame: str, number: int) -> FileDataset:
    instance = FileDataset("", {}, file_meta=FileMetaDataset(), preamble=bytes(128))
    instance.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    instance.SOPClassUID = instance.file_meta.MediaStorageSOPClassUID = CTImageStorage
    instance.SOPInstanceUID = instance.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    instance.StudyInstanceUID, instance.SeriesInstanceUID = study, series
    instance.FrameOfReferenceUID, instance.StudyID, instance.AccessionNumber = frame, "1", "A1"
    instance.PatientName, instance.PatientID, instance.PatientSex = PATIENT, PATIENT_ID, "O"
    instance.PatientBirthDate = ""
    instance.StudyDate, instance.StudyTime = datetime.date(2026, 12, 1).strftime("%Y%m%d"), "101500"
    instance.StudyDescription, instance.SeriesDescription = "Head phantom", "Axial"
    instance.Modality, instance.SeriesNumber, instance.InstanceNumber = "CT", 1, number
    instance.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    instance.Rows = instance.Columns = SIZE
    instance.PixelSpacing, instance.SliceThickness = [0.45, 0.45], 5
    instance.ImagePositionPatient = [-115, -115, float(number * 5)]
    instance.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    instance.SamplesPerPixel, instance.PhotometricInterpretation = 1, "MONOCHROME2"
    instance.BitsAllocated = instance.BitsStored = 16
    instance.HighBit, instance.PixelRepresentation = 15, 1
    instance.RescaleIntercept, instance.RescaleSlope, instance.RescaleType = 0, 1, "HU"
    instance.WindowCenter, instance.WindowWidth = 200, 1500
    return instance
