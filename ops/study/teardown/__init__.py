"""`python -m ops teardown`: destroys a stack whose study is archived, and proves what is left."""
