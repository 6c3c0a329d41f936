"""Every message of an error of the core, found in its code: `python tests/architecture/error_messages.py` lists them.

A message is the text that an error is made with, `…` standing for what is filled in. Where a function makes the text,
what it returns are messages; a text that is a constant of the module is read there. What the commands do is left out
where they end a process, and so is what only says to Python that there is no such attribute.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
OWN = {
    *("WealthSourcesError", "ConfigError", "RequestError", "ClockError", "NotHere", "SourceError", "NotAsked"),
    *("InvalidAnswer", "AllSourcesFailed", "StaleDataError", "HoleError"),
    *("WealthDataError", "ParamsError", "UnsupportedFrequency", "FutureDataError", "SecurityNotFound"),
    *("NoContextError", "NotSupported", "DataUnavailable"),
}
RAISED = {"ValueError", "TypeError", "ImportError"}
ABOUT = {"about", "about_recorder"}  # a mistake in the configuration, made into a ConfigError
GAP = "…"


class Message(NamedTuple):
    error: str
    text: str
    place: str


class Module:
    """One file: its tree, its functions by name and the texts that are constants of it."""

    def __init__(self, path: Path) -> None:
        self.name = path.relative_to(ROOT).as_posix()
        self.tree = ast.parse(path.read_text(encoding="utf-8"))
        nodes = list(ast.walk(self.tree))
        self.functions = {node.name: node for node in nodes if isinstance(node, ast.FunctionDef)}
        self.constants: dict[str, ast.expr] = {}
        for node in self.tree.body:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                self.constants[node.targets[0].id] = node.value
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
                self.constants[node.target.id] = node.value


def modules() -> list[Module]:
    paths = [path for folder in ("wealthsources", "wealthdata") for path in sorted((ROOT / folder).rglob("*.py"))]
    return [Module(path) for path in paths if "testing" not in path.parts]


def texts(node: ast.expr, module: Module, everywhere: dict[str, tuple[Module, ast.FunctionDef]]) -> list[str]:
    """What an expression may say; nothing if it only passes on what another said."""
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str) else []
    if isinstance(node, ast.JoinedStr):
        return ["".join(_part(part, module) for part in node.values)]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = (texts(side, module, everywhere) or [GAP] for side in (node.left, node.right))
        return [one + other for one in left for other in right]
    if isinstance(node, ast.IfExp):
        return [text for side in (node.body, node.orelse) for text in texts(side, module, everywhere)]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        function = (module, module.functions[node.func.id]) if node.func.id in module.functions else None
        where, made = function or everywhere.get(node.func.id, (module, None))
        returns = [one.value for one in ast.walk(made) if isinstance(one, ast.Return)] if made else []
        return [text for value in returns if value is not None for text in texts(value, where, everywhere)]
    if isinstance(node, ast.Name) and node.id in module.constants:
        return texts(module.constants[node.id], module, everywhere)
    return []


def _part(part: ast.expr, module: Module) -> str:
    if isinstance(part, ast.Constant):
        return str(part.value)
    value = part.value if isinstance(part, ast.FormattedValue) else part
    if isinstance(value, ast.Name):
        constant = module.constants.get(value.id)
        if isinstance(constant, ast.Constant) and isinstance(constant.value, str):
            return constant.value
        if isinstance(constant, ast.JoinedStr):
            return "".join(_part(one, module) for one in constant.values)
    return GAP


def collect() -> list[Message]:
    """All of them, in the order of the files, each text of an error once."""
    read = modules()
    everywhere = {name: (module, made) for module in read for name, made in module.functions.items()}
    found: dict[tuple[str, str], Message] = {}
    for module in read:
        for error, argument, line in _made(module.tree):
            for text in texts(argument, module, everywhere):
                if has_words(text := normal(text)):
                    found.setdefault((error, text), Message(error, text, f"{module.name}:{line}"))
        for value in _of_pydantic(module):
            found.setdefault(("ConfigError", value), Message("ConfigError", value, module.name))
    return list(found.values())


def _made(tree: ast.Module) -> Iterator[tuple[str, ast.expr, int]]:
    raised = {id(node.exc) for node in ast.walk(tree) if isinstance(node, ast.Raise)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        if name in OWN or (name in RAISED and id(node) in raised):
            yield name, node.args[0], node.lineno
        elif name in ABOUT:
            yield "ConfigError", node.args[-1], node.lineno


def _of_pydantic(module: Module) -> list[str]:
    """What a value of the configuration should be: pydantic's kinds of errors, in our words, and what else is said."""
    if not module.name.endswith("config/validate.py"):
        return []
    table, said = module.constants["_WORDS"], module.functions["_text"]
    assert isinstance(table, ast.Dict)
    nodes = [*table.values, *(one.value for one in ast.walk(said) if isinstance(one, ast.Return) and one.value)]
    found = [normal(re.sub(r"{\w+}", GAP, text)) for node in nodes for text in texts(node, module, {})]
    return [text for text in found if words(text)]


def normal(text: str) -> str:
    """In one line, gaps that touch being one; as it can stand in a cell of a table."""
    return re.sub(r"…+", GAP, " ".join(text.split())).replace("`", "'").replace("|", "/")


def words(text: str) -> list[str]:
    return re.findall(r"[\w'$-]+", text)


def has_words(text: str) -> bool:
    return any(len(words(piece)) >= 2 for piece in text.split(GAP))


if __name__ == "__main__":
    for message in collect():
        sys.stdout.write(f"{message.place}: {message.error}: {message.text}\n")
