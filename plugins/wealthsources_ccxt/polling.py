"""PollingSource: a live source that asks an exchange for each bar once it is over. It holds closed bars alone.

For exchanges that no live protocol is there for. A bar is stated as closed only if a later one stands behind it in the
same answer, so the newest comes with the first row of the next window, or with the answer after that.
"""

from __future__ import annotations

import datetime as dt
import random
import threading
import time
from typing import TYPE_CHECKING, Final

from wealthsources import (
    LATEST_TIME,
    ClosedBar,
    ConfigError,
    NotHere,
    PushedSource,
    SeriesKey,
    Shard,
    SourceError,
    Timeframe,
    time_text,
)
from wealthsources_ccxt.connection import Connection
from wealthsources_ccxt.errors import BadPage
from wealthsources_ccxt.facts import page_limit, served_timeframes
from wealthsources_ccxt.loading import Loading
from wealthsources_ccxt.names import Names
from wealthsources_ccxt.page import read_page
from wealthsources_ccxt.trial import try_exchange

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wealthsources import Bar, Bars, Diagnosis, Host
    from wealthsources_ccxt.connection import Answer
    from wealthsources_ccxt.names import Listed
    from wealthsources_ccxt.options import CcxtOptions

#: Seconds after the end of a bar until it is asked for: by chance, so that not everybody asks at once.
_DELAY: Final = (1.0, 3.0)
#: Seconds after which a bar that has not come yet is asked for again; then it waits for the next one.
_AGAIN: Final = (2.0, 4.0, 8.0)
_FIRST_WAIT: Final = 2.0
_LONGEST_WAIT: Final = 60.0
#: Bars that are fetched at first.
_BACKLOG: Final = 100
_TURN: Final = 0.2
_STOP: Final = 2.0
_REFUSED_FOR: Final = 600.0


class PollingSource(PushedSource):
    """The series of `watch` and `timeframes`, asked for one after the other on one thread.

    Raises ConfigError for a timeframe that the exchange does not have.
    """

    def __init__(self, options: CcxtOptions) -> None:
        super().__init__(closed_only_hint="")
        self.options = options
        self._connection = Connection(options)
        self._limit = page_limit(self._connection.exchange, options.facts)
        self._check_timeframes()
        self._loading = Loading(self._connection.load_names)
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._newest: dict[SeriesKey, int] = {}  # the open time of the newest closed bar, ms
        self._tries: dict[SeriesKey, int] = {}
        self._waits: dict[SeriesKey, float] = {}  # seconds until the next try, of those that failed
        self._listed_at = 0.0  # when the markets were loaded last, monotonic
        self.subscribe_to(options.watch, options.timeframes)

    def start(self, host: Host) -> None:
        """Have the markets loaded, and then poll."""
        self.begin(host)
        series = [(symbol, name) for symbol in self.options.watch for name in self.options.timeframes]
        shard = Shard(0, series, endpoint=self.options.endpoint or self.options.exchange)
        shard.state, shard.since = "connecting", time.monotonic()
        self.assign(lambda _: shard)
        self._loading.begin(host.logger)
        self._thread = threading.Thread(target=self._run, args=(shard,), name="wealthsources-ccxt-poll", daemon=True)
        self._thread.start()

    def diagnose(self, online: bool) -> Iterator[Diagnosis]:
        """Whether the exchange answers, and how its clock and ours agree; it is asked once, if `online`."""
        return try_exchange(self._connection, self.options, online)

    def stop(self) -> None:
        """End what is under way."""
        self._stopped.set()
        self._connection.close()
        self._loading.stop(_STOP / 2)
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(_STOP / 2)

    def _check_timeframes(self) -> None:
        options = self.options
        served = served_timeframes(self._connection.exchange, options.facts, options.word.kind)
        for name in options.timeframes:
            if name not in served:
                raise ConfigError(
                    f"timeframes: {options.exchange} has no {name} on our grid; it has {', '.join(served)}"
                )

    # on the thread that polls ------------------------------------------------------------------------------------

    def _run(self, shard: Shard) -> None:
        due = dict.fromkeys(shard.series, 0.0)
        self._listed_at = time.monotonic()
        while not self._stopped.is_set():
            now, key = time.monotonic(), min(due, key=lambda each: due[each])
            self.on_turn(shard, now)
            names = self._loading.names
            if names is None:
                shard.last_error = self._loading.why
                self._stopped.wait(_TURN)
            elif due[key] <= now:
                if key in shard.refused and now - self._listed_at >= _REFUSED_FOR:
                    names = self._list_again(names, now)
                due[key] = now + self.poll(shard, key, names)
            else:
                self._stopped.wait(min(_TURN, due[key] - now))

    def poll(self, shard: Shard, key: SeriesKey, names: Names) -> float:
        """Ask for one series, once. Returns after how many seconds it is to be asked for again."""
        timeframe = Timeframe(key[1])
        try:
            answer, page = self._page(names.find(key[0]), key, timeframe)
        except NotHere as reason:
            return self._refused(shard, key, str(reason))
        except BadPage as error:
            return self._useless(shard, key, error)
        except SourceError as error:
            return self._failed(shard, key, error)
        self._connected(shard)
        self._waits.pop(key, None)
        shard.refused.pop(key, None)
        if sum(self._push(shard, key, bar) for bar in page[:-1]) > 1:  # behind the last one nothing stands
            self._tries[key] = 0
        return self._until_next(key, timeframe, page[-1].open_time if len(page) else None, self._time(answer))

    def _page(self, listed: Listed, key: SeriesKey, timeframe: Timeframe) -> tuple[Answer, Bars]:
        """From the newest bar that is held on, which comes again; at first a few of the newest. Raises SourceError, or
        NotHere.
        """
        current = timeframe.slot(self._wall_ms())
        newest = self._newest.get(key)
        if newest is None or current - timeframe.slot(newest) + 2 > self._limit:  # it would not fit into a page
            newest = None
        since = timeframe.open_time(current - min(_BACKLOG, self._limit - 2)) if newest is None else newest
        answer = self._connection.fetch(listed, timeframe.name, since, max(2, current - timeframe.slot(since) + 2))
        page = read_page(answer.rows, timeframe, since, LATEST_TIME)
        if newest is not None and (not len(page) or page.oldest != newest):
            raise BadPage(f"a page does not begin with the bar of {time_text(newest)}, from which it was asked for")
        return answer, page

    def _push(self, shard: Shard, key: SeriesKey, bar: Bar) -> bool:
        """Whether it was taken. The one that is held may have been corrected."""
        message = ClosedBar.of(bar)._replace(symbol=key[0], timeframe=key[1], close_time=bar.end)
        now = time.monotonic()
        taken = bool(self.on_bar(shard, message, now))
        if taken:
            shard.last_data = now
            self._newest[key] = bar.open_time
        return taken

    def _connected(self, shard: Shard) -> None:
        now = time.monotonic()
        shard.last_sign = now
        if shard.state != "connected":
            shard.epoch += 1
            shard.acknowledged_at = shard.since = now
            shard.state, shard.last_error = "connected", ""
            self.on_state(shard, "connected", "")

    def _refused(self, shard: Shard, key: SeriesKey, reason: str) -> float:
        """The exchange does not have it; it may have it later. Returns the seconds until it is looked for again."""
        if shard.refused.get(key) != reason:
            self._say("%s %s is refused: %s", *key, reason, about=key)
        shard.refused[key] = reason
        return _REFUSED_FOR

    def _list_again(self, names: Names, now: float) -> Names:
        """What the exchange has now; what it had, if it does not say."""
        self._listed_at = now
        try:
            self._loading.names = names = self._connection.load_names()
        except SourceError as error:
            self._say("its markets could not be loaded again: %s", error)
        return names

    def _useless(self, shard: Shard, key: SeriesKey, error: BadPage) -> float:
        """Seconds until it is tried again, ever more. It costs no other series anything."""
        shard.last_error = f"{key[0]} {key[1]}: {error}"
        shard.counters["bad_pages"] += 1
        if key not in self._waits:
            self._say("%s", shard.last_error, about=key)
        return self._next_wait(key)

    def _failed(self, shard: Shard, key: SeriesKey, error: SourceError) -> float:
        """Seconds until it is tried again: as many as the exchange asked for, else ever more."""
        shard.last_error = str(error)
        shard.reconnects_by_reason["poll_failed"] += 1
        if shard.state != "reconnecting":
            shard.since, shard.state = time.monotonic(), "reconnecting"
            self.on_state(shard, "reconnecting", str(error))
        return max(error.retry_after, self._next_wait(key))

    def _say(self, text: str, *values: object, about: SeriesKey | None = None) -> None:
        if self._host is not None:
            self._host.logger.warning(text, *values, extra={"about": about})

    def _next_wait(self, key: SeriesKey) -> float:
        wait = self._waits.get(key, _FIRST_WAIT)
        self._waits[key] = min(wait * 2, _LONGEST_WAIT)
        return random.uniform(wait / 2, wait)  # noqa: S311 - not for secrets

    def _until_next(self, key: SeriesKey, timeframe: Timeframe, newest: int | None, now: int) -> float:
        """Seconds until the next poll; `now` is the exchange's time, ms."""
        current = timeframe.floor(now)
        tries = self._tries.get(key, 0)
        if (newest is None or newest < current) and tries < len(_AGAIN):
            self._tries[key] = tries + 1
            return _AGAIN[tries]
        self._tries[key] = 0
        return (timeframe.end(current) - now) / 1000 + random.uniform(*_DELAY)  # noqa: S311

    def _time(self, answer: Answer) -> int:
        return self._wall_ms() if answer.now is None else answer.now

    @staticmethod
    def _wall_ms() -> int:
        return int(dt.datetime.now(dt.UTC).timestamp() * 1000)
