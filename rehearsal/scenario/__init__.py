"""The steps of `make rehearse`: deployment, a change in place, and the end of the study by the operators' commands."""
