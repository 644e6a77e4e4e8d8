"""Which package imports which, read from the source, and drawn as a Mermaid flowchart."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

Arrows = set[tuple[str, str]]
"""Importing package, imported package."""

PROGRAM = "__main__.py"
TOP = ("ops", "bench", "rehearsal", "dataplane", "components", "policy", "settings", "functions", "awsmodel", "layout")
IMPORTED_AS = {"hipaa": "policy"}
"""Packages whose import name differs from their folder."""


def imported_names(path: Path, folder: Path) -> Iterator[str]:
    """Full names of everything that the file imports, wherever the import statement is."""
    package = path.relative_to(folder).parts[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*start, *([node.module] if node.module else [])])
            yield from (f"{module}.{alias.name}" for alias in node.names)


def top_package(name: str) -> str | None:
    """The top-level package of a module's full name; None for one that is not of this project."""
    first = name.partition(".")[0]
    first = IMPORTED_AS.get(first, first)
    return first if first in TOP else None


def components_package(name: str) -> str | None:
    """The package of `components` that a module's full name belongs to; None for any other module."""
    parts = name.split(".")
    return parts[1] if parts[0] == "components" and len(parts) > 1 else None


def arrows(files: Iterable[Path], folder: Path, package_of: Callable[[str], str | None]) -> Arrows:
    """Imports between different packages."""
    found: Arrows = set()
    for path in files:
        own = package_of(".".join(path.relative_to(folder).with_suffix("").parts))
        targets = {package_of(name) for name in imported_names(path, folder)}
        found |= {(own, target) for target in targets if own and target and own != target}
    return found


def reduce(found: Arrows) -> Arrows:
    """Without the arrows that follow from others: what a package reaches in two steps needs no arrow of its own."""
    targets: dict[str, set[str]] = {}
    for source, target in found:
        targets.setdefault(source, set()).add(target)

    def reachable(package: str) -> set[str]:
        direct = targets.get(package, set())
        return direct.union(*(reachable(one) for one in direct))

    implied = {
        (source, target) for source, direct in targets.items() for one in direct for target in reachable(one) & direct
    }
    return found - implied


@cache
def drawing(folder: Path) -> dict[str, str]:
    """Mermaid flowcharts of the whole project and of `components`, by the names that the template uses."""
    files = [path for package in TOP for path in sorted(folder.glob(f"{package}/**/*.py"))]
    whole = arrows(files, folder, top_package)
    program = {name for name in map(top_package, imported_names(folder / PROGRAM, folder)) if name}
    whole |= {(PROGRAM, package) for package in program}
    return {
        "project": _flowchart(reduce(whole)),
        "components": _flowchart(reduce(arrows(files, folder, components_package))),
    }


def _flowchart(found: Arrows) -> str:
    names = sorted({name for arrow in found for name in arrow})
    ids = {name: name.strip("_").removesuffix(".py").strip("_") for name in names}
    boxes = [f'    {ids[name]}["{name}"]' for name in names]
    lines = [f"    {ids[source]} --> {ids[target]}" for source, target in sorted(found)]
    return "\n".join(["flowchart TD", *boxes, *lines])
