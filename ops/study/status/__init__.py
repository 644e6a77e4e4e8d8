"""`python -m ops status`: how far the end of a study is, and the next command."""
