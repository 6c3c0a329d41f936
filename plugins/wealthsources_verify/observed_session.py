"""Where all bars come through: a session that reads contexts alone, and tells a recorder what is asked and answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import wealthsources

if TYPE_CHECKING:
    from wealthsources import BarRequest, Observation, Session
    from wealthsources_verify.recorder import Recorder


def open_observed(recorder: Recorder) -> Session:
    """The session, not started; what its adapters answer is taken down."""
    session = wealthsources.open({"sources": [{"plugin": "context"}]})

    def take_down(observation: Observation) -> None:
        request = observation.request
        if request is None:
            recorder.listing(list(observation.symbols))
        elif observation.error is not None:
            recorder.refusal(_call(request), observation.error)
        elif observation.bars is not None:
            recorder.answer(_call(request), observation.bars)

    session.observe(take_down)
    return session


def _call(request: BarRequest) -> str:
    """What was asked for, as text: "BTCUSDT 1h, count 20"."""
    parts = [f"{request.symbol} {request.timeframe}"]
    if request.count is not None:
        parts.append(f"count {request.count}")
    if request.start is not None:
        parts.append(f"from {wealthsources.time_text(request.start)}")
    if request.end is not None:
        parts.append(f"to {wealthsources.time_text(request.end)}")
    if request.include_now:
        parts.append("with the forming one")
    return ", ".join(parts)
