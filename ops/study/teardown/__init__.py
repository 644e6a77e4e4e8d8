"""`python -m ops teardown`: destroys the stack of an archived study, and proves that only retained resources remain."""
