"""What a deployment needs before the first `pulumi up`."""
