"""The rendered configuration run as real processes: PostgreSQL, Orthanc and nginx on this machine."""
