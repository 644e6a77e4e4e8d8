"""The end of a study: the archive's permissions, functions and keys."""
