"""Where the derived tables are kept. Standard library only: set-up imports it before anything is installed."""

from __future__ import annotations

from pathlib import Path

HERE = Path(__file__).resolve().parent
TABLES = HERE.parent / ".rehearsal" / "tables"
SOURCES = (HERE / "derivation.py", HERE / "cloudformation.yaml")
"""The files that the tables depend on, besides the versions of the packages."""
