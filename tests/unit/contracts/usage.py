"""Which settings the program reads: one that nothing reads promises what does not happen."""

from __future__ import annotations

import contextlib
import typing
from collections.abc import Generator, Iterator
from typing import Any, NamedTuple
from unittest import mock

from settings import Settings
from settings.models import Model


class Field(NamedTuple):
    """A field of a group of settings."""

    model: str
    name: str

    def __str__(self) -> str:
        return f"{self.model}.{self.name}"


def fields(model: type[Model] = Settings) -> set[Field]:
    """Every field of `model` and of the groups in it, at any depth."""
    found = {Field(model.__name__, name) for name in model.model_fields}
    for field in model.model_fields.values():
        for nested in _models(field.annotation):
            found |= fields(nested)
    return found


def _models(annotation: Any) -> Iterator[type[Model]]:
    if isinstance(annotation, type) and issubclass(annotation, Model):
        yield annotation
    for argument in typing.get_args(annotation):
        yield from _models(argument)


@contextlib.contextmanager
def trace() -> Generator[set[Field]]:
    """Collects the fields that are read after `Settings.load` has checked them; its own reads do not count."""
    reads: set[Field] = set()
    loaded: list[Settings] = []
    load = Settings.load
    dump = Model.model_dump

    def loading(_: type[Settings]) -> Settings:
        loaded.clear()  # what checks the next stack's settings is no reader either
        loaded.append(load())
        return loaded[-1]

    def reading(self: Model, name: str) -> Any:
        if loaded and name in type(self).model_fields:
            reads.add(Field(type(self).__name__, name))
        return object.__getattribute__(self, name)

    def dumping(self: Model, **options: Any) -> dict[str, Any]:
        reads.update(fields(type(self)))
        return dump(self, **options)

    with (
        mock.patch.object(Settings, "load", classmethod(loading)),
        mock.patch.object(Model, "__getattribute__", reading),
        mock.patch.object(Model, "model_dump", dumping),
    ):
        yield reads
