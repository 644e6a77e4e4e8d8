"""What every archive command works with: the study's folder in the archive bucket, AWS clients, lock and workers."""
