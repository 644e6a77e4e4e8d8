"""What an AWS account needs before the first `pulumi up`: the state's bucket and key, and the roles of the pipeline."""
