"""Code that runs in AWS Lambda, and how it is packed."""
