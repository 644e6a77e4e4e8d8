"""The base class of components: a type token, names, and options that keep children under their component."""

from __future__ import annotations

from typing import Any, ClassVar

import pulumi

from components.core.scope import Scope


class ScopedComponent(pulumi.ComponentResource):
    """A component that needs only the scope of its stack.

    Each class states its type token in `TYPE`: the token is part of the URN of the component and of all its children,
    so a class or module can be renamed without replacing a resource. Children are declared in the constructor, before
    it calls `register_outputs`; a later one raises RuntimeError.
    """

    TYPE: ClassVar[str]

    def __init_subclass__(cls, *, abstract: bool = False) -> None:
        super().__init_subclass__()
        if not abstract and "TYPE" not in vars(cls):
            raise TypeError(f"{cls.__qualname__} has no type token: set TYPE, such as 'imgstore:keys:Keys'.")

    def __init__(self, name: str, scope: Scope, opts: pulumi.ResourceOptions | None) -> None:
        if opts is None or opts.parent is None:
            opts = pulumi.ResourceOptions.merge(pulumi.ResourceOptions(providers=list(scope.providers)), opts)
        super().__init__(self.TYPE, name, None, opts)
        self.component = name
        self.scope = scope
        self.names = scope.names
        self.lifecycle = scope.lifecycle
        self._complete = False

    def child(self, suffix: str) -> str:
        """Pulumi name of a child: `<component>-<suffix>`, keyed by meaning, never by position."""
        return f"{self.component}-{suffix}"

    def options(self, **options: Any) -> pulumi.ResourceOptions:
        """Options of a child: this component as its parent, and whatever is passed."""
        if self._complete:
            raise RuntimeError(f"{self.component} has registered its outputs: declare children in its constructor.")
        return pulumi.ResourceOptions(parent=self, **options)

    def stateful(self, **options: Any) -> pulumi.ResourceOptions:
        """Options of a child that holds data: protected until the phase says otherwise."""
        return self.options(protect=self.lifecycle.protected, **options)

    def register_outputs(self, outputs: pulumi.Inputs) -> None:
        """Registers the component's outputs; no child can be declared afterwards."""
        self._complete = True
        super().register_outputs(outputs)
