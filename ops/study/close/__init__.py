"""`python -m ops close`: moves a study to the phases `closing` and `archived`, and proves that images are frozen."""
