from __future__ import annotations

import dataclasses
import gzip
import json

import pytest

from wealthsources_replay.errors import RecordingError
from wealthsources_replay.output import Output, WrittenLine

from .records import HEADER, HOUR, T0, segments


def output(folder, header=HEADER, most_bytes=1 << 20):
    return Output(folder, header, most_bytes)


def line(number, wall_ms=T0):
    return WrittenLine(f"{number}\n", wall_ms, 7)


def texts(folder):
    """The lines of each segment behind its header."""
    return [gzip.decompress(path.read_bytes()).decode().split("\n")[1:-1] for path in segments(folder)]


def test_a_segment_begins_with_the_header_and_the_times_of_the_first_line(tmp_path):
    made = output(tmp_path / "new" / "folder")
    made.append([line(1), line(2)])
    made.append([line(3)])
    made.let_go()
    (path,) = segments(tmp_path / "new" / "folder")
    first, *rest = gzip.decompress(path.read_bytes()).decode().splitlines()
    facts = json.loads(first)
    assert (facts["recording"], facts["source"], facts["wall_ms"], facts["monotonic_ns"]) == (1, "live", T0, 7)
    assert facts["symbols"] == ["BTCUSDT", "ETHUSDT"]
    assert rest == ["1", "2", "3"]


def test_another_hour_begins_another_segment_and_so_does_an_hour_that_comes_again(tmp_path):
    made = output(tmp_path)
    for number, wall in enumerate([T0, T0 + HOUR - 1, T0 + HOUR, T0 + 1]):
        made.append([line(number, wall)])
    made.let_go()
    assert texts(tmp_path) == [["0", "1"], ["2"], ["3"]]


def test_a_segment_that_is_large_enough_is_followed_by_another(tmp_path):
    made = output(tmp_path, most_bytes=1)
    for number in range(3):
        made.append([line(number)])
    made.let_go()
    assert texts(tmp_path) == [["0"], ["1"], ["2"]]


def test_the_recording_of_the_same_source_goes_on_in_another_segment(tmp_path):
    for symbols in (("BTCUSDT",), ("ETHUSDT",)):
        made = output(tmp_path, dataclasses.replace(HEADER, symbols=symbols))
        made.open()
        made.append([line(symbols[0])])
        made.let_go()
    assert texts(tmp_path) == [["BTCUSDT"], ["ETHUSDT"]]


def test_the_recording_of_another_source_is_left_alone_and_unlocked(tmp_path):
    made = output(tmp_path)
    made.append([line(1)])
    made.let_go()
    for _ in range(2):
        with pytest.raises(RecordingError, match=r"is a recording of 'live' \(binance, spot, live\); give each"):
            output(tmp_path, dataclasses.replace(HEADER, protocol="okx")).open()


def test_a_segment_that_cannot_be_closed_is_followed_by_another(tmp_path, monkeypatch):
    made = output(tmp_path, most_bytes=1)
    made.append([line(1)])

    close = made._segment.close

    def fails():
        close()
        raise OSError("no")

    monkeypatch.setattr(made._segment, "close", fails)
    with pytest.raises(OSError, match="no"):
        made.append([line(2)])
    made.append([line(2)])
    made.let_go()
    assert texts(tmp_path) == [["1"], ["2"]]
