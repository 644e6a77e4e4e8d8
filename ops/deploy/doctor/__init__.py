"""Is everything there that a deployment needs? Read-only questions to this machine, to AWS and to Splunk."""
