"""Good frames are spoiled in every place, and what is impure is noticed."""

from __future__ import annotations

import datetime as dt
import json
import time

from wealthsources_websocket.spoiling import cut, impure_calls, spoiled


def test_a_frame_is_cut_at_every_place_and_a_long_one_at_some():
    assert list(cut(b"abc")) == [b"", b"a", b"ab"]
    assert 50 < len(list(cut(b"x" * 5_000))) <= 150


def test_every_value_is_left_out_and_is_something_else_and_the_others_stay_to_the_letter():
    texts = list(spoiled(b'{"a":1.50,"b":[{"c":true}]}'))
    assert b'{"b": [{"c": true}]}' in texts
    assert b'{"a": 1.50, "b": [{}]}' in texts
    assert b'{"a": null, "b": [{"c": true}]}' in texts
    assert b'{"a": 1.50, "b": [{"c": "x"}]}' in texts
    assert {type(json.loads(text)["b"]).__name__ for text in texts if b'"b"' in text} > {"list", "str", "NoneType"}


def test_what_is_no_json_is_not_spoiled():
    assert list(spoiled(b"pong")) == []


def test_clocks_and_files_are_noticed(tmp_path):
    file = tmp_path / "a"
    file.touch()
    assert impure_calls(lambda: json.loads("[1]")) == []
    assert impure_calls(time.time) == ["time.time"]
    assert impure_calls(lambda: dt.datetime.now(dt.UTC)) == ["datetime.now"]
    assert any("open" in name for name in impure_calls(lambda: open(file).close()))  # noqa: PTH123
