"""`python -m ops verify`, and the proof that `close --archived` and `teardown` require: is the archive complete?"""
