"""What a strategy changes of the process is put back."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace

import pytest

import wealthdata
import wealthsources

from ...support.bars import HOUR, MONDAY as T0
from .conftest import HOLES


@pytest.fixture
def held():
    """A process-wide session that was there before."""
    with wealthsources.open({"sources": [{"plugin": "context"}]}) as session:
        yield session


@pytest.fixture
def bound():
    """A context with three bars that was bound before."""
    prices = {"open": 1.0, "high": 2.0, "low": 1.0, "close": 2.0, "volume": 1.0}
    bars = [{"open_time": T0 + n * HOUR, "close_time": T0 + (n + 1) * HOUR - 1, **prices} for n in range(3)]
    context = SimpleNamespace(
        market_data_context=[{"symbol": "BTCUSDT", "timeframe": "1h", "bars": bars}],
        now_ms=T0 + 3 * HOUR,
    )
    wealthdata.set_context(context)
    return context


def test_the_process_is_as_before_afterwards(once):
    wealthdata.configure(default_count=3)
    path, modules, before = list(sys.path), set(sys.modules), sys.dont_write_bytecode
    once("""
        import logging
        import warnings
        import wealthdata
        wealthdata.configure(tz='Asia/Shanghai')
        logging.basicConfig(level='DEBUG')
        warnings.simplefilter('ignore')
        def handle_bar(context, bar): wealthdata.clear_context()
        """)
    assert (sys.path, sys.dont_write_bytecode) == (path, before)
    assert "_verified_strategy" not in set(sys.modules) - modules
    assert wealthsources.current_session() is None
    assert not hasattr(wealthdata, "g")
    assert wealthdata.current_settings().default_count == 3
    with pytest.raises(wealthdata.NoContextError):
        wealthdata.get_context()


def test_a_session_and_a_binding_that_were_there_are_there_again(once, held, bound, calls):
    once("""
        import sys
        from wealthdata import get_price
        def handle_bar(context, bar): sys.calls.append(len(get_price('BTCUSDT', count=99, frequency='1h')))
        """)
    assert calls == list(range(5, 41))
    assert wealthsources.current_session() is held
    assert wealthdata.get_context() is bound


def test_what_a_strategy_clears_is_its_own(once, bound):
    once("import wealthdata\ndef handle_bar(context, bar): wealthdata.clear_context()\n")
    assert wealthdata.get_context() is bound


def test_the_configuration_of_the_environment_is_not_read(once, monkeypatch, tmp_path):
    monkeypatch.setenv("WEALTHSOURCES_CONFIG", str(tmp_path / "gone.yaml"))
    trace = once("""
        from wealthdata import get_price
        def handle_bar(context, bar): get_price('BTCUSDT', count=1, frequency='1h')
        """)
    assert trace.errors == []


def test_a_handler_that_the_strategy_adds_to_the_log_writes_in_its_own_run_only(verify):
    text = """
        import logging
        logger = logging.getLogger('of_s')
        logger.addHandler(logging.StreamHandler())
        def handle_bar(context, bar): logger.warning('here')
        """
    assert verify(text, "--limit", 1).err == "here\n"


def test_the_log_of_holes_does_not_reach_stderr(strategy, data):
    arguments = [str(strategy(HOLES)), str(data(skip={20}))]
    code = f"from wealthsources_verify.main import app; app({arguments})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "")
