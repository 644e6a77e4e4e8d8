"""Synthetic DICOM instances."""
