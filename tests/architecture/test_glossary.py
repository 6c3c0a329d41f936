"""The words that docs/glossary.md rules out are not used, but where it says that they stay.

    python tests/architecture/test_glossary.py

prints every place where one is.
"""

from __future__ import annotations

import ast
import fnmatch
import functools
import io
import re
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
SOURCES = ("wealthsources", "wealthdata", "plugins")
#: A `frame` is one of a WebSocket or a DataFrame: what holds a Timeframe is called by no such name.
FRAME = "frame"

_WORD = re.compile(r"`([a-z]+)`(?: \((names|for a Timeframe)\))?")
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


class Use(NamedTuple):
    """One use of a word: `name` is the name that holds it, empty in prose."""

    path: str
    line: int
    word: str
    name: str = ""

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.word}" + (f" in the name {self.name}" if self.name else " in prose")


def tables() -> Iterator[list[str]]:
    """The rows of the tables of the glossary, cell by cell."""
    for line in GLOSSARY.splitlines():
        if line.startswith("| ") and not line.startswith(("| Word", "|--")):
            yield [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


@functools.cache
def ruled_out() -> dict[str, str]:
    """Each word with where it is looked for: names, for a Timeframe, or everywhere ("")."""
    rows = [row for row in tables() if not row[0].startswith("`")]
    return {word: where for row in rows for word, where in _WORD.findall(row[2])}


@functools.cache
def borders() -> dict[str, set[str]]:
    """Each word with the patterns of paths, and the names, where it stays."""
    found: dict[str, set[str]] = {}
    for words, places, _ in (row for row in tables() if row[0].startswith("`")):
        for word in re.findall(r"`([^`]+)`", words):
            found.setdefault(word, set()).update(re.findall(r"`([^`]+)`", places))
    return found


def parts(text: str) -> list[str]:
    """The words of a name or a text, in small letters: `last_BarStore` is last, bar, store."""
    return [part.lower() for part in _PARTS.findall(text)]


@functools.lru_cache(1)
def tokens(source: str) -> list[tokenize.TokenInfo]:
    return list(tokenize.generate_tokens(io.StringIO(source).readline))


@functools.lru_cache(1)
def tree(source: str) -> list[ast.AST]:
    return list(ast.walk(ast.parse(source)))


def names(source: str) -> Iterator[tuple[int, str]]:
    for token in tokens(source):
        if token.type == tokenize.NAME:
            yield token.start[0], token.string


def prose(source: str) -> Iterator[tuple[int, str]]:
    """Comments and docstrings, line by line; what they quote between backticks is code, and no prose."""
    for token in tokens(source):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string
    for node in tree(source):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                for offset, line in enumerate(str(first.value.value).splitlines()):
                    yield first.lineno + offset, re.sub(r"`[^`]*`", "", line)


def timeframes_called_frames(source: str) -> Iterator[tuple[int, str]]:
    """Names with `frame` in them that are given a Timeframe: by annotation, or by what is assigned."""
    for node in tree(source):
        if isinstance(node, ast.arg) and node.annotation is not None and _is_timeframe(node.annotation):
            yield node.lineno, node.arg
        elif isinstance(node, ast.AnnAssign) and _is_timeframe(node.annotation):
            yield from _targets(node.target)
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                pairs = [(target, node.value)]
                if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                    pairs = list(zip(target.elts, node.value.elts, strict=False))
                yield from (found for one, value in pairs if _makes_timeframe(value) for found in _targets(one))


def _targets(target: ast.expr) -> Iterator[tuple[int, str]]:
    if isinstance(target, ast.Name):
        yield target.lineno, target.id
    elif isinstance(target, ast.Attribute):
        yield target.lineno, target.attr


def _is_timeframe(annotation: ast.expr) -> bool:
    if isinstance(annotation, ast.Name):
        return annotation.id == "Timeframe"
    return re.search(r"\bTimeframe\b", ast.unparse(annotation)) is not None


def _makes_timeframe(value: ast.expr) -> bool:
    if isinstance(value, ast.Attribute):
        return value.attr in ("timeframe", "_timeframe") or (value.attr == FRAME and ast.unparse(value) == "self.frame")
    if isinstance(value, ast.DictComp):
        return _makes_timeframe(value.value)
    return isinstance(value, ast.Call) and ast.unparse(value.func) == "Timeframe"


def uses(path: str, source: str) -> list[Use]:
    """Every use of a word that is ruled out, at a border or not."""
    words = ruled_out()
    found = [
        Use(path, line, part, name)
        for line, name in names(source)
        for part in parts(name)
        if words.get(part) in ("", "names")
    ]
    found += [Use(path, line, part) for line, text in prose(source) for part in parts(text) if words.get(part) == ""]
    if FRAME in words:
        called = timeframes_called_frames(source)
        found += [Use(path, line, FRAME, name) for line, name in called if {FRAME, "frames"} & {*parts(name)}]
    return found


def stays(use: Use) -> bool:
    """Whether the word stays there."""
    places = borders().get(use.word, set())
    return use.name.strip("_") in places or any("/" in one and fnmatch.fnmatch(use.path, one) for one in places)


def offences() -> list[Use]:
    """Every use of a word where it does not stay."""
    found = []
    for folder in SOURCES:
        for path in sorted((ROOT / folder).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            found += [use for use in uses(name, path.read_text(encoding="utf-8")) if not stays(use)]
    return sorted(set(found))


def test_words_that_are_ruled_out_are_not_used():
    found = offences()
    assert not found, "\n" + "\n".join(map(str, found))


def test_the_words_are_read_out_of_the_tables():
    words = ruled_out()
    assert words["candle"] == words["gap"] == ""
    assert words["feed"] == "names"
    assert words["frame"] == "for a Timeframe"
    assert "complete" not in words


def test_every_border_is_of_a_word_that_is_ruled_out_and_a_word_of_no_two_meanings():
    assert borders().keys() <= ruled_out().keys()
    meanings = [part.strip() for row in tables() if not row[0].startswith("`") for part in row[0].split(",")]
    assert not set(meanings) & {word for word, where in ruled_out().items() if not where}


def test_a_word_is_found_in_names_docstrings_and_comments_but_not_in_code_that_is_quoted():
    source = '"""A candle, and `candle` as code."""\nCandleStore = last_candle = 1  # a candle\nscandles = "candle"\n'
    found = uses("wealthsources/x.py", source)
    assert [(use.line, use.name) for use in found] == [(2, "CandleStore"), (2, "last_candle"), (2, ""), (1, "")]


def test_a_word_of_names_may_stand_in_prose():
    assert [use.name for use in uses("x.py", '"""A feed."""\nidle_feed = 1\n')] == ["idle_feed"]


def test_a_timeframe_is_not_called_a_frame_and_a_dataframe_may_be():
    source = "def f(frame: Timeframe, frames: list[Frame]): ...\nself.frame = query.timeframe\n"
    source += "a, frame = 1, Timeframe('1m')\nframe = pd.DataFrame()\nself._frames = {n: Timeframe(n) for n in x}\n"
    found = sorted((use.line, use.name) for use in uses("x.py", source))
    assert found == [(1, "frame"), (2, "frame"), (3, "frame"), (5, "_frames")]


def test_a_word_stays_at_its_borders_only():
    assert stays(Use("plugins/wealthsources_websocket/protocols/binance.py", 1, "kline"))
    assert stays(Use("wealthdata/api/get_price.py", 1, "security", "security"))
    assert stays(Use("plugins/wealthsources_websocket/options.py", 1, "interval", "ping_interval"))
    assert not stays(Use("plugins/wealthsources_websocket/options.py", 1, "interval", "bar_interval"))
    assert not stays(Use("wealthsources/model/bars.py", 1, "kline"))


if __name__ == "__main__":
    for offence in offences():
        print(offence)  # noqa: T201
    sys.exit(bool(offences()))
