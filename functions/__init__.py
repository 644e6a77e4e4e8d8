"""Code that runs in AWS Lambda, and the contents of its archives."""
