"""`module:Class`, or a plugin's name, and options: the source that a command is to make."""

from __future__ import annotations

import importlib
import inspect
import sys
import typing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wealthsources.config.diagnostics import config_error
from wealthsources.config.validate import check
from wealthsources.config.yaml_document import Document, parse, read_text
from wealthsources.loading.loader import Loader
from wealthsources.model.errors import ConfigError, RequestError
from wealthsources.model.text import describe
from wealthsources.source import Source

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pydantic

    from wealthsources.config.diagnostics import Diagnostic


def source_maker(target: str, options: Sequence[str]) -> Callable[[], Source]:
    """What makes a new source of it. Raises RequestError, ConfigError for what cannot be one, or takes other options.

    options  `key=value`, whose value is read as YAML, or a file with options as they stand in config.yaml
    """
    source_class, model = _named(target) if ":" in target else _installed(target)
    document, folder = _read_options(options)
    if model is None:
        if document.value:
            raise RequestError(f"{target} takes no options, and --options gives {', '.join(document.value)}")
        return source_class
    checked, mistakes = check(model, document.value, document, (), {"folder": folder})
    if checked is None or mistakes or document.mistakes:
        raise config_error("--options", [*document.mistakes, *mistakes])
    make: Callable[..., Source] = source_class
    return lambda: make(checked)


def _installed(name: str) -> tuple[type[Source], type[pydantic.BaseModel] | None]:
    plugin = Loader().load(name)
    return plugin.source_class, plugin.options_model if plugin.options_model.model_fields else None


def _named(target: str) -> tuple[type[Source], type[pydantic.BaseModel] | None]:
    module, _, name = target.partition(":")
    sys.path.insert(0, str(Path.cwd()))  # as for `python -m`
    try:
        found = getattr(importlib.import_module(module), name, None)
    except ImportError as error:
        raise RequestError(f"{target}: {describe(error)}; run it where the module can be imported") from error
    finally:
        sys.path.remove(str(Path.cwd()))
    if not inspect.isclass(found) or not issubclass(found, Source):
        raise RequestError(f"{target}: {name} of {module} is no subclass of wealthsources.Source")
    return found, _options_model(target, found)


def _options_model(target: str, source_class: type[Source]) -> type[pydantic.BaseModel] | None:
    """The model by which its one parameter is annotated; None if it takes none."""
    import pydantic  # noqa: PLC0415 - heavy

    names = [name for name in inspect.signature(source_class).parameters if name != "self"]
    if not names or inspect.signature(source_class).parameters[names[0]].default is not inspect.Parameter.empty:
        return None
    try:
        model: Any = typing.get_type_hints(source_class.__init__).get(names[0])
    except NameError:
        model = None
    if not inspect.isclass(model) or not issubclass(model, pydantic.BaseModel):
        raise RequestError(
            f"{target}: annotate its parameter {names[0]!r} with the pydantic model of its options, imported where the "
            "program runs; or give the name of its plugin instead"
        )
    return model


def _read_options(options: Sequence[str]) -> tuple[Document, Path]:
    """All of them as one mapping, and the folder where relative paths start."""
    folder = Path.cwd()
    value: dict[str, Any] = {}
    mistakes: list[Diagnostic] = []
    for option in options:
        name, equals, text = option.partition("=")
        if equals:
            document = _read_value(text)
            value[name] = document.value
        else:
            folder = Path(option).absolute().parent
            document = parse(read_text(Path(option)), option)
            if not isinstance(document.value, dict):
                raise RequestError(f"--options {option}: a file holds options as in config.yaml, name: value")
            value |= document.value
        mistakes += document.mistakes
    return Document(value, mistakes=tuple(mistakes)), folder


def _read_value(text: str) -> Document:
    """As YAML reads it; what is none, such as `{symbol}.csv`, is text."""
    try:
        return parse(text, "--options")
    except ConfigError:
        return Document(text)
