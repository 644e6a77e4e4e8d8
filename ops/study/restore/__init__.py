"""`python -m ops restore`: gets a study back as DICOM files, from the archive bucket alone."""
