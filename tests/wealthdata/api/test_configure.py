from __future__ import annotations

import datetime as dt
import re
import zoneinfo
from types import SimpleNamespace

import pytest

import wealthdata
import wealthsources
from wealthdata import ParamsError, configure, current_settings, get_price

from ...support.bars import HOUR, MONDAY as T0
from ..asking import newest


def test_a_configuration_that_cannot_work_is_told_at_once(tmp_path):
    with pytest.raises(wealthsources.ConfigError, match=r"gone\.yaml"):
        configure(tmp_path / "gone.yaml")


def test_a_configuration_that_cannot_work_changes_nothing(tmp_path, bind, records):
    with pytest.raises(wealthsources.ConfigError):
        configure(tmp_path / "gone.yaml", default_count=5)
    bind({"X 1h": records("1h", 50)}, T0 + 50 * HOUR)
    assert len(get_price("X", frequency="1h")) == 20


@pytest.mark.parametrize("session", [5, {"sources": []}, object(), b"config.yaml"])
def test_other_things_are_no_session(session):
    with pytest.raises(wealthdata.ParamsError, match="session must be"):
        configure(session)


def test_utc_is_recognised_by_name():
    configure(tz="UTC")
    assert current_settings().tz is dt.UTC


def test_a_zone_may_be_a_name_or_an_object():
    shanghai = zoneinfo.ZoneInfo("Asia/Shanghai")
    for given in "Asia/Shanghai", shanghai:
        configure(tz=given)
        assert current_settings().tz is shanghai


def test_a_zone_whose_clocks_will_be_set_back_is_warned_of_once(caplog):
    for _ in range(3):
        configure(tz="America/New_York")
    configure(tz="Asia/Shanghai")
    configure()
    (warning,) = caplog.messages
    assert re.search(r"the clocks of America/New_York are next set back on \d{4}-1[01]-\d\d 02:00:00", warning)
    assert "configure(tz='UTC')" in warning


def test_a_zone_of_pytz_is_the_one_it_names(monkeypatch):
    # Given to a datetime as it is, it would mean the local time of the 19th century.
    of_pytz = type("DstTzInfo", (dt.tzinfo,), {"zone": "Asia/Shanghai"})()
    configure(tz=of_pytz)
    assert current_settings().tz is zoneinfo.ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize("tz", ["Mars/Olympus", "", "../etc/passwd", 8, None])
def test_an_unknown_zone_is_refused(tz):
    with pytest.raises(ParamsError, match="tz must name a time zone like 'UTC' or"):
        configure(tz=tz)


def test_positional_must_be_a_bool():
    with pytest.raises(ParamsError, match="positional must be True or False, was 'yes'"):
        configure(positional="yes")


def test_a_bad_default_count_is_named():
    with pytest.raises(ParamsError, match="default_count"):
        configure(default_count=0)


def test_a_current_dt_without_a_zone_is_no_clock_until_configure_states_one(records, context):
    made = context({"X 1h": records("1h", 50)})
    made.current_dt = dt.datetime(2024, 1, 1, 10)  # noqa: DTZ001 - that is the case
    wealthdata.set_context(made)
    with pytest.raises(wealthdata.ClockError, match="current_dt has no time zone"):
        newest()
    wealthdata.configure(tz="Asia/Shanghai")
    assert newest() == 101.5
    wealthdata.configure(tz="UTC")
    assert newest() == 109.5


def test_configure_without_a_zone_states_none(records, context):
    made = context({"X 1h": records("1h", 50)})
    made.current_dt = dt.datetime(2024, 1, 1, 10)  # noqa: DTZ001 - that is the case
    wealthdata.set_context(made)
    wealthdata.configure(default_count=5)
    with pytest.raises(wealthdata.ClockError, match="current_dt has no time zone"):
        newest()


def test_a_current_dt_without_a_zone_is_counted_from_by_the_contexts_own_history(records):
    """It is asked for so many of the newest bars, as of its own now."""
    rows = records("1h", 50)
    made = SimpleNamespace(
        current_dt=dt.datetime(2024, 1, 3),  # noqa: DTZ001 - that is the case
        history=lambda symbol, count, timeframe: rows[:48][-count:] if timeframe == "1h" else [],
    )
    wealthdata.configure(tz="UTC")
    wealthdata.set_context(made)
    assert len(get_price("X", count=10, end_date="2024-01-02 18:00", frequency="1h")) == 10


def test_a_current_dt_with_a_zone_is_a_clock(records, context):
    made = context({"X 1h": records("1h", 50)})
    made.current_dt = dt.datetime(2024, 1, 1, 10, tzinfo=dt.UTC)
    wealthdata.set_context(made)
    assert newest() == 109.5
