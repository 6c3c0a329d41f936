"""PacedLogger: what would be logged at every event or attempt is logged once, then once a minute with its number."""

from __future__ import annotations

import logging
import math
import numbers
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from wealthsources.forking import ForkLock
from wealthsources.model.text import describe

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

_EVERY: Final = 60.0
_MOST_CAUSES: Final = 10
_MOST_TOPICS: Final = 1_000


class PacedLogger(logging.Logger):
    """Logs as the logger of that name does, but for what it has only just said.

    Lines of one format are a topic; those with `extra={"about": x}` are one for each x, such as a series. What its
    arguments say is the cause, but for numbers, or what `extra={"cause": …}` says; of an exception it is the kind and
    the place, not the text. The first line of each cause goes out at once, up to ten of a topic. All others
    of the topic make one line a minute together: the newest, with their number and without a traceback. After a minute
    of quiet what was not told goes out with the next line of any topic, or with `settle`, and every cause is new again.

    Lines of DEBUG always go out, and so do those with `extra={"at_once": True}`, for what ends a trouble.
    """

    def __init__(self, name: str, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` is monotonic, in seconds."""
        super().__init__(name)
        self._plain = self.parent = logging.getLogger(name)
        self._clock = clock
        self._topics: dict[Hashable, _Topic] = {}
        self._lock = ForkLock()

    def isEnabledFor(self, level: int) -> bool:  # noqa: N802 - a method of logging's
        """As the logger of that name says."""
        return self._plain.isEnabledFor(level)

    def setLevel(self, level: int | str) -> None:  # noqa: N802
        """Set that of the logger of that name."""
        self._plain.setLevel(level)

    def handle(self, record: logging.LogRecord) -> None:
        """Let a record go out, unless it has to wait."""
        self.settle()
        if record.levelno < logging.INFO or getattr(record, "at_once", False) or self._admits(record):
            super().handle(record)

    def settle(self) -> None:
        """Tell what was not told of topics that have been quiet for a minute."""
        with self._lock:
            now = self._clock()
            over = [topic for topic in self._topics.values() if topic.untold and topic.is_quiet(now)]
            records = [topic.last_words(self.name) for topic in over]
        for record in records:
            super().handle(record)

    def _admits(self, record: logging.LogRecord) -> bool:
        kind = str(record.msg) if record.args else (record.pathname, record.lineno)
        name = kind, getattr(record, "about", None)
        with self._lock:
            topic = self._topics.get(name)
            if topic is None:
                if len(self._topics) >= _MOST_TOPICS:
                    self._topics.pop(next(iter(self._topics)))
                topic = self._topics[name] = _Topic()
            return topic.admits(record, self._clock())


class _Topic:
    """What was said of one thing, and how much was not. Times are seconds, monotonic."""

    def __init__(self) -> None:
        self.untold = 0
        self._causes: set[Hashable] = set()
        self._counted_from = self._last_at = -math.inf
        self._level, self._text = logging.NOTSET, ""

    def is_quiet(self, now: float) -> bool:
        """Whether nothing of it has come for a minute."""
        return now - self._last_at >= _EVERY

    def admits(self, record: logging.LogRecord, now: float) -> bool:
        """Whether the record goes out. If it stands for others, it says for how many."""
        if self.is_quiet(now):
            self._causes.clear()
            self._counted_from = now
        self._last_at = now
        cause = _cause_of(record)
        if cause not in self._causes and len(self._causes) < _MOST_CAUSES:
            self._causes.add(cause)
            return True
        self.untold += 1
        text = _text_of(record)
        if now - self._counted_from < _EVERY:
            self._level, self._text = record.levelno, text
            return False
        _rewrite(record, f"{text} ({self.untold:,} times in {now - self._counted_from:.0f} s)")
        self.untold, self._counted_from = 0, now
        return True

    def last_words(self, name: str) -> logging.LogRecord:
        """What is left to be told, when it is over."""
        seconds = self._last_at - self._counted_from
        text = f"{self._text} ({self.untold:,} times more in {seconds:.0f} s, and not since)"
        self.untold = 0
        return logging.LogRecord(name, self._level, __file__, 0, text, (), None)


def _cause_of(record: logging.LogRecord) -> Hashable:
    said: Hashable = getattr(record, "cause", None)
    if said is not None:
        return said
    args = record.args.values() if isinstance(record.args, Mapping) else record.args
    words = [_word(each) for each in args or (record.msg,) if not isinstance(each, numbers.Number)]
    error = record.exc_info[1] if record.exc_info else None
    return (*words, type(error), _place_of(error))


def _place_of(error: BaseException | None) -> Hashable:
    trace = error.__traceback__ if error is not None else None
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return None if trace is None else (trace.tb_frame.f_code.co_filename, trace.tb_lineno)


def _word(thing: object) -> str:
    try:
        return str(thing)
    except Exception:  # noqa: BLE001 - a stranger's object
        return type(thing).__name__


def _text_of(record: logging.LogRecord) -> str:
    """What the record says, with its exception, on one line."""
    try:
        text = record.getMessage()
    except Exception:  # noqa: BLE001 - a format and arguments that do not fit
        text = _word(record.msg)
    error = record.exc_info[1] if record.exc_info else None
    return text if error is None else f"{text}: {describe(error)}"


def _rewrite(record: logging.LogRecord, text: str) -> None:
    record.msg, record.args = text, ()
    record.exc_info = record.exc_text = record.stack_info = None
