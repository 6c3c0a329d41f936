"""The table of docs/exchanges.md, made of what the protocols state: `python -m wealthsources_websocket.exchange_table`.

A test holds the page to it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Literal

from wealthsources_websocket.markets import MarketFacts, describe_markets
from wealthsources_websocket.protocols import BUILT_IN, DEFAULT
from wealthsources_websocket.protocols.base import Limits

Language = Literal["en", "zh"]

_HEADS: Final[Mapping[Language, tuple[str, ...]]] = {
    "en": ("exchange, market", "closed by", "quiet minute", "timeframes", "history", "one connection", "wants"),
    "zh": ("交易所与市场", "收盘依据", "无成交的分钟", "周期", "历史", "一个连接", "还需要"),
}
_WORDS: Final[Mapping[Language, Mapping[str, str]]] = {
    "en": {
        "flag": "flag",
        "successor": "successor",
        "pushed": "pushed",
        "none": "no bar",
        "all": "all",
        "newest": "newest {}",
        "no history": "none here",
        "series": "{} series",
        "connects": "{} a minute",
        "lifetime": "{} h",
        "alone": "one at a time",
        "join": ", ",
    },
    "zh": {
        "flag": "标志",
        "successor": "后继",
        "pushed": "推送",
        "none": "没有",
        "all": "全部",
        "newest": "最新 {} 根",
        "no history": "这里没有",
        "series": "{} 个序列",
        "connects": "每分钟 {} 次",
        "lifetime": "{} 小时",
        "alone": "只许一个",
        "join": "、",
    },
}


def table(language: Language = "en") -> str:
    """All markets of all exchanges, as Markdown. The server of WealthAI is none of them and has a page of its own."""
    heads = _HEADS[language]
    rows = [heads, ("---",) * len(heads), *_rows(_WORDS[language])]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _rows(words: Mapping[str, str]) -> Iterator[Sequence[str]]:
    for exchange in sorted(set(BUILT_IN) - {DEFAULT}):
        for facts in describe_markets(exchange):
            yield (
                f"`{exchange}` `{facts.market}`",
                words[facts.closes_by],
                words["pushed" if facts.pushes_quiet_minutes else "none"],
                f"`{' '.join(facts.timeframes)}`",
                _history(facts.history_bars, words),
                words["join"].join(_limits(facts.limits, words)),
                _wants(facts, words),
            )


def _history(bars: int | None, words: Mapping[str, str]) -> str:
    if bars is None:
        return words["all"]
    return words["newest"].format(bars) if bars else words["no history"]


def _limits(limits: Limits, words: Mapping[str, str]) -> Iterator[str]:
    """How many series a connection brings, how often one may be made, and how long one lasts; what is known of it."""
    if limits.series_per_connection is not None:
        yield words["series"].format(limits.series_per_connection)
    if limits.connects_per_minute is not None:
        yield words["connects"].format(limits.connects_per_minute)
    if limits.alone:
        yield words["alone"]
    if limits.lifetime is not None:
        yield words["lifetime"].format(f"{limits.lifetime / 3600:g}")


def _wants(facts: MarketFacts, words: Mapping[str, str]) -> str:
    return words["join"].join(f"`{name}`" for name in facts.wants)


if __name__ == "__main__":
    sys.stdout.write(table("zh" if sys.argv[1:] == ["zh"] else "en"))
