"""Documents generated from the plans."""
