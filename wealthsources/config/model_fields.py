"""What a pydantic model's fields are called, and which of them are secret."""

from __future__ import annotations

import inspect
import typing
from typing import TYPE_CHECKING, Any

import pydantic

if TYPE_CHECKING:
    from collections.abc import Iterator

_SECRETS = (pydantic.SecretStr, pydantic.SecretBytes, pydantic.Secret)


def fields_at(model: type[pydantic.BaseModel], loc: tuple[str | int, ...]) -> list[str]:
    """The keys that a mapping may have which the model expects at `loc`."""
    classes: list[type] = [model]
    for part in loc:
        inner = [annotation for each in classes for names, annotation in _fields(each) if part in names]
        # A part that is no field is an index, the key of a dict or the name of a union's member: the classes stay.
        classes = [found for annotation in inner for found in _classes(annotation)] if inner else classes
    return [names[0] for each in classes for names, _ in _fields(each)]


def secret_names(model: type[pydantic.BaseModel]) -> frozenset[str]:
    """The names of all fields of a secret type in the model and in whatever its fields hold.

    Names, not places: of two fields that share a name, the one that is no secret is treated as one too.
    """
    secret: set[str] = set()
    seen: set[type] = set()
    waiting: list[type] = [model]
    while waiting:
        current = waiting.pop()
        seen.add(current)
        for names, annotation in _fields(current):
            inside = list(_classes(annotation))
            if any(issubclass(each, _SECRETS) for each in inside):
                secret.update(names)
            waiting.extend(each for each in inside if each not in seen)
    return frozenset(secret)


def models_in(model: type[pydantic.BaseModel]) -> Iterator[type[pydantic.BaseModel]]:
    """The model, and those that its fields hold."""
    seen: set[type] = set()
    waiting: list[type] = [model]
    while waiting:
        current = waiting.pop()
        if current not in seen:
            seen.add(current)
            if issubclass(current, pydantic.BaseModel):
                yield current
            waiting.extend(each for _, annotation in _fields(current) for each in _classes(annotation))


def _fields(of: type) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Names and annotation of each field of a model, dataclass, TypedDict or NamedTuple; the accepted name first."""
    if issubclass(of, pydantic.BaseModel):
        for name, field in of.model_fields.items():
            yield (*_aliases(field.validation_alias), name), field.annotation
    elif any(hasattr(of, mark) for mark in ("__dataclass_fields__", "__total__", "_fields")):
        try:
            hints = typing.get_type_hints(of, include_extras=True)
        except Exception:  # noqa: BLE001 - names that are not there, or not there any more: in doubt, all is secret
            hints = dict.fromkeys(inspect.get_annotations(of), pydantic.SecretStr)
        for name, annotation in hints.items():
            yield (name,), annotation


def _aliases(alias: str | pydantic.AliasPath | pydantic.AliasChoices | None) -> list[str]:
    if isinstance(alias, pydantic.AliasChoices):
        return [name for choice in alias.choices for name in _aliases(choice)]
    if isinstance(alias, pydantic.AliasPath):
        return [str(alias.path[0])]
    return [] if alias is None else [alias]


def _classes(annotation: Any) -> Iterator[type]:
    """All classes in `tuple[X, ...]`, `dict[str, X] | None`, `Annotated[X, ...]` and the like."""
    waiting: list[Any] = [annotation]
    seen: list[Any] = []
    while waiting:
        current = waiting.pop(0)
        if any(current is each for each in seen):  # `type Tree = list[Tree]`
            continue
        seen.append(current)
        arguments = typing.get_args(current)
        if inspect.isclass(current) and not arguments:
            yield current
            if issubclass(current, pydantic.RootModel):
                waiting.append(current.model_fields["root"].annotation)
        # What `type X = ...`, NewType and `X[...]` stand for.
        behind = (getattr(current, name, None) for name in ("__value__", "__supertype__", "__origin__"))
        waiting.extend([*(each for each in behind if each is not None), *arguments])
