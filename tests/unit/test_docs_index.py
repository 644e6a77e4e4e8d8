"""The index lists every document, each decision has the same head, and links between documents resolve."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rehearsal.environment import PROJECT

DOCS = PROJECT / "docs"
DECISIONS = sorted((DOCS / "decisions").glob("*.md"))
DOCUMENTS = [PROJECT / "README.md", PROJECT / ".github" / "workflows" / "README.md", *sorted(DOCS.rglob("*.md"))]
HEAD = re.compile(
    r"# \d+\. .+\n\n- Status: accepted\n- Date: \d{4}-\d\d-\d\d\n\n## Context\n.+\n## Decision\n.+\n## Consequences\n.+",
    re.DOTALL,
)


def name(path: Path) -> str:
    return path.relative_to(PROJECT).as_posix()


def links(path: Path) -> set[str]:
    """Relative links of a document, without anchors."""
    found = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8"))
    return {link for link in found if "://" not in link}


@pytest.mark.parametrize("path", DOCUMENTS, ids=name)
def test_links_resolve(path: Path):
    assert [link for link in links(path) if not (path.parent / link).exists()] == []


def test_the_index_lists_every_document():
    index = DOCS / "README.md"
    listed = {(DOCS / link).resolve() for link in links(index)}
    every = {path for path in DOCS.rglob("*.md") if path != index and path.parent not in listed}
    assert every - listed == set()


@pytest.mark.parametrize("path", DECISIONS, ids=name)
def test_a_decision_has_status_date_context_decision_and_consequences(path: Path):
    assert HEAD.fullmatch(path.read_text(encoding="utf-8"))
