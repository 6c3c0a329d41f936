"""What is taken down of a run."""

from __future__ import annotations

from wealthsources import Bars, Hole
from wealthsources_verify.recorder import Recorder
from wealthsources_verify.strategy_module import Strategy


def test_two_refusals_differ_in_the_type_of_the_error(tmp_path):
    recorder = Recorder(Strategy(tmp_path / "s.py"), [])
    for error in KeyError(1), KeyError(2), ValueError():
        recorder.refusal("X 1h", error)
    recorder.end_step({})
    first, same, other = recorder.trace.steps[0].events
    assert first == same != other


def test_two_answers_differ_in_times_values_and_holes(tmp_path):
    recorder = Recorder(Strategy(tmp_path / "s.py"), [])

    def bars(slot=1, close=2.0, holes=()):
        made = Bars.from_columns("X", "1h", [slot * 3_600_000], [1.0], [9.0], [1.0], [close], [1.0], closed=True)
        return Bars("X", made.timeframe, made.rows, holes=holes)

    for answer in bars(), bars(), bars(slot=2), bars(close=3.0), bars(holes=(Hole(0, 1, 1),)):
        recorder.answer("X 1h", answer)
    recorder.end_step({})
    events = recorder.trace.steps[0].events
    assert events[0] == events[1]
    assert len({event.fingerprint for event in events}) == 4
