"""Questions of all kinds for the tests of point in time, and their answers in a form that compares exactly."""

from __future__ import annotations

import dataclasses
import datetime as dt
import zoneinfo
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from hypothesis import strategies as st

import wealthdata
import wealthsources
from wealthdata.arguments.frequency import read_frequency
from wealthdata.binding.stack import current_reader
from wealthsources.resolve.explanation import Explanation

from .worlds import FRAMES, SYMBOLS

if TYPE_CHECKING:
    from collections.abc import Callable

    from .worlds import World

FREQUENCIES = (*(frame.name for frame in FRAMES), "minute", "5min", "60m", "240m", "daily", "weekly", "monthly")
SPELLINGS = (*SYMBOLS, "btc-usdt", "NONEUSDT")
FIELDS = ("open", "close", "high", "low", "volume", "pre_close", "money", "avg", "paused", "high_limit")


@dataclasses.dataclass(frozen=True)
class Question:
    """A call: which function, with which arguments."""

    what: str
    arguments: dict[str, Any]

    def put(self) -> Any:
        """The answer, or the error."""
        try:
            return CALLS[self.what](**self.arguments)
        except (wealthdata.WealthDataError, wealthsources.WealthSourcesError) as error:
            return error


def plain(answer: Any) -> Any:
    """Values, labels, dtypes, attrs and types, to be compared with ==; NaN equals NaN."""
    if isinstance(answer, wealthsources.AllSourcesFailed):
        # What a source has instead, as the span of a file, is in the words, which take time, too: they may differ.
        return type(answer).__name__, answer.request, [_attempt(each) for each in answer.attempts]
    if isinstance(answer, Exception):
        return type(answer).__name__, str(answer).splitlines()[0]
    if isinstance(answer, pd.DataFrame):
        columns = [(name, plain(answer[name].to_numpy())) for name in answer.columns]
        index = answer.index
        return type(answer), plain(index.to_numpy()), str(index.dtype), index.names, columns, str(answer.attrs)
    if isinstance(answer, np.ndarray):
        values = answer.tolist() if answer.dtype.hasobject else answer.tobytes()
        return str(answer.dtype), answer.shape, values
    if isinstance(answer, pd.api.extensions.ExtensionArray):
        return str(answer.dtype), answer.tolist()
    if isinstance(answer, dict):
        return {name: plain(value) for name, value in answer.items()}
    if isinstance(answer, Explanation):
        return (
            str(answer.error and type(answer.error)),
            plain(answer.bars),
            [_attempt(each) for each in answer.attempts],
        )
    if isinstance(answer, wealthsources.Bars):
        return repr(answer), answer.notes(), list(answer)
    return [plain(each) for each in answer] if isinstance(answer, list) else repr(answer)


def labels(answer: Any) -> list[pd.Timestamp]:
    """All labels of bars in an answer of wealthdata."""
    if isinstance(answer, dict):
        return [label for value in answer.values() for label in labels(value)]
    if isinstance(answer, np.ndarray):
        return [] if "date" not in (answer.dtype.names or ()) else pd.DatetimeIndex(answer["date"]).tolist()
    if not isinstance(answer, pd.DataFrame) or "start_date" in answer.columns:
        return []
    found = answer.index.tolist() if isinstance(answer.index, pd.DatetimeIndex) else []
    return found + [label for name in ("time", "date") if name in answer.columns for label in answer[name]]


def _attempt(attempt: Any) -> tuple[object, ...]:
    return attempt.asked, attempt.outcome, attempt.bars, attempt.differs


# calls ---------------------------------------------------------------------------------------------------------


def _context_history(**arguments: Any) -> Any:
    context = wealthdata.get_context()
    return None if isinstance(context, dict) else context.history(**arguments)


def _adapter_get_history(**arguments: Any) -> Any:
    return current_reader().adapter.get_history(**arguments)


def _adapter_explain(**arguments: Any) -> Any:
    return current_reader().adapter.explain(**arguments)


def _current(security: str) -> list[object]:
    found = wealthdata.get_current_data()[security]
    return [found.last_price, found.day_open, found.paused, found.high_limit]


CALLS = {
    "get_price": wealthdata.get_price,
    "get_bars": wealthdata.get_bars,
    "history": wealthdata.history,
    "attribute_history": wealthdata.attribute_history,
    "context.history": _context_history,
    "adapter.get_history": _adapter_get_history,
    "adapter.explain": _adapter_explain,
    "get_current_data": _current,
    "get_last_price": wealthdata.get_last_price,
    "get_all_securities": wealthdata.get_all_securities,
    "get_security_info": wealthdata.get_security_info,
    "get_trade_days": wealthdata.get_trade_days,
    "get_all_trade_days": wealthdata.get_all_trade_days,
}


# drawing one ---------------------------------------------------------------------------------------------------

_BARS = ("get_price", "get_bars", "history", "attribute_history", "context.history", "adapter.get_history")
_WHAT = st.sampled_from((*CALLS, *_BARS, *_BARS, "get_bars"))
_FREQUENCY = st.sampled_from(FREQUENCIES)
_ONE = st.sampled_from((*SYMBOLS, *SPELLINGS))
_AIM = st.sampled_from(["at it"] * 3 + ["at its symbol"] * 2 + ["anywhere"])
_SHAPE = st.sampled_from([None, True, False])
_COUNT = st.sampled_from([1, 2, 5, 30])
_FIELD = st.sampled_from(FIELDS)
_FIELDS = st.none() | _FIELD | st.lists(_FIELD, min_size=1, max_size=4)
_BARS_FIELDS = st.sampled_from([None, ["date", "open", "high", "low", "close", "volume"], ["close", "pre_close"]])
_YES_OR_NO = st.booleans()
_SPAN = st.sampled_from(["count", "count", "count to", "from", "from to"])
#: Of bars, how far from the world's time; of ms, how far from the end of a bar; in which form.
_PLACE = st.tuples(
    st.sampled_from([0, 0, 0, 1, 2, 7, 50, -1]), st.sampled_from([0, 0, -1, 1, -90_000]), st.sampled_from(range(4))
)


class _Asker:
    """Draws the arguments of one call, mostly such that there are bars to answer with."""

    def __init__(self, draw: Callable[[st.SearchStrategy[Any]], Any], world: World) -> None:
        self.draw = draw
        self._world = world
        series = draw(st.sampled_from(world.series))
        aimed, name = draw(_AIM), series.frame.name
        self.one = draw(_ONE) if aimed == "anywhere" else series.symbol
        self.unit = name if aimed == "at it" else draw(_FREQUENCY)
        self.several = [series.symbol, self.one] if draw(_YES_OR_NO) else list(SYMBOLS)

    def get_price(self) -> dict[str, Any]:
        found = {"security": self._some(), "frequency": self.unit, "fields": self.draw(_FIELDS)}
        found |= {"skip_paused": self.draw(_YES_OR_NO), "fill_paused": self.draw(_YES_OR_NO)}
        return found | self._span("start_date", "end_date")

    def get_bars(self) -> dict[str, Any]:
        found = {"security": self._some(), "unit": self.unit, "fields": self.draw(_BARS_FIELDS)}
        found |= {"skip_paused": self.draw(_YES_OR_NO), "include_now": self.draw(_YES_OR_NO), "df": self.draw(_SHAPE)}
        return found | self._span("start_dt", "end_dt")

    def history(self) -> dict[str, Any]:
        found = {"count": self.draw(_COUNT), "unit": self.unit, "field": self.draw(_FIELD), "df": self.draw(_YES_OR_NO)}
        return found | {"security_list": self._some(), "skip_paused": self.draw(_YES_OR_NO)}

    def attribute_history(self) -> dict[str, Any]:
        found = {"security": self.one, "count": self.draw(_COUNT), "unit": self.unit}
        return found | {"skip_paused": self.draw(_YES_OR_NO), "df": self.draw(_YES_OR_NO)}

    def context_history(self) -> dict[str, Any]:
        return {"symbol": self.one, "count": self.draw(_COUNT), "timeframe": self.unit}

    def adapter_get_history(self) -> dict[str, Any]:
        frame, (back, apart, _), kind = read_frequency(self.unit), self.draw(_PLACE), self.draw(_SPAN)
        found = {"symbol": self.one, "timeframe": frame, "include_now": self.draw(_YES_OR_NO)}
        end, count = self._world.now - back * frame.milliseconds + apart, self.draw(_COUNT)
        found |= {"count": count} if kind.startswith("count") else {"start": end - count * frame.milliseconds}
        return found | {"end": end} if kind.endswith("to") else found

    adapter_explain = adapter_get_history

    def get_current_data(self) -> dict[str, Any]:
        return {"security": self.one}

    def get_last_price(self) -> dict[str, Any]:
        return {"security": self._some()}

    def get_all_securities(self) -> dict[str, Any]:
        return {"date": self._date("1d")}

    def get_security_info(self) -> dict[str, Any]:
        return {"code": self.one, "date": self._date("1d")}

    def get_trade_days(self) -> dict[str, Any]:
        return {"count": self.draw(_COUNT), "end_date": self._date("1d")}

    def get_all_trade_days(self) -> dict[str, Any]:
        return {}

    def _some(self) -> str | list[str]:
        return self.several if self.draw(_YES_OR_NO) else self.one

    def _span(self, first: str, last: str) -> dict[str, Any]:
        kind, found = self.draw(_SPAN), {}
        if kind.startswith("count"):
            found["count"] = self.draw(_COUNT)
        if kind.startswith("from"):
            found[first] = self._date(self.unit)
        if kind.endswith("to"):
            found[last] = self._date(self.unit)
        return found

    def _date(self, unit: str) -> Any:
        """A date around the world's time, mostly before it."""
        back, apart, form = self.draw(_PLACE)
        time = self._world.now - back * read_frequency(unit).milliseconds + apart
        made = dt.datetime.fromtimestamp(time / 1000, zoneinfo.ZoneInfo(self._world.zone))
        naive = made.replace(tzinfo=None)
        return (made, str(naive), pd.Timestamp(naive), made.date())[form]


@st.composite
def questions(draw, world: World) -> Question:
    """Any call that reads bars, or a list of what there is."""
    what = draw(_WHAT)
    return Question(what, getattr(_Asker(draw, world), what.replace(".", "_"))())
