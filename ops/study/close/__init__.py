"""`python -m ops close`: images are no longer accepted, and that is proved."""
