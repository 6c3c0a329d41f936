"""Docstrings as Markdown: paragraphs stay, tables of `name  text` become lists, drawings and code stay as they are."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from typing import Any

#: A row of a table in a docstring: a name, or several, two spaces or more, and what there is to say.
_ROW = re.compile(r"^(\S+(?: ?[,·/] ?\S+)*)\s{2,}(\S.*)$")
_DRAWN = re.compile(r"[├└│▶──]")


def text_of(thing: object) -> str:
    """The docstring of a class, a function or a module; nothing if it has none of its own."""
    text = inspect.getdoc(thing) or ""
    if inspect.isclass(thing) and any(text == inspect.getdoc(base) for base in thing.__mro__[1:]):
        return ""
    generated = inspect.isclass(thing) and text.startswith(f"{thing.__name__}(")  # of a dataclass or NamedTuple
    return "" if generated else text


def markdown(text: str) -> str:
    """The docstring as Markdown."""
    return "\n\n".join(_block(block) for block in re.split(r"\n\s*\n", text) if block.strip())


def rows(text: str) -> dict[str, str]:
    """What the tables of a docstring say, by name: `api_key, secret  never shown` says it of both."""
    found: dict[str, str] = {}
    for block in re.split(r"\n\s*\n", text):
        for names, said in _table(block) or ():
            found.update(dict.fromkeys(re.split(r"[,·/]\s*", names.replace(" ", "")), said))
    return found


def _block(block: str) -> str:
    if block.startswith("    "):
        return block
    if _DRAWN.search(block):
        return f"```text\n{block}\n```"
    if table := _table(block):
        return "\n".join(f"- `{name}`: {escaped(said)}" for name, said in table)
    return escaped(block)


def _table(block: str) -> list[tuple[str, str]]:
    """The rows, if all of the block is a table: what is indented goes on with the row before."""
    found: list[tuple[str, str]] = []
    for line in block.splitlines():
        if row := _ROW.match(line):
            found.append((row[1], row[2]))
        elif found and line.startswith("  "):
            between = " · " if re.match(r"\s+(True|False|None): ", line) else " "  # another value, on a line of its own
            found[-1] = (found[-1][0], f"{found[-1][1]}{between}{line.strip()}")
        else:
            return []
    return found


def escaped(text: str) -> str:
    """Plain text as Markdown; what stands between backticks is code already."""
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(part if place % 2 else _escaped(part) for place, part in enumerate(parts))


def _escaped(text: str) -> str:
    return re.sub(r"([*_\[\]])", r"\\\1", text).replace("<", "&lt;")


def cell(text: str) -> str:
    """A text as one cell of a table."""
    return re.sub(r"\s+", " ", escaped(text)).replace("|", "\\|")


def comments(module: Any) -> dict[str, str]:
    """What `#:` comments say of the names of a module, by name."""
    lines = inspect.getsource(module).splitlines()
    found = {}
    for name, number in _assigned(ast.parse("\n".join(lines))):
        above = []
        while number - 2 - len(above) >= 0 and lines[number - 2 - len(above)].startswith("#: "):
            above.append(lines[number - 2 - len(above)].removeprefix("#: "))
        if above:
            found[name] = " ".join(reversed(above))
    return found


def _assigned(tree: ast.Module) -> Iterator[tuple[str, int]]:
    for node in tree.body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        for target in targets:
            for each in target.elts if isinstance(target, ast.Tuple) else [target]:
                if isinstance(each, ast.Name):
                    yield each.id, node.lineno


def signature(name: str, thing: object) -> str:
    """How it is called, one argument a line if that is long; nothing for what is not called."""
    try:
        text = str(inspect.signature(thing))  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return ""
    text = re.sub(r"(: |-> )'([^']+)'", r"\1\2", text)
    text = re.sub(r"<(factory|object[^>]*)>", "…", re.sub(r"<([\w.]+)\.(\w+): [^>]*>", r"\2", text))
    text = re.sub(r"\((self|cls)(, )?", "(", text)
    if len(name + text) > 100:
        inside, _, result = text[1:].rpartition(")")
        text = "(\n" + "".join(f"    {argument},\n" for argument in _split(inside)) + f"){result}"
    return name + text


def _split(arguments: str) -> list[str]:
    """At the commas that are in no brackets and no quotes."""
    found, depth, begin, quoted = [], 0, 0, ""
    for place, sign in enumerate(arguments):
        quoted = "" if sign == quoted else quoted or (sign if sign in "'\"" else "")
        depth += 0 if quoted else (sign in "([{") - (sign in ")]}")
        if sign == "," and not depth and not quoted:
            found.append(arguments[begin:place].strip())
            begin = place + 1
    return [*found, arguments[begin:].strip()]
