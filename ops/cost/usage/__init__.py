"""Quantities: the usage in the settings, small assumptions, the study's week as hours, and images by age."""
