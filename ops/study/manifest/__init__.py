"""The signed manifest of an archive: its lines and parts, their summary, and the signature."""
