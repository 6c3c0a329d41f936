"""The table of docs/exchanges.md says what the protocols state."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from wealthsources_ccxt.facts import KNOWN
from wealthsources_websocket.exchange_table import table
from wealthsources_websocket.markets import describe_markets
from wealthsources_websocket.protocols import BUILT_IN

DOCS = Path(__file__).resolve().parents[3] / "docs"
EXCHANGES = sorted(set(BUILT_IN) - {"wealthai"})


@pytest.mark.parametrize(("page", "language"), [("exchanges.md", "en"), ("exchanges.zh-CN.md", "zh")])
def test_the_page_holds_the_table_as_it_is_made_today(page, language):
    held = [line for line in (DOCS / page).read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    remedy = f"put what `python -m wealthsources_websocket.exchange_table {language}` prints into docs/{page}"
    assert held == table(language).splitlines(), remedy


@pytest.mark.parametrize("page", ["exchanges.md", "exchanges.zh-CN.md"])
def test_the_page_has_a_section_for_each_exchange(page):
    heads = [line[3:].lower() for line in (DOCS / page).read_text(encoding="utf-8").splitlines() if line[:3] == "## "]
    assert set(EXCHANGES) <= set(heads)


def test_there_is_a_row_for_each_market():
    rows = table().splitlines()[2:]
    assert len(rows) == sum(len(describe_markets(name)) for name in EXCHANGES)
    assert "| `binance` `usdm` | flag | pushed |" in "".join(rows)
    assert all(row.count("|") == 8 for row in [*rows, *table("zh").splitlines()])


@pytest.mark.parametrize("language", ["en", "zh"])
def test_it_is_printed_by_the_module(language):
    command = [sys.executable, "-m", "wealthsources_websocket.exchange_table", language]
    done = subprocess.run(command, capture_output=True, check=True, env={"PYTHONUTF8": "1"})
    assert done.stdout.decode() == table(language)


@pytest.mark.parametrize("exchange", EXCHANGES)
def test_there_is_a_history_of_a_market_where_the_source_of_history_reads_it(exchange):
    words = KNOWN[exchange].words if exchange in KNOWN else ()
    assert {facts.market for facts in describe_markets(exchange) if facts.history_bars != 0} == set(words)
