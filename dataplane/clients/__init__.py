"""Clients of the store: DICOMweb, DICOM associations, raw TLS connections, and continuous load."""
