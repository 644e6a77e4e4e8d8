"""Scaling: what a stack declares, when its scheduled actions run, and how AWS applies its policies."""
