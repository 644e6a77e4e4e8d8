"""HIPAA safeguards of the Security Rule as Pulumi policies for AWS: rules as data, checks as pure functions."""
