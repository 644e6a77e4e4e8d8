"""Pulumi provider plugins `aws`, `awsx`, `random` and `tls`, which work on the simulated cloud."""
