"""A YAML file as plain values that remember where they stand. Knows YAML and `${NAME}`, and none of our keys.

YAML is composed with the safe loader into nodes, and the nodes are walked here: PyYAML itself would let a key be given
twice, say nothing of lines, and let a few aliases grow into gigabytes.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
from typing import TYPE_CHECKING, Any, Final

import yaml
from yaml.constructor import SafeConstructor
from yaml.nodes import MappingNode, ScalarNode, SequenceNode

from wealthsources.config.diagnostics import Diagnostic, Place
from wealthsources.config.interpolation import expand
from wealthsources.config.quoting import Scalar, Span, column_of, line_end, quote
from wealthsources.model.errors import ConfigError
from wealthsources.model.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

_MAX_BYTES: Final = 1 << 20
_MAX_VALUES: Final = 100_000
_MAX_DEPTH: Final = 100

_TAG: Final = "tag:yaml.org,2002:"
#: `=` and `<<` are text when they are values; the safe loader of PyYAML would refuse them.
_TEXT: Final = {_TAG + name for name in ("str", "value", "merge")}
_PLAIN: Final = {_TAG + name for name in ("null", "bool", "int", "float", "timestamp")}

_PLAIN_KEY: Final = re.compile(r"^[ -]*(?P<key>[A-Za-z_]\w*):(?=\s)", re.ASCII | re.MULTILINE)

#: 0123 is 83 and 1:30 is 90 in YAML 1.1. Nobody who writes that in a configuration means it.
_SURPRISING: Final = re.compile(r"[-+]?0[0-7_]+|.*:.*", re.ASCII)


def _nothing(place: Place, raw: str) -> bool:  # noqa: ARG001 - nothing is known of any place
    return False


@dataclasses.dataclass(frozen=True)
class Document:
    """The values of a file, and what is known about each by its place.

    lines      the line of each key and list item, from 1
    plain      the text of what YAML read as something else than text: 0.5, NO, 2026-01-01
    variables  the environment variables whose values went into a text
    text       of the file, as it is; empty for values that stand in none
    keys       where in the text each key and list item stands; values: where each value does
    scalars    all keys and values that are one text, in the order of the walk
    shows      whether the value of a place may be shown, given how it is written, as far as no plugin's model says it
    """

    value: Any
    lines: Mapping[Place, int] = dataclasses.field(default_factory=dict)
    plain: Mapping[Place, str] = dataclasses.field(default_factory=dict)
    variables: Mapping[Place, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    mistakes: tuple[Diagnostic, ...] = ()
    text: str = dataclasses.field(default="", repr=False)
    keys: Mapping[Place, Span] = dataclasses.field(default_factory=dict, repr=False)
    values: Mapping[Place, Span] = dataclasses.field(default_factory=dict, repr=False)
    scalars: Sequence[Scalar] = dataclasses.field(default=(), repr=False)
    shows: Callable[[Place, str], bool] = dataclasses.field(default=_nothing, repr=False)

    def line(self, place: Place) -> int | None:
        """The line of a place, or of the nearest one around it that stands in the file."""
        if not self.lines:
            return None
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)

    def named(self, place: Place, text: str) -> Place:
        """The place of the key that a sentence begins with, as in `endpoint: must be …`; else the place itself."""
        name = re.match(r"\w+(?=: )", text)
        inner = (*place, name[0]) if name else place
        return inner if inner in self.keys else place

    def mistake(
        self,
        place: Place,
        text: str,
        at: Place | None = None,
        *,
        key: bool = False,
        shows: Callable[[Place, str], bool] | None = None,
    ) -> Diagnostic:
        """What is wrong at a place, with the line of the file and carets under the value.

        at     what the carets are under, if it is not the place itself
        key    they are under the key, also where the value stands on its line
        shows  whether a value may be shown, for places of which more is known than this document knows
        """
        at = place if at is None else at
        if not self.keys:
            return Diagnostic(place, self.line(at), text)
        exact, near = at in self.keys, at
        while near not in self.keys:
            near = near[:-1]
        span, value = self.keys[near], self.values.get(near)
        if exact and not key and value and span.end <= value.start < min(value.end, line_end(self.text, span.start)):
            span = value
        column = column_of(self.text, span.start)
        return Diagnostic(
            place, self.line(near), text, column, quote(self.text, span, self.scalars, shows or self.shows)
        )


def read_text(path: Path) -> str:
    """The text of a small UTF-8 file. Raises ConfigError for whatever keeps it from being read."""
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file; write it, or give the path of the one that you mean") from None
    except IsADirectoryError:
        raise ConfigError(f"{path}: is a folder; give the path of the file in it") from None
    except OSError as exc:
        raise ConfigError(f"{path}: cannot be read: {exc.strerror}; check the path and its permissions") from exc
    if len(data) > _MAX_BYTES:
        raise ConfigError(f"{path}: is larger than 1 MiB, so it is no configuration; check the path")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as exc:
        line = data.count(b"\n", 0, exc.start) + 1
        raise ConfigError(
            f"{path}:{line}: is not UTF-8 text (byte 0x{data[exc.start]:02x}); save it as UTF-8"
        ) from None


def parse(text: str, where: str, environ: Mapping[str, str] | None = None) -> Document:
    """The values of a YAML text, `${NAME}` expanded from `environ` (None: the process's).

    Raises ConfigError for what is no YAML or too large; what else is wrong is in `mistakes`.
    """
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as exc:
        raise ConfigError(_not_yaml(exc, text, where)) from None
    except RecursionError:
        raise ConfigError(f"{where}: is nested too deeply; it may have {_MAX_DEPTH} levels") from None
    walk = _Walk(where, os.environ if environ is None else environ)
    value = {} if node is None else walk.value(node, ())
    return Document(
        value,
        walk.lines,
        walk.plain,
        walk.variables,
        tuple(walk.told(text)),
        text,
        walk.keys,
        walk.values,
        walk.scalars,
    )


def _not_yaml(exc: yaml.YAMLError, text: str, where: str) -> str:
    """What PyYAML says, on one line, and below it the line of the file, as far as that, with its keys alone."""
    if isinstance(exc, yaml.reader.ReaderError):
        line = text.count("\n", 0, exc.position)
        column = exc.position - (text.rfind("\n", 0, exc.position) + 1)
        character = f"#x{ord(text[exc.position]):04x}"
        said = f"{where}:{line + 1}:{column + 1}: not valid YAML: {exc.reason} ({character})"
        return f"{said}\n{quote(text, Span(exc.position, exc.position + 1), (), _nothing)}"
    if not isinstance(exc, yaml.MarkedYAMLError) or exc.problem_mark is None:
        return f"{where}: not valid YAML: {one_line(str(exc))}"
    mark = exc.problem_mark
    # The name of an alias may be a password that begins with `*` and that nobody quoted.
    said = re.sub(r"(alias|anchor|handle) '.*'", r"\1", ", ".join(part for part in (exc.context, exc.problem) if part))
    lines = text.splitlines()
    unquoted = mark.line < len(lines) and "${" in lines[mark.line]
    hint = "; between { } or [ ], write '${…}' in quotes" if unquoted else ""
    head = f"{where}:{mark.line + 1}:{mark.column + 1}: not valid YAML: {said}{hint}"
    return f"{head}\n{quote(text, Span(mark.index, mark.index + 1), _scanned_keys(text), _nothing)}"


def _scanned_keys(text: str) -> list[Scalar]:
    """The keys of a text that is no YAML, as far as it can be scanned."""
    keys = [Span(*match.span("key")) for match in _PLAIN_KEY.finditer(text)]
    follows = False
    with contextlib.suppress(yaml.YAMLError):
        for token in yaml.scan(text, Loader=yaml.SafeLoader):
            if isinstance(token, yaml.ScalarToken) and follows:
                keys.append(Span(token.start_mark.index, token.end_mark.index))
            # Not one behind a `?`, which may just as well be in an address.
            follows = isinstance(token, yaml.KeyToken) and token.start_mark.index == token.end_mark.index
    return [Scalar(span, (), is_key=True) for span in keys]


class _Walk:
    """One walk over the nodes of a document."""

    def __init__(self, where: str, environ: Mapping[str, str]) -> None:
        self.lines: dict[Place, int] = {}
        self.plain: dict[Place, str] = {}
        self.variables: dict[Place, tuple[str, ...]] = {}
        self.keys: dict[Place, Span] = {}
        self.values: dict[Place, Span] = {}
        self.scalars: list[Scalar] = []
        self._mistakes: list[tuple[Place, yaml.Node, str]] = []
        self._where = where
        self._environ = environ
        self._constructor = SafeConstructor()
        self._values_left = _MAX_VALUES
        self._text_left = _MAX_BYTES

    def told(self, text: str) -> Iterator[Diagnostic]:
        """What was wrong with this text."""
        for place, node, said in self._mistakes:
            span, line = _span(node), node.start_mark.line + 1
            quoted = quote(text, span, self.scalars, _nothing)
            yield Diagnostic(place, line, said, column_of(text, span.start), quoted)

    def value(self, node: yaml.Node, place: Place) -> Any:
        self.lines.setdefault(place, node.start_mark.line + 1)
        self.values[place] = span = _span(node)
        self.keys.setdefault(place, span)
        self._spend(node, len(place))
        if isinstance(node, ScalarNode):
            self.scalars.append(Scalar(span, place, is_key=False))
            return self._scalar(node, place)
        if isinstance(node, MappingNode) and node.tag == _TAG + "map":
            return self._mapping(node, place)
        if isinstance(node, SequenceNode) and node.tag == _TAG + "seq":
            return [self.value(child, (*place, index)) for index, child in enumerate(node.value)]
        self._refuse_tag(node, place)
        return None

    def _mapping(self, node: MappingNode, place: Place) -> dict[str, Any]:
        values = {}
        for name, (key, child) in self._entries(node, place, len(place)).items():
            inner = (*place, name)
            self.lines[inner], self.keys[inner] = key.start_mark.line + 1, _span(key)
            self.scalars.append(Scalar(_span(key), inner, is_key=True))
            values[name] = self.value(child, inner)
        return values

    def _entries(self, node: MappingNode, place: Place, depth: int) -> dict[str, tuple[yaml.Node, yaml.Node]]:
        """Name → its key and value. What `<<` brings gives way to the mapping's own keys."""
        own: dict[str, tuple[yaml.Node, yaml.Node]] = {}
        merged: dict[str, tuple[yaml.Node, yaml.Node]] = {}
        for key, value in node.value:
            self._spend(key, depth)
            if key.tag == _TAG + "merge":
                self.scalars.append(Scalar(_span(key), (*place, "<<"), is_key=True))
                for base in self._bases(value, place):
                    for name, entry in self._entries(base, place, depth + 1).items():
                        merged.setdefault(name, entry)
            elif not isinstance(key, ScalarNode) or key.tag not in _TEXT | _PLAIN:
                self._mistake(place, key, "a key must be plain text")
            elif key.value in own:
                first = own[key.value][0].start_mark.line + 1
                self.scalars.append(Scalar(_span(key), (*place, key.value), is_key=True))
                self._mistake((*place, key.value), key, f"is given twice, first on line {first}; remove one")
            else:
                # Always the text as written, so that `on:` and `1:` are keys like any other.
                own[key.value] = (key, value)
        return merged | own

    def _bases(self, node: yaml.Node, place: Place) -> list[MappingNode]:
        given = node.value if isinstance(node, SequenceNode) else [node]
        bases = [base for base in given if isinstance(base, MappingNode)]
        if len(bases) != len(given):
            self._mistake((*place, "<<"), node, "takes a mapping or a list of mappings")
        return bases

    def _scalar(self, node: ScalarNode, place: Place) -> Any:
        if node.tag in _TEXT:
            return self._expanded(node, place)
        if node.tag not in _PLAIN:
            self._refuse_tag(node, place)
            return None
        try:
            value = self._constructor.construct_object(node)
        except (yaml.YAMLError, ValueError, LookupError, AttributeError):
            self._mistake(place, node, f"is no valid {node.tag.removeprefix(_TAG)}")
            return None
        if isinstance(value, int | float) and _SURPRISING.fullmatch(node.value):
            self._mistake(place, node, "is another number in YAML (0123 is 83, 1:30 is 90): quote it")
            return None
        self.plain[place] = node.value
        return value

    def _expanded(self, node: ScalarNode, place: Place) -> str | None:
        text: str = node.value
        if "${" not in text:
            return text
        try:
            expanded, names = expand(text, self._environ, _MAX_BYTES)
        except ValueError as exc:
            self._mistake(place, node, str(exc))
            return None
        self._text_left -= len(expanded)
        if self._text_left < 0:
            raise ConfigError(f"{self._where}: the texts with ${{NAME}} in them grow to more than 1 MiB")
        if names:
            self.variables[place] = names
        return expanded

    def _refuse_tag(self, node: yaml.Node, place: Place) -> None:
        # A tag of YAML's own may be named; `!hunter2` may be a password that nobody quoted.
        tag = node.tag.replace(_TAG, "!!") if node.tag.startswith(_TAG) else "!…"
        self._mistake(place, node, f"the tag {tag} is not allowed; remove it, or quote the text")

    def _mistake(self, place: Place, node: yaml.Node, text: str) -> None:
        # Of an alias: where the value is written.
        self._mistakes.append((place, node, text))

    def _spend(self, node: yaml.Node, depth: int) -> None:
        self._values_left -= 1
        line = node.start_mark.line + 1
        if depth >= _MAX_DEPTH:
            raise ConfigError(f"{self._where}:{line}: is nested more than {_MAX_DEPTH} levels deep, or in itself")
        if self._values_left < 0:
            raise ConfigError(
                f"{self._where}:{line}: has more than {_MAX_VALUES} values, counting each use of an alias"
            )


def _span(node: yaml.Node) -> Span:
    return Span(node.start_mark.index, node.end_mark.index)
