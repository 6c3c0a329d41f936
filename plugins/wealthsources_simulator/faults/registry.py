"""What a fault is, and the table of those with a name, which the other modules fill."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal

from wealthsources_simulator.errors import SimulatorError

if TYPE_CHECKING:
    from wealthsources_simulator.peer import Peer

Layer = Literal["tcp", "tls", "http", "frames", "messages", "bars"]
Argument = int | float | str | None


@dataclass(frozen=True)
class Fault:
    """A way to misbehave on one connection: `play(peer, argument)`, or `fault(peer)` with the argument it has.

    name     kebab-case
    row      of docs/faults.md, section 3
    layer    where it happens; in `tcp` and `tls` before the TLS handshake, if there is one
    about    one line
    default  the argument, unless another is given; None if it takes none
    choices  what the argument may be, if not anything
    protocol  whose messages it is made of; None for a fault of any exchange
    """

    name: str
    row: str
    layer: Layer
    about: str
    default: Argument
    play: Callable[[Peer, Any], None]
    choices: tuple[str, ...] = ()
    protocol: str | None = None

    def __call__(self, peer: Peer) -> None:
        self.play(peer, self.default)

    def __str__(self) -> str:
        return self.name if self.default is None else f"{self.name}:{self.default}"

    def bind(self, text: str) -> Fault:
        """The same with another argument. Raises SimulatorError for one that does not fit."""
        if self.default is None:
            raise SimulatorError(f"fault {self.name!r} takes no argument, but was given {text!r}")
        if self.choices and text not in self.choices:
            raise SimulatorError(f"fault {self.name!r} takes one of {', '.join(self.choices)}, not {text!r}")
        try:
            argument = type(self.default)(text)
            fits = isinstance(argument, str) or argument >= 0  # neither -1 bytes nor nan seconds
        except (ValueError, OverflowError):
            fits = False
        if not fits:
            raise SimulatorError(f"fault {self.name!r} takes a number, such as {self.default}, not {text!r}")
        return replace(self, default=argument)


FAULTS: Final[dict[str, Fault]] = {}


def fault(text: str) -> Fault:
    """The fault of that name, `NAME` or `NAME:ARGUMENT`. Raises SimulatorError, which names the nearest."""
    name, colon, argument = text.partition(":")
    named = FAULTS.get(name)
    if named is None:
        near = difflib.get_close_matches(name, FAULTS, 1, 0.0)
        raise SimulatorError(f"there is no fault {name!r}; the nearest is {near[0] if near else 'none'!r}")
    return named.bind(argument) if colon else named


def misbehaves(
    name: str,
    row: str,
    layer: Layer,
    default: Argument = None,
    choices: tuple[str, ...] = (),
    protocol: str | None = None,
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a function of (peer), or with a default (peer, argument), a name; its docstring is what it does."""

    def add(function: Callable[..., None]) -> Callable[..., None]:
        def play(peer: Peer, argument: Any) -> None:
            if default is None:
                function(peer)
            else:
                function(peer, argument)

        about = " ".join((function.__doc__ or "").split())
        FAULTS[name] = Fault(name, row, layer, about, default, play, choices, protocol)
        return function

    return add


def misbehaves_once(
    name: str,
    row: str,
    layer: Layer,
    default: Argument = None,
    choices: tuple[str, ...] = (),
    protocol: str | None = None,
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """The same, for what happens once after the acknowledgement; before and after that the server behaves well."""

    def add(function: Callable[..., None]) -> Callable[..., None]:
        def whole(peer: Peer, *argument: Any) -> None:
            peer.join()
            function(peer, *argument)
            peer.behave()

        whole.__doc__ = function.__doc__
        misbehaves(name, row, layer, default, choices, protocol)(whole)
        return function

    return add
