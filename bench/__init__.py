"""Measures the store on one machine, beside a bare Orthanc: `python -m bench`, which is what `make bench` calls."""
