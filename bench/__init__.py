"""Measures the store and a bare Orthanc on one machine: `python -m bench`, which `make bench` runs."""
