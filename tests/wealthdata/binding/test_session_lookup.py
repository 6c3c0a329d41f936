from __future__ import annotations

import threading

import pytest

import wealthdata
import wealthsources
from wealthdata import configure, get_price

from ...support.bars import HOUR, MONDAY as T0

CONFIG = "sources: [{plugin: memory, options: {symbols: [BTCUSDT]}}]\n"


@pytest.fixture
def config(session, tmp_path, monkeypatch):
    """config(path="config.yaml"): a configuration in a folder that is the current one; its session is stopped."""
    monkeypatch.chdir(tmp_path)

    def make(path="config.yaml"):
        (tmp_path / path).write_text(CONFIG)
        return tmp_path / path

    yield make
    left = wealthsources.current_session()
    if left is not None:
        left.stop()


def uses_configuration():
    """Whether a call is answered by the source of CONFIG, which knows its symbol and has no bars."""
    with pytest.raises(wealthdata.WealthDataError) as failure:
        get_price("BTCUSDT", count=1, frequency="1h")
    return "nothing was put in" in str(failure.value)


# the session that calls are answered from -----------------------------------------------------------------------------


def test_a_path_is_opened_and_becomes_the_process_wide_session(config):
    configure(config())
    assert list(wealthsources.current_session().sources) == ["memory"]
    assert uses_configuration()


def test_a_path_may_be_text(config):
    configure(str(config()))
    assert uses_configuration()


def test_a_session_becomes_the_process_wide_one_and_is_started(config):
    made = wealthsources.open(config())
    configure(made)
    assert wealthsources.current_session() is made
    assert uses_configuration()


def test_a_session_that_configure_opened_is_stopped_when_another_takes_its_place(config):
    configure(config())
    first = wealthsources.current_session()
    configure(config("other.yaml"))
    assert wealthsources.current_session() is not first
    with pytest.raises(wealthsources.WealthSourcesError, match="stopped"):
        first.adapter()


def test_a_session_of_the_callers_own_is_left_running(config):
    with wealthsources.open(config()) as own:
        configure(own)
        configure(config("other.yaml"))
        assert wealthsources.current_session() is not own
        assert own.adapter().get_all_symbols() == ["BTCUSDT"]
        assert own.source("memory").asked == []
        with pytest.raises(wealthsources.AllSourcesFailed, match="nothing was put in"):
            own.adapter().get_history("BTCUSDT", 1)


def test_none_leaves_the_session_there_is(config):
    configure(config())
    made = wealthsources.current_session()
    configure(tz="Asia/Shanghai")
    assert wealthsources.current_session() is made


# where calls without a context look --------------------------------------------------------------------------------


def test_with_nothing_to_read_the_error_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(wealthdata.NoContextError) as failure:
        get_price("BTCUSDT")
    for remedy in ("wealthdata.configure", "$WEALTHSOURCES_CONFIG", "config.yaml", "set_context"):
        assert remedy in str(failure.value)


def test_the_process_wide_session_is_read(session, config):
    with wealthsources.open(config("other.yaml")) as made:
        assert uses_configuration()
        assert wealthsources.current_session() is made


def test_the_variable_names_a_configuration(config, monkeypatch):
    monkeypatch.setenv("WEALTHSOURCES_CONFIG", str(config("other.yaml")))
    assert uses_configuration()


def test_a_configuration_in_the_working_directory_is_found(config):
    config()
    assert uses_configuration()


def test_the_variable_comes_before_the_working_directory(config, monkeypatch, tmp_path):
    config()
    monkeypatch.setenv("WEALTHSOURCES_CONFIG", str(tmp_path / "gone.yaml"))
    with pytest.raises(wealthsources.ConfigError, match=r"gone\.yaml"):
        get_price("BTCUSDT")


def test_the_configuration_is_opened_once_by_many_threads(config, monkeypatch):
    config()
    opened = []
    really_open = wealthsources.open
    monkeypatch.setattr(wealthsources, "open", lambda path: opened.append(path) or really_open(path))
    threads = [threading.Thread(target=uses_configuration) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(opened) == 1


# where calls with a context look -----------------------------------------------------------------------------------


def test_a_bound_call_reads_the_process_wide_session(session, context, closed, records):
    session({}).source("m0").put(closed("X", "1h", records("1h", 50)))
    wealthdata.set_context(context({}, T0 + 50 * HOUR), mode="backtest")
    assert len(get_price("X", count=5, frequency="1h")) == 5


def test_a_bound_call_reads_the_variables_configuration(config, context, monkeypatch):
    monkeypatch.setenv("WEALTHSOURCES_CONFIG", str(config("other.yaml")))
    wealthdata.set_context(context({}, T0), mode="backtest")
    assert uses_configuration()


def test_a_bound_call_does_not_look_into_the_working_directory(config, bind, records):
    config()
    bind({"X 1h": records("1h", 50)}, T0 + 50 * HOUR)
    assert len(get_price("X", count=5, frequency="1h")) == 5
    assert wealthsources.current_session() is None
