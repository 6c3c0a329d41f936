"""The public names of `wealthsources` and `wealthdata`, with their docstrings."""

from __future__ import annotations

import functools
import importlib
import inspect
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from tools.docs.docstrings import comments, escaped, markdown, signature, text_of

PACKAGES = ("wealthsources", "wealthdata", "wealthsources.testing")
KINDS = ("Functions", "Classes", "Errors", "Values")


def page(package: str) -> str:
    """All public names of a package, by kind."""
    module = importlib.import_module(package)
    parts = [f"# `{package}`", markdown(text_of(module))]
    entries = {name: (kind_of(getattr(module, name)), entry(module, name)) for name in module.__all__}
    for kind in KINDS:
        named = [text for _, (its_kind, text) in sorted(entries.items()) if its_kind == kind]
        parts += [f"## {kind}", *named] if named else []
    return "\n\n".join(parts) + "\n"


def kind_of(thing: object) -> str:
    if inspect.isclass(thing) and not hasattr(thing, "__origin__"):
        return "Errors" if issubclass(thing, BaseException) else "Classes"
    return "Functions" if inspect.isroutine(thing) else "Values"


def entry(module: ModuleType, name: str) -> str:
    """One name: how it is called, what its docstring says, and its public methods."""
    thing = getattr(module, name)
    parts = [f"### {name}"]
    if kind_of(thing) == "Values":
        return "\n\n".join([*parts, value_text(thing), escaped(said_of(module, name))])
    if called := signature(name, thing):
        parts.append(f"```python\n{called}\n```")
    if inspect.isclass(thing):
        bases = [f"`{base.__name__}`" for base in thing.__bases__ if base.__module__.startswith("wealth")]
        parts += [f"Is a {', '.join(bases)}."] if bases else []
    parts.append(markdown(text_of(thing) or said_of(module, name)))
    parts += methods(thing) if inspect.isclass(thing) else []
    return "\n\n".join(part for part in parts if part)


def value_text(thing: object) -> str:
    shown = repr(thing)
    return "" if " object at 0x" in shown else f"`{shown.removeprefix('typing.')}`"


def methods(owner: type) -> list[str]:
    """The public methods and properties that the class itself has, with what they say."""
    found = []
    for name, thing in vars(owner).items():
        if name.startswith("_") or not inspect.getdoc(thing):
            continue
        function = thing.__func__ if isinstance(thing, classmethod | staticmethod) else thing
        said = inspect.getdoc(function) or ""
        if isinstance(thing, property | functools.cached_property):
            found.append((f"`{name}`", said))
        elif inspect.isfunction(function):
            found.append((f"`{one_line(signature(name, function))}`", said))
    return [f"**{called}**\n\n{markdown(said)}" for called, said in found]


def one_line(text: str) -> str:
    return " ".join(text.split()).replace("( ", "(").replace(", )", ")")


def said_of(module: ModuleType, name: str) -> str:
    """What a `#:` comment says of a name, where the name is assigned."""
    for home in homes(module, name):
        if said := comments(home).get(name):
            return said
    return ""


def homes(module: ModuleType, name: str) -> Iterator[Any]:
    """The modules that may assign a name of a package: the one that its list names comes first."""
    listed = getattr(module, "_HOME", {}).get(name)
    if listed:
        yield importlib.import_module(f"{module.__name__}.{listed}")
    yield sys.modules[module.__name__]
