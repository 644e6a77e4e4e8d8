"""`python -m ops status`: where a study is on its way to the end."""
