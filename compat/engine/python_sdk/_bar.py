"""A bar in the legacy shape: times as int ms, prices and volume as decimal text."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

import wealthsources

_TIMES: Final = ("open_time", "close_time")
_VALUES: Final = ("open", "high", "low", "close", "volume")
_FLAGS: Final = ("closed", "is_closed")
_NOT: Final = (False, "0", "false", "False")
_LATEST: Final = 1 << 53  # beyond, a float does not hold every whole number


class Bar(dict[str, Any]):
    """A bar dict whose keys can be read as attributes too: `bar["close"]` and `bar.close`."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"the bar has no {name!r}") from None

    @property
    def closed(self) -> bool:
        """Whether the bar cannot change any more. One without a flag counts as closed."""
        return not any(self.get(name) in _NOT for name in _FLAGS)


def read_bar(record: object) -> Bar:
    """A copy of a mapping, an object or a bar of wealthsources. Raises ValueError that names the field."""
    if isinstance(record, wealthsources.Bar):
        return bar_of(record)
    if isinstance(record, Mapping):
        bar = Bar(copy.deepcopy(dict(record)))
    else:
        bar = Bar((name, getattr(record, name)) for name in (*_TIMES, *_VALUES, *_FLAGS) if hasattr(record, name))
    for name in (*_TIMES, *_VALUES):
        if bar.get(name) is None:
            raise ValueError(f"{name}: is missing")
        try:
            bar[name] = read_time(bar[name]) if name in _TIMES else _text(bar[name])
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
    return bar


def bar_of(bar: wealthsources.Bar) -> Bar:
    """A bar of wealthsources in the legacy shape. Only one that is forming has a flag: `closed`, False."""
    times = {"open_time": bar.open_time, "close_time": bar.end if bar.close_time is None else bar.close_time}
    values = {name: bar.exact(name) for name in _VALUES}
    return Bar(times | values | ({"closed": False} if bar.closed is False else {}))


def read_time(value: object) -> int:
    """A time in ms. Raises ValueError."""
    number = wealthsources.read_value(value).number
    if not number.is_integer() or abs(number) >= _LATEST:
        raise ValueError(f"{value!r} is not a time in ms")
    return int(number)


def _text(value: object) -> str:
    wealthsources.read_value(value)
    return value if isinstance(value, str) else format(Decimal(str(value)), "f")
