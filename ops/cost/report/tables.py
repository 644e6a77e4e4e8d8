"""One table of text for the terminal and for Markdown."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from rich.table import Table


@dataclass(frozen=True, kw_only=True)
class TextTable:
    """A titled table of formatted cells. `right` holds the positions of right-aligned columns."""

    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    right: Collection[int] = ()

    def to_terminal(self) -> Table:
        """The table for a terminal; a last row named `total` is bold."""
        table = Table(title=self.title, title_justify="left")
        for position, head in enumerate(self.heads):
            table.add_column(head, justify="right" if position in self.right else "left")
        for number, row in enumerate(self.rows, 1):
            table.add_row(*row, style="bold" if number == len(self.rows) and row[0] == "total" else None)
        return table

    def to_markdown(self, *, aligned: bool = False) -> str:
        """The table as Markdown, with its alignment if wanted."""
        marks = ["---:" if aligned and position in self.right else "---" for position in range(len(self.heads))]
        head, *body = [f"| {' | '.join(row)} |" for row in (self.heads, *self.rows)]
        return "\n".join([f"### {self.title}", "", head, f"|{'|'.join(marks)}|", *body])
