"""The end of a study: close, archive, verify, tear down, restore.

Modules here are shared: the Pulumi engine, the phase, the stack's exports, and records in the archive bucket. Packages
below depend on each other in this order only: store, manifest, archive, restore, verify, close, teardown, status.
"""
