"""Reports of an estimate: a summary with a low and a high case, as tables, Markdown, JSON or CSV."""
