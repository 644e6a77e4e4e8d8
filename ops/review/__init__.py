"""The review of a change, as a comment on its pull request."""
