"""Contracts over the shape of components, and for each a source or a program that breaks it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pulumi
import pytest
from pulumi_aws import Provider, kms

from components.core import Scope, ScopedComponent
from layout.lifecycle import Lifecycle, Retention
from ops.plan import Plan
from ops.plan.configuration import PROJECT
from tests.unit.contracts import components
from tests.unit.test_parts import names

SOURCES = sorted(path for path in PROJECT.glob("components/*/*.py") if path.name != "__init__.py")
FRAME = PROJECT / "components" / "core" / "component.py"

COMPONENT = """
class Keys(Component):
    TYPE = "imgstore:keys:Keys"

    def __init__(self, name: str, base: Platform, settings: X, *, network: Network, opts: Any = None) -> None:
        super().__init__(name, base, opts)
        self.register_outputs({})
"""


def label(path: Path) -> str:
    return path.relative_to(PROJECT).as_posix()


@pytest.mark.parametrize("path", SOURCES, ids=label)
@pytest.mark.parametrize(
    "contract",
    [components.implicit_tokens, components.constructor_shapes, components.late_children],
    ids=lambda contract: contract.__name__,
)
def test_components_have_one_shape(contract: Callable[[str, str], list[str]], path: Path):
    assert contract(label(path), path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", [path for path in SOURCES if path != FRAME], ids=label)
def test_options_of_children_come_from_their_component(path: Path):
    assert components.foreign_options(label(path), path.read_text(encoding="utf-8")) == []


def test_no_name_is_made_twice():
    assert components.repeated_names({label(path): path.read_text(encoding="utf-8") for path in SOURCES}) == []


@pytest.mark.parametrize(
    ("contract", "old", "new"),
    [
        (components.implicit_tokens, '    TYPE = "imgstore:keys:Keys"\n', ""),
        (components.implicit_tokens, '"imgstore:keys:Keys"', "token_of(__name__)"),
        (components.constructor_shapes, "settings: X, *, network", "settings: X, network"),
        (components.constructor_shapes, "base: Platform, settings: X", "settings: X, base: Platform"),
        (components.constructor_shapes, ", opts: Any = None", ""),
        (components.late_children, "        self.register_outputs({})\n", ""),
        (components.late_children, "({})\n", "({})\n        kms.Key('late', opts=self.options())\n"),
        (components.late_children, "({})\n", "({})\n\n    def add(self) -> None:\n        Key(opts=self.options())\n"),
        (components.foreign_options, "({})\n", "({})\n\nopts = pulumi.ResourceOptions(parent=keys)\n"),
    ],
)
def test_a_component_of_another_shape_is_noticed(contract: Callable[[str, str], list[str]], old: str, new: str):
    assert contract("x.py", COMPONENT) == []
    assert contract("x.py", COMPONENT.replace(old, new)) != []


def test_a_name_made_by_another_component_is_noticed():
    own = 'self.name = self.names.of("ecs.Cluster", "store")'
    assert components.repeated_names({"cluster.py": own, "tier.py": "cluster.name"}) == []
    assert components.repeated_names({"cluster.py": own, "tier.py": 'names.of("ecs.Cluster", "store")'}) != []


def scope() -> Scope:
    return Scope(names=names(), lifecycle=Lifecycle.of("active"), retention=Retention(audit=1, operational=1))


class Late(ScopedComponent):
    """Declares a key once it has registered its outputs."""

    TYPE = "imgstore:late:Late"

    def __init__(self, name: str) -> None:
        super().__init__(name, scope(), None)
        self.register_outputs({})
        kms.Key("late", opts=self.options())


def test_a_child_after_the_outputs_is_refused(record: Callable[..., Plan]):
    with pytest.raises(RuntimeError, match="late has registered its outputs: declare children in its constructor"):
        record(lambda: Late("late"))


def test_a_component_without_a_token_is_refused():
    with pytest.raises(TypeError, match="has no type token: set TYPE"):
        type("Nameless", (ScopedComponent,), {})


def test_a_top_level_component_passes_its_providers_on(record: Callable[..., Plan]):
    class Owner(ScopedComponent):
        TYPE = "imgstore:owner:Owner"

        def __init__(self, provider: pulumi.ProviderResource) -> None:
            given = Scope(
                names=names(),
                lifecycle=Lifecycle.of("active"),
                retention=Retention(audit=1, operational=1),
                providers=(provider,),
            )
            super().__init__("owner", given, None)
            kms.Key("key", opts=self.options())
            self.register_outputs({})

    plan = record(lambda: Owner(Provider("own", region="us-east-1")))
    assert plan.resource(name="key").provider == plan.resource(name="own").urn
