"""What a plugin's command says of itself, read from the text of its module: for a line of help nothing is imported."""

from __future__ import annotations

import ast
import importlib.util
import inspect
import tokenize
from pathlib import Path
from typing import TYPE_CHECKING, Final

from wealthsources.model.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wealthsources.loading.discovery import PluginInfo

_LONGEST: Final = 200
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def help_line(info: PluginInfo) -> str:
    """The first paragraph of the help of what the entry point names, on one line; nothing if there is none to be read.

    That is `help=` of a typer.Typer, else of its callback or its only command, or of a click.Command, or their
    docstrings; else that of the module.
    """
    module, _, name = info.value.partition(":")
    try:
        text = next(filter(None, _helps(_parse(module.strip()), name.strip())), "")
    except Exception:  # noqa: BLE001 - a stranger's file; whoever runs the command will hear what is wrong with it
        return ""
    line = one_line(inspect.cleandoc(text).partition("\n\n")[0])
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"


def _parse(module: str) -> ast.Module:
    """The module, parsed; only its top-level package is looked for, and none is imported."""
    top, *names = module.split(".")
    spec = importlib.util.find_spec(top)
    if spec is None:
        raise ModuleNotFoundError(module)
    folders = [Path(folder, *names) for folder in spec.submodule_search_locations or ()]
    paths = [path for folder in folders for path in (folder / "__init__.py", folder.with_suffix(".py"))]
    path = next((path for path in paths if path.is_file()), Path(spec.origin or ""))
    with tokenize.open(path) as file:
        return ast.parse(file.read())


def _helps(tree: ast.Module, name: str) -> Iterator[str]:
    """What may be the help of `name`, the first that is not empty."""
    functions = [node for node in tree.body if isinstance(node, _Function)]
    yield from (_stated(value) for targets, value in map(_assignment, tree.body) if name in targets)
    yield from (_help_of(each, _decorator(each, name, "callback")) for each in functions)
    commands = [each for each in functions if _decorator(each, name, "command")]
    if len(commands) == 1:
        yield _help_of(commands[0], _decorator(commands[0], name, "command"))
    yield from (_help_of(each, next(iter(each.decorator_list), None)) for each in functions if each.name == name)
    yield ast.get_docstring(tree) or ""


def _assignment(node: ast.stmt) -> tuple[list[str], ast.expr | None]:
    """The names that are assigned to, and what they become."""
    if not isinstance(node, ast.Assign | ast.AnnAssign):
        return [], None
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return [target.id for target in targets if isinstance(target, ast.Name)], node.value


def _decorator(function: _Function, name: str, method: str) -> ast.expr | None:
    """The decorator `@name.method(…)` of a function."""
    for decorator in function.decorator_list:
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        if isinstance(called, ast.Attribute) and called.attr == method and ast.unparse(called.value) == name:
            return decorator
    return None


def _help_of(function: _Function, decorator: ast.expr | None) -> str:
    return "" if decorator is None else _stated(decorator) or ast.get_docstring(function) or ""


def _stated(call: ast.expr | None) -> str:
    """The text of `help=` in a call."""
    for keyword in call.keywords if isinstance(call, ast.Call) else ():
        if keyword.arg == "help" and isinstance(keyword.value, ast.Constant) and isinstance(keyword.value.value, str):
            return keyword.value.value
    return ""
