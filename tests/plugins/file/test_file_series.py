"""What a file is to be read as."""

from __future__ import annotations

from wealthsources import Market, Timeframe
from wealthsources_file.file_series import FileSeries


def test_a_file_that_nothing_is_said_of_has_open_times_and_tells_by_its_own_what_is_closed() -> None:
    series = FileSeries("BTCUSDT", Timeframe("1h"), Market())
    assert (series.label, series.last_row) == ("open", "by_time")
