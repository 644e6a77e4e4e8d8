"""Processes of the store on this machine: PostgreSQL, Orthanc, nginx, a browser, and the certificates they need."""
