"""The shape that every component has, read from the program's source."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping

BASES = frozenset({"Component", "ScopedComponent"})
FIRST_PARAMETERS = ("self", "name")
PLATFORM_PARAMETERS = ("base", "scope")
NAME_MAKERS = frozenset({"of", "bucket", "secret", "log_group", "checked"})


def _components(tree: ast.AST) -> Iterator[ast.ClassDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and BASES & {base.id for base in node.bases if isinstance(base, ast.Name)}:
            yield node


def _is_abstract(cls: ast.ClassDef) -> bool:
    return any(keyword.arg == "abstract" for keyword in cls.keywords)


def implicit_tokens(name: str, source: str) -> list[str]:
    """A component states its type token as a constant: no URN depends on the name of a class or a file."""
    found = []
    for cls in _components(ast.parse(source)):
        tokens = [
            node.value
            for node in cls.body
            if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == ["TYPE"]
        ]
        if not _is_abstract(cls) and not (tokens and isinstance(tokens[0], ast.Constant)):
            found.append(f"{name}: {cls.name} has no type token of its own")
    return found


def constructor_shapes(name: str, source: str) -> list[str]:
    """`Name(name, base, [settings], *, dependencies, opts=None)`: positional settings alone, everything else by name."""
    found = []
    for cls in _components(ast.parse(source)):
        for node in cls.body:
            if isinstance(node, ast.FunctionDef) and node.name == "__init__":
                positional = [argument.arg for argument in node.args.args]
                keywords = [argument.arg for argument in node.args.kwonlyargs]
                head, rest = tuple(positional[:3]), positional[3:]
                shaped = head[:2] == FIRST_PARAMETERS and head[2:] and head[2] in PLATFORM_PARAMETERS and len(rest) <= 1
                options = "opts" in keywords or _is_abstract(cls) or rest == ["opts"]
                if not (shaped and options):
                    found.append(f"{name}: {cls.name}({', '.join(positional[1:])}, *, {', '.join(keywords)})")
    return found


def late_children(name: str, source: str) -> list[str]:
    """Nothing is declared after `register_outputs`, which is the constructor's last statement; nothing outside it is."""
    found = []
    for cls in _components(ast.parse(source)):
        for node in cls.body:
            if not isinstance(node, ast.FunctionDef) or _is_abstract(cls):
                continue
            calls = [ast.unparse(call.func) for call in ast.walk(node) if isinstance(call, ast.Call)]
            if node.name == "__init__":
                last = ast.unparse(node.body[-1])
                if not last.startswith("self.register_outputs("):
                    found.append(f"{name}: {cls.name}.__init__ does not end with register_outputs")
            elif not node.name.startswith("_") and {"self.options", "self.stateful"} & set(calls):
                found.append(f"{name}: {cls.name}.{node.name} declares children after the constructor")
    return found


def foreign_options(name: str, source: str) -> list[str]:
    """Children get their options from their component, which knows whether it is complete."""
    return [
        f"{name}:{node.lineno}: makes the options of a child itself"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).endswith("ResourceOptions")
        and any(keyword.arg == "parent" for keyword in node.keywords)
    ]


def repeated_names(sources: Mapping[str, str]) -> list[str]:
    """A name is made in one place; whoever else needs it takes it from there."""
    makers: dict[str, set[str]] = defaultdict(set)
    for name, source in sources.items():
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in NAME_MAKERS:
                owner = ast.unparse(node.func.value)
                if owner.rpartition(".")[2] == "names" and all(isinstance(one, ast.Constant) for one in node.args):
                    makers[f"{node.func.attr}({', '.join(map(ast.unparse, node.args))})"].add(name)
    return [f"names.{call} is made in {', '.join(sorted(files))}" for call, files in makers.items() if len(files) > 1]
