"""Operating the store: `python -m ops --help`."""
