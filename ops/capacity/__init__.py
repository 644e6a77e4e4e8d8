"""Capacity of a stack: a simulation of its declared scaling under load, recommended settings, and limits to growth."""
