"""Audit, backups, logs to Splunk, budget and dashboard."""
