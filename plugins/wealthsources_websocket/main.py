"""`wealthsources decode`: what captured frames of an exchange mean.

Importing this module is quick: the CLI does it for every listing of its commands.
"""

from __future__ import annotations

import contextlib
import json
import sys
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Annotated, BinaryIO, NoReturn

import typer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from wealthsources_websocket.protocols.base import Protocol

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

WRONG = 2
INTERRUPTED = 130

_EXTRA = ("websocket", "msgspec", "python_socks", "pydantic")  # the modules of the extra


@app.command()
def decode(
    protocol: Annotated[str, typer.Option(help="Whose frames these are, such as binance.")],
    frames: Annotated[
        str, typer.Argument(metavar="FRAMES.jsonl", show_default=False, help="One frame a line; - or nothing: stdin.")
    ] = "-",
    market: Annotated[
        str | None, typer.Option(help="In the exchange's own word, such as spot. Default: its first.")
    ] = None,
    push_closed: Annotated[
        bool, typer.Option("--push-closed", help="Only finished bars were pushed, so one without a flag is closed.")
    ] = False,
    contract_size: Annotated[
        list[str] | None,
        typer.Option(metavar="SYMBOL=SIZE", help="How much of the base is in one contract, where volume is in those."),
    ] = None,
    max_message: Annotated[int, typer.Option(min=1024, help="Bytes of the largest frame that is read.")] = 1 << 20,
) -> None:
    """Print what each captured frame of an exchange means, one JSON object a line.

    A line of the file is a text frame as it came. Without a file, or with -, stdin is read.

    A binary frame (gzip, protobuf) is written as {"base64": "…"}: an object with that single key.

    Events: bar, ack, refused, heartbeat, reply (a text to send back), notice, ignored, and bad with the reason.

    Values of a bar are the texts as sent, "closed" is the exchange's flag, null if it sends none. Times are ms.
    """
    spoken = _make(protocol, market, push_closed=push_closed, sizes=_sizes(contract_size or []))
    try:
        with _opened(frames) as file:
            _print(file, spoken, max_message)
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None


def _print(file: BinaryIO, protocol: Protocol, most: int) -> None:
    from wealthsources_websocket.decoding import decode_line  # noqa: PLC0415 - for --help nothing is needed

    for line in _lines(file, 2 * most):
        for said in decode_line(line, protocol, most):
            sys.stdout.write(json.dumps(said) + "\n")
        sys.stdout.flush()  # whoever captures and reads at once wants each as it comes


def _lines(file: BinaryIO, longest: int) -> Iterator[bytes]:
    """Lines, of which one that is longer is cut and its rest passed over, so that no file can fill the memory."""
    while line := file.readline(longest):
        yield line
        rest = line
        while len(rest) == longest and not rest.endswith(b"\n"):
            rest = file.readline(longest)


@contextlib.contextmanager
def _opened(path: str) -> Iterator[BinaryIO]:
    if path == "-":
        yield sys.stdin.buffer
        return
    try:
        file = open(path, "rb")  # noqa: PTH123, SIM115 - `-` is no path, and it is closed below
    except OSError as error:
        _fail(f"{path}: cannot be read: {error.strerror}; give the path of a file with one frame a line, or -")
    with file:
        yield file


def _make(name: str, market: str | None, *, push_closed: bool, sizes: Mapping[str, Decimal]) -> Protocol:
    """The protocol of that name and market; ends the command if there is none."""
    try:
        from wealthsources_websocket.protocols import check_claim, known_protocols, load_protocol  # noqa: PLC0415

        known = known_protocols()
        if name not in known:
            remedy = f"{_nearest(name, known)}; any other comes with the package that brings it"
            _fail(f"there is no protocol {name!r}; {remedy}")
        check_claim(name)
        kind = load_protocol(name)
        if market is not None and kind.markets and market not in kind.markets:
            _fail(f"{name} has no market {market!r}; {_nearest(market, kind.markets)}")
        made = kind(market=market, push_closed=push_closed)
        return kind(
            market=market,
            push_closed=push_closed,
            contract_sizes={_spelled(symbol, made): size for symbol, size in sizes.items()},
        )
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _EXTRA:
            _fail(f"protocol {name!r} cannot be loaded: there is no module {error.name!r}; reinstall what brings it")
        _fail(f"needs `pip install 'wealthsources[websocket]'`: there is no module {error.name!r}")
    except (ValueError, AttributeError, ImportError) as error:  # a stranger's protocol may be broken
        _fail(str(error) if str(error).startswith("protocol ") else f"protocol {name!r} cannot be used: {error}")


def _spelled(symbol: str, protocol: Protocol) -> str:
    """A symbol as the exchange writes it; one that the rule of spelling does not know is taken to be so already."""
    try:
        return protocol.spell(symbol)
    except ValueError:
        return symbol


def _nearest(word: str, known: Iterable[str]) -> str:
    import difflib  # noqa: PLC0415 - for mistakes only

    names = list(known)
    near = difflib.get_close_matches(word.lower(), names, n=1)
    return (f"did you mean {near[0]!r}? " if near else "") + f"known: {', '.join(names)}"


def _sizes(texts: list[str]) -> dict[str, Decimal]:
    sizes = {}
    for text in texts:
        symbol, _, size = text.partition("=")
        try:
            sizes[symbol] = Decimal(size)
            good = bool(symbol) and sizes[symbol].is_finite() and sizes[symbol] > 0
        except InvalidOperation:
            good = False
        if not good:
            _fail(f"--contract-size {text!r} is not like BTC_USDT=0.0001")
    return sizes


def _fail(message: str) -> NoReturn:
    from wealthsources import one_line  # noqa: PLC0415 - for mistakes only

    typer.echo(f"error: {one_line(message)}", err=True)
    raise typer.Exit(WRONG)
