"""The errors that are raised on purpose: what each means, and what its messages say."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import wealthdata
import wealthsources
from tools.docs.docstrings import markdown, text_of
from wealthsources.model import errors

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("wealthsources", "wealthdata", *sorted(path.parent.name for path in ROOT.glob("plugins/*/__init__.py")))


def classes() -> dict[str, type[BaseException]]:
    """Every error of every package of the wheel that a user may meet, by name, the nearest to the root first."""
    modules = [importlib.import_module(_dotted(path)) for path in sorted(_modules())]
    found = {
        name: thing
        for module in modules
        for name, thing in vars(module).items()
        if name[0] != "_" and _is_error_of(module, thing)
    }
    return dict(sorted(found.items(), key=lambda pair: (len(pair[1].__mro__), pair[0])))


def _is_error_of(module: ModuleType, thing: object) -> bool:
    roots = (wealthsources.WealthSourcesError, wealthdata.WealthDataError, Warning)
    return inspect.isclass(thing) and issubclass(thing, roots) and thing.__module__ == module.__name__


def _modules() -> Iterator[Path]:
    """The modules that define an error: those that a search for the words of one finds."""
    for path in (path for package in PACKAGES for path in folder(package).rglob("*.py")):
        if re.search(
            r"^class \w+\(\w*(?:Error|Exception|NotHere|SourceError|Asked|Answer|Warning)\b",
            path.read_text("utf-8"),
            re.M,
        ):
            yield path


def folder(package: str) -> Path:
    return ROOT / package if (ROOT / package).exists() else ROOT / "plugins" / package


def _dotted(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[1:] if parts[0] == "plugins" else parts)


def messages() -> dict[str, dict[str, list[str]]]:
    """What is raised, by class and package: each message with `…` for what is filled in."""
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for package in PACKAGES:
        for path in sorted(folder(package).rglob("*.py")):
            for name, text in raised(path.read_text(encoding="utf-8")):
                if text.strip("… ") and text not in found[name][package]:
                    found[name][package].append(text)
    return found


def raised(source: str) -> Iterator[tuple[str, str]]:
    """Each `raise Name(text)` of a module."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and node.exc.args:
            function = node.exc.func
            name = function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")
            if text := plain(node.exc.args[0]):
                yield name, text


def plain(node: ast.expr) -> str:
    """A text, with `…` for each value that is put into it; nothing for what is no text."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, ast.JoinedStr):
        return "".join(plain(part) if isinstance(part, ast.Constant) else "…" for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return "".join(plain(side) or "…" for side in (node.left, node.right))
    return ""


def page() -> str:
    parts = ["# Errors", "A message names the place and says what to do. Below, `…` stands for what is filled in."]
    parts += ["## The classes", markdown(text_of(errors)), "## What is raised"]
    said = messages()
    for name, thing in classes().items():
        public = "" if not _is_public(name) else f" Import it from {_is_public(name)}."
        parts += [f"### {name}", markdown(text_of(thing)) + public, _listed(said.get(name, {}))]
    return "\n\n".join(part for part in parts if part) + "\n"


def _is_public(name: str) -> str:
    return " or ".join(f"`{module.__name__}`" for module in (wealthsources, wealthdata) if name in module.__all__)


def _listed(by_package: dict[str, list[str]]) -> str:
    parts = []
    for package, texts in by_package.items():
        lines = "\n".join(f"- {_as_code(' '.join(text.split()))}" for text in texts)
        parts.append(f"In `{package}`:\n\n{lines}")
    return "\n\n".join(parts)


def _as_code(text: str) -> str:
    return f"`` {text} ``" if "`" in text else f"`{text}`"
