"""Which package may import which: arrows point down only, in the project and within `components`."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

BELOW = frozenset({"settings", "functions", "awsmodel", "layout"})
MAY_IMPORT: Mapping[str, frozenset[str]] = {
    "layout": frozenset(),
    "settings": frozenset({"layout"}),
    "functions": frozenset({"layout"}),
    "awsmodel": frozenset({"layout"}),
    "components": BELOW,
    "policy": frozenset(),
    "rehearsal": BELOW,
    "dataplane": BELOW,
    "__main__": BELOW | {"components"},
    "ops": BELOW | {"components", "policy", "dataplane"},
    "bench": BELOW | {"components", "policy", "rehearsal", "dataplane", "ops"},
    "tests": BELOW | {"components", "policy", "rehearsal", "dataplane", "ops", "bench"},
}
"""By package; each may import itself."""

FOLDERS = {"hipaa": "policy"}
"""Packages that are imported by another name than that of their folder."""

COMPONENTS = ("core", "network", "data", "service", "edge", "safeguards", "closing")
"""Packages of `components`, lowest first: each may import those before it."""

MAX_MODULES = 12

Sources = Mapping[str, str]
"""Python files: path within the project -> text."""


def package(path: str) -> str:
    """The top-level package of a file; `__main__` for the program."""
    first, _, rest = path.partition("/")
    return first if rest else first.removesuffix(".py")


def imported_names(path: str, text: str) -> Iterator[str]:
    """Full names of all modules, and of what is imported from them, wherever the import stands."""
    folder = path.split("/")[:-1]
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = folder[: len(folder) - node.level + 1] if node.level else []
            module = ".".join([*start, *([node.module] if node.module else [])])
            yield from (f"{module}.{alias.name}" for alias in node.names)


def arrows(sources: Sources) -> set[tuple[str, str]]:
    """Imports of one package of the project by another: (file, package)."""
    found = set()
    for path, text in sources.items():
        for name in imported_names(path, text):
            first = name.partition(".")[0]
            target = FOLDERS.get(first, first)
            if target in MAY_IMPORT and target != package(path):
                found.add((path, target))
    return found


def forbidden_imports(sources: Sources) -> set[str]:
    """Imports that point up or sideways."""
    return {f"{path} imports {target}" for path, target in arrows(sources) if target not in MAY_IMPORT[package(path)]}


def unknown_packages(sources: Sources) -> set[str]:
    """Top-level packages that have no place in the table."""
    return {package(path) for path in sources} - MAY_IMPORT.keys()


def upward_components(sources: Sources) -> set[str]:
    """Imports between packages of `components` that go against their order, as some import of every cycle does."""
    found = set()
    for path, text in sources.items():
        parts = path.split("/")
        if parts[0] != "components" or parts[1] not in COMPONENTS:
            continue
        for name in imported_names(path, text):
            target = [*name.split("."), ""][1]
            known = name.startswith("components.") and target in COMPONENTS
            if known and COMPONENTS.index(target) > COMPONENTS.index(parts[1]):
                found.add(f"{path} imports components.{target}")
    return found


def large_packages(paths: Iterable[str]) -> dict[str, int]:
    """Modules in each folder that has too many; tests are no package of the program."""
    modules = Counter(
        path.rpartition("/")[0] for path in paths if package(path) != "tests" and not path.endswith("__init__.py")
    )
    return {folder: number for folder, number in modules.items() if number > MAX_MODULES}
