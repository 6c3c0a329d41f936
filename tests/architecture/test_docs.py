"""What the pages of docs/ show is executed as it stands there, and the Chinese twin shows the same."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

import wealthdata

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = ("strategies.md", "strategies.zh-CN.md")
TWINS = (PAGES, ("exchanges.md", "exchanges.zh-CN.md"))
HOUR = 3_600_000
T0 = 1_704_067_200_000


def text(page: str) -> str:
    return (DOCS / page).read_text(encoding="utf-8")


def blocks(page: str, language: str = "python") -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text(page), re.DOTALL)


@pytest.fixture
def context():
    def bars(base: int) -> list[dict]:
        return [
            {
                "open_time": T0 + n * HOUR,
                **dict.fromkeys(("open", "high", "low", "close"), str(base + n)),
                "volume": "1",
            }
            for n in range(60)
        ]

    series = [{"symbol": "BTCUSDT", "timeframe": "1h", "bars": bars(1000)}]
    series.append({"symbol": "ETHUSDT", "timeframe": "1h", "bars": bars(100)})
    made = SimpleNamespace(now_ms=T0 + 50 * HOUR, market_data_context=series)
    wealthdata.set_context(made)
    yield made
    wealthdata.clear_context()


@pytest.mark.parametrize("page", PAGES)
def test_every_python_block_of_the_page_on_strategies_runs(page, context):
    strategy, calls, longer, refused, engine = blocks(page)
    names: dict = {"context": context}
    exec(compile(strategy, page, "exec"), names)
    names["initialize"](context)
    names["handle_data"](context)
    assert context.signal == "hold"
    exec(compile(calls, page, "exec"), names)
    assert (names["last"], names["spread"], names["newest"]) == (1049.0, 900.0, 1049.0)
    exec(compile(longer, page, "exec"), names)
    check_longer(names)
    exec(compile(refused, page, "exec"), names)
    assert "after the backtest's time" in names["reason"]
    del context.signal
    exec(compile(engine, page, "exec"), names)
    assert context.signal == "hold"


def check_longer(names: dict) -> None:
    """What pandas makes of hours by that rule are our own bars, and by its own rule they are not."""
    same, hours = names["same"], names["hours"]
    pd.testing.assert_frame_equal(names["longer"].loc[same.index], same, check_freq=False)
    day = wealthdata.get_price("BTCUSDT", count=1, frequency="1d")
    pd.testing.assert_frame_equal(names["days"].loc[day.index], day, check_freq=False)
    plain = hours["close"].resample("4h").last()
    assert (plain.loc[same.index] != same["close"]).all()


@pytest.mark.parametrize(("english", "chinese"), TWINS)
def test_the_two_languages_show_the_same_code_and_name_the_same_things(english, chinese):
    for language in ("python", "yaml", "sh"):
        assert blocks(english, language) == blocks(chinese, language)
    assert set(re.findall(r"`([^`\n]+)`", text(english))) == set(re.findall(r"`([^`\n]+)`", text(chinese)))


@pytest.mark.parametrize("page", PAGES)
def test_every_function_and_error_that_it_lists_is_there(page):
    rows = re.findall(r"^\| ((?:`\w+`[、, ]*)+) \|", text(page), re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert {"get_price", "history", "FutureDataError"} <= named
    assert named <= set(wealthdata.__all__)


@pytest.mark.parametrize("page", sorted(path.name for path in DOCS.glob("*.md")))
def test_every_link_leads_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)\)", text(page)):
        assert (DOCS / target).exists(), target
