"""Every error that a strategy can meet.

WealthDataError
├── ParamsError                 the call makes no sense (also a ValueError)
│   └── UnsupportedFrequency    no such frequency; the message lists those there are
├── FutureDataError             the dates asked for begin after now; in a backtest: or end after it
├── SecurityNotFound            all sources list their symbols, and none has this one (also a LookupError)
├── NoContextError              nothing is bound and nothing is configured (also a RuntimeError)
├── NotSupported                it belongs to another system, and none has added it (also a NotImplementedError)
├── DataUnavailable             no source had a bar; `attempts` says why (also a wealthsources.AllSourcesFailed)
├── StaleDataError              the newest bars are missing (also a wealthsources.StaleDataError)
├── HoleError                   bars in between are missing (also a wealthsources.HoleError)
└── ClockError                  nothing tells what now is (also a wealthsources.ClockError)

The last four exist because an embedding engine knows the core's errors and a strategy knows these: either may catch.
"""

from __future__ import annotations

import wealthsources


class WealthDataError(Exception):
    """The base of all errors of wealthdata."""


class ParamsError(WealthDataError, ValueError):
    """An argument that makes no sense; no source was asked."""


class UnsupportedFrequency(ParamsError):  # noqa: N818 - JoinQuant's style of name, like those below
    """A frequency that there is not."""


class FutureDataError(WealthDataError):
    """A call asked for what lies after now: in a backtest at all, live with the start of its dates."""


class SecurityNotFound(WealthDataError, LookupError):  # noqa: N818
    """No source has this symbol, and all of them list what they have."""


class NoContextError(WealthDataError, RuntimeError):
    """There is nothing to read bars from. The message says what to do."""


class NotSupported(WealthDataError, NotImplementedError):  # noqa: N818
    """What was called belongs to another system. The message says to which, and how that one can add it."""


class DataUnavailable(WealthDataError, wealthsources.AllSourcesFailed):  # noqa: N818
    """No source had a bar. `attempts` lists each one with its outcome, reason and elapsed time."""


class StaleDataError(WealthDataError, wealthsources.StaleDataError):
    """The newest bars are missing. `bars` is what there was, `attempts` says why each source had no more."""


class HoleError(WealthDataError, wealthsources.HoleError):
    """Bars between others are missing, and the deployment says `on_hole: raise`. `holes` lists them."""


class ClockError(WealthDataError, wealthsources.ClockError):
    """Nothing tells what now is."""


class PanelObsoleteWarning(UserWarning):
    """There is no Panel any more: several securities come as one long frame."""


def translate(error: wealthsources.WealthSourcesError) -> Exception:
    """The error of this module that says the same; an error that has no such twin is returned as it is."""
    if isinstance(error, WealthDataError):
        return error
    if isinstance(error, wealthsources.AllSourcesFailed):
        return DataUnavailable(error.request, error.attempts)
    if isinstance(error, wealthsources.StaleDataError):
        return StaleDataError(error.summary, error.bars, error.attempts)
    if isinstance(error, wealthsources.HoleError):
        return HoleError(error.summary, error.bars, error.holes)
    if isinstance(error, wealthsources.ClockError):
        return ClockError(str(error))
    if isinstance(error, wealthsources.RequestError):
        return ParamsError(str(error))
    return error
