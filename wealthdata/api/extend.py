"""extend: an engine adds its own names, so that `from wealthdata import *` brings all that a strategy expects."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

from wealthdata.api.unsupported import STAND_INS
from wealthdata.errors import ParamsError
from wealthsources import ForkLock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

#: What a JoinQuant strategy expects of its engine, for the message where it is missing.
ENGINE_NAMES: Final = frozenset(
    (
        *("log", "g", "record", "send_message", "set_benchmark", "set_option", "set_universe"),
        *("run_daily", "run_weekly", "run_monthly", "unschedule_all", "get_scheduled_functions"),
        *("order", "order_value", "order_target", "order_target_value", "cancel_order", "get_orders"),
        *("get_open_orders", "set_order_cost", "set_commission", "set_slippage", "OrderCost", "PerTrade"),
        *("FixedSlippage", "PriceRelatedSlippage", "OrderStatus", "LimitOrderStyle", "MarketOrderStyle"),
    )
)

_lock: Final = ForkLock()
#: What was added and not taken away again, the newest last.
_layers: Final[list[dict[str, Any]]] = []


def extend(**names: object) -> Callable[[], None]:
    """Add names to wealthdata, for the whole process: `wealthdata.log` and `from wealthdata import *` find them.

    An engine gives what is its own, such as log, g, run_daily, order_target; names that are not supported here, such
    as get_fundamentals, may be given too. Of a name that is given twice the newest holds.

    Returns a function that takes them away again, after which holds what held before; a second call does nothing.
    Raises ParamsError for no names, for one that begins with an underscore, and for one of wealthdata's own.
    """
    if not names:
        raise ParamsError("extend needs names, as in extend(log=log, g=g)")
    with _lock:
        for name in names:
            _check(name)
        _layers.append(names)
        _renew(names)

    def take_away() -> None:
        with _lock:
            _layers[:] = [layer for layer in _layers if layer is not names]
            _renew(names)

    return take_away


def missing(name: str) -> str:
    """What to say of a name that is not there."""
    text = f"module 'wealthdata' has no attribute {name!r}"
    if name in ENGINE_NAMES:
        text += f": it is the strategy engine's, which can offer it with wealthdata.extend({name}=...)"
    return text


def _check(name: str) -> None:
    if name.startswith("_"):
        raise ParamsError(f"{name!r} begins with an underscore; extend is for public names")
    home = _home()
    own = name in home or name in home["__all__"]
    if own and name not in STAND_INS and not any(name in layer for layer in _layers):
        raise ParamsError(f"{name!r} is wealthdata's own; extend cannot replace it")


def _renew(names: Iterable[str]) -> None:
    """Have each name mean what the newest layer says, else its stand-in, else nothing."""
    home = _home()
    public: list[str] = home["__all__"]
    for name in names:
        held: Mapping[str, Any] = next((layer for layer in reversed(_layers) if name in layer), STAND_INS)
        if name in held:
            home[name] = held[name]
        else:
            home.pop(name, None)
        if (name in home) != (name in public):
            (public.append if name in home else public.remove)(name)
    public.sort()


def _home() -> dict[str, Any]:
    return vars(sys.modules["wealthdata"])
