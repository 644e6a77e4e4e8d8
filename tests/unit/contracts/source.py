"""What the program's source may contain."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator

MAX_MODULE_LINES = 300
AWS_CLIENTS = frozenset({"boto3", "botocore", "aioboto3", "moto"})
KNOWS_ITS_STACK = frozenset({"environment", "stack"})


def environment_decisions(name: str, source: str, stacks: Collection[str]) -> list[str]:
    """Nothing depends on which stack it is: no stack's name is compared with, no decision asks for the environment."""
    tree = ast.parse(source)
    return [f"{name}:{line}: asks which stack it runs for" for line in sorted(_stack_lines(tree, stacks))]


def _stack_lines(tree: ast.AST, stacks: Collection[str]) -> Iterator[int]:
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(attr="get_stack") | ast.Name(id="get_stack"):
                yield node.lineno
            case ast.Compare() | ast.MatchValue() if _names(node, stacks):
                yield node.lineno
            case ast.Match(subject=subject) if _asks(subject):
                yield node.lineno
            case ast.If() | ast.IfExp() | ast.While() if _asks(node.test):
                yield node.lineno
            case ast.Subscript(value=ast.Dict() as table) if _names(table, stacks):
                yield node.lineno


def _names(node: ast.AST, stacks: Collection[str]) -> bool:
    return any(isinstance(part, ast.Constant) and part.value in stacks for part in ast.walk(node))


def _asks(node: ast.AST) -> bool:
    return any(isinstance(part, ast.Attribute) and part.attr in KNOWS_ITS_STACK for part in ast.walk(node))


def aws_clients(name: str, source: str) -> list[str]:
    """The program declares; it never calls AWS by itself."""
    imported = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(node.module or "")
    used = sorted(AWS_CLIENTS.intersection(module.partition(".")[0] for module in imported))
    return [f"{name}: imports {module}" for module in used]


def long_module(name: str, source: str) -> list[str]:
    """A module has one subject, so it stays short."""
    lines = len(source.splitlines())
    return [f"{name}: {lines} lines, more than {MAX_MODULE_LINES}"] if lines > MAX_MODULE_LINES else []
