"""Safeguards of the HIPAA Security Rule as Pulumi policies for AWS: rules as data, checks as pure functions."""
