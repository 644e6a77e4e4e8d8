"""Logs on their way to Splunk."""
