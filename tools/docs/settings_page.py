"""Every key of config.yaml: those of the deployment, and the options of each plugin and recorder of this wheel."""

from __future__ import annotations

import enum
import importlib.metadata
import re
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pydantic

from tools.docs.docstrings import cell, markdown, rows, text_of
from wealthsources.config import settings
from wealthsources.loading.discovery import PLUGINS, installed
from wealthsources.loading.loader import Loader
from wealthsources.loading.recorders import RECORDERS

DEPLOYMENT = {
    "The deployment": settings.Settings,
    "A source, in `sources`": settings.SourceSettings,
    "A market, in `markets`": settings.MarketSettings,
    "`plugins`": settings.PluginSettings,
}


def models() -> dict[str, type[pydantic.BaseModel]]:
    """All models that say what may stand in config.yaml, by the heading that each gets."""
    ours = [info for info in installed(PLUGINS) if info.distribution == "wealthsources"]
    loader = Loader()
    found = {
        **DEPLOYMENT,
        **{f"`options` of the plugin `{info.name}`": loader.load(info.name).options_model for info in ours},
    }
    for info in installed(RECORDERS):
        if info.distribution == "wealthsources":
            recorder = importlib.metadata.EntryPoint(info.name, info.value, RECORDERS).load()
            found[f"`recorder: {{{info.name}: …}}`"] = recorder.options_model
    return found


def keys(model: type[pydantic.BaseModel]) -> Iterator[tuple[str, Any, str]]:
    """Each key as it is written, its field, and what is said of it; nothing where nothing is."""
    said: dict[str, str] = {}
    for owner in reversed(model.__mro__):
        if issubclass(owner, pydantic.BaseModel) and owner is not pydantic.BaseModel:
            said |= rows(text_of(owner)) | opening(text_of(owner))
    for name, field in model.model_fields.items():
        if not field.exclude:
            text = field.description or said.get(name, "")
            yield field.alias or name, field, re.sub(r"\bNone: ", "left out: ", text)


def opening(text: str) -> dict[str, str]:
    """Docstrings of one or two keys say them in their first words: "`url` is where the store is"."""
    sentences = re.findall(r"^(?:Or )?(`(\w+)`(?: is|:| names| has)? .*?)(?:\n\n|\Z)", text, re.DOTALL | re.MULTILINE)
    return {name: sentence for sentence, name in sentences}


def page() -> str:
    parts = ["# Configuration keys"]
    parts.append(
        "What may stand in `config.yaml`. A key that is not here is refused, with the name of the nearest one."
    )
    for heading, model in models().items():
        parts += [f"## {heading}", prose(text_of(model)), table(model)]
    return "\n\n".join(part for part in parts if part) + "\n"


def prose(text: str) -> str:
    """The docstring without its tables of keys, which stand in the table below it."""
    return markdown("\n\n".join(block for block in re.split(r"\n\s*\n", text) if not rows(block)))


def table(model: type[pydantic.BaseModel]) -> str:
    lines = [
        f"| `{name}` | {cell_of(field.annotation)} | {default_of(field)} | {cell(said)} |"
        for name, field, said in keys(model)
    ]
    return (
        "\n".join(["| Key | Value | Default | What it says |", "|---|---|---|---|", *lines]) if lines else "No options."
    )


def cell_of(annotation: Any) -> str:
    return value_text(annotation).replace("|", "\\|")


def value_text(annotation: Any) -> str:
    """What is to be written for an annotation, in words."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return value_text(arguments[0])
    if origin is typing.Literal:
        return " · ".join(f"`{str(value).lower() if isinstance(value, bool) else value}`" for value in arguments)
    if origin in (typing.Union, types.UnionType):
        written = [
            value_text(one) for one in arguments if one is not type(None) and typing.get_origin(one) is not Callable
        ]
        return " or ".join(dict.fromkeys(text for text in written if text))
    if origin in (tuple, list, set, frozenset):
        return f"a list of {value_text(arguments[0]).removeprefix('a ')}s".replace("ss", "s")
    if origin in (dict, Mapping):
        return "a mapping"
    return plain_text(annotation)


def plain_text(kind: Any) -> str:
    if not isinstance(kind, type):
        return "a text"
    if issubclass(kind, enum.Enum):
        return " · ".join(f"`{member.value}`" for member in kind)
    if issubclass(kind, pydantic.BaseModel):
        return "a mapping"
    named = {bool: "`true` · `false`", int: "a whole number", float: "a number"}
    secret = issubclass(kind, pydantic.SecretStr)
    return named.get(kind, "a text, never shown" if secret else "a text")


def default_of(field: Any) -> str:
    """As it is written in YAML; nothing for what may be left out, `needed` for what may not."""
    if field.is_required():
        return "needed"
    value = field.get_default(call_default_factory=True)
    if isinstance(value, pydantic.SecretStr | pydantic.Secret):
        value = value.get_secret_value()
    if isinstance(value, pydantic.BaseModel) or value is None or value in ("", (), {}, []):
        return ""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"
