"""Names of JoinQuant's that belong to other systems: they are here to say so, until one of these adds its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NoReturn

from wealthdata.errors import NotSupported

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def get_index_stocks(*_: object, **__: object) -> NoReturn:
    """The members of an index. Raises NotSupported, unless whoever has them has added it with `extend`."""
    raise _reference_data("get_index_stocks", "the members of an index are")


def get_index_weights(*_: object, **__: object) -> NoReturn:
    """The weights of an index. Raises NotSupported, unless whoever has them has added it with `extend`."""
    raise _reference_data("get_index_weights", "the weights of an index are")


def get_industry(*_: object, **__: object) -> NoReturn:
    """The industry of a security. Raises NotSupported, unless whoever has it has added it with `extend`."""
    raise _reference_data("get_industry", "the industry of a security is")


def get_fundamentals(*_: object, **__: object) -> NoReturn:
    """A company's figures. Raises NotSupported, unless whoever has them has added it with `extend`."""
    raise _reference_data("get_fundamentals", "a company's figures are")


def get_trades(*_: object, **__: object) -> NoReturn:
    """The day's trades of an account. Raises NotSupported, unless the engine has added it with `extend`."""
    raise _missing("get_trades", "the trades of an account are the order system's", "the engine")


def get_current_tick(*_: object, **__: object) -> NoReturn:
    """The newest tick. Raises NotSupported, unless the engine has added it with `extend`."""
    raise _missing("get_current_tick", "ticks are a market feed's, and here are bars only", "the engine")


#: All of them by name.
STAND_INS: Final[Mapping[str, Callable[..., NoReturn]]] = {
    function.__name__: function
    for function in (
        get_index_stocks,
        get_index_weights,
        get_industry,
        get_fundamentals,
        get_trades,
        get_current_tick,
    )
}


def _reference_data(name: str, what: str) -> NotSupported:
    return _missing(name, f"{what} reference data, and here are bars only", "an engine or a provider of such data")


def _missing(name: str, whose: str, who: str) -> NotSupported:
    return NotSupported(f"{whose}; {who} can offer {name} with wealthdata.extend({name}=...)")
