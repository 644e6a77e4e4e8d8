"""`python -m ops archive`: copies images, index, database and logs of a closing study into the archive bucket."""
