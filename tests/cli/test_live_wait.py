"""A session for one answer: what it waits for, and when that ends."""

from __future__ import annotations

import csv
import io
import sys
from types import SimpleNamespace

import pytest

from wealthsources import RequestError
from wealthsources.cli import live_wait
from wealthsources.cli.exchange_config import Exchange
from wealthsources.cli.live_wait import Question, answering, read_question, stale_policy
from wealthsources.cli.series_arguments import Wanted
from wealthsources.runtime.engine import Policy

from .conftest import LONG, SILENT, table, values


def test_the_wait_ends_when_the_live_source_holds_the_bars(cli, serve, live_config, archive):
    live_config(serve(manual=False, snapshot=0, skip=0, rate=0, limit=30).url)
    result = cli("get", "BTCUSDT", "1h", "--count", 29, "--wait", LONG, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(result.out)))
    assert values(rows) == values(archive[:29])


def test_when_the_wait_is_over_there_is_what_there_is(cli, serve, live_config):
    live_config(serve().url)
    result = cli("get", "BTCUSDT", "1h", "--count", 20, "--wait", 0.5)
    assert result.code == 0
    assert result.out.splitlines()[-1] == "9 of 20 bars of BTCUSDT 1h: 9 from live"
    assert "note: no source has more than these 9 of 20 bars" in result.err


def test_a_series_that_no_live_source_has_is_not_waited_for(cli, serve, live_config):
    live_config(serve().url)
    result = cli("get", "ETHUSDT", "1h", "--wait", LONG)
    assert result.code == 1
    assert "live: skipped - does not know ETHUSDT" in result.error


def test_a_chain_without_live_sources_answers_at_once(cli, file_config, archive):
    result = cli("get", "BTCUSDT", "1h", "--count", 2, "--wait", LONG)
    assert values(table(result.out)) == values(archive[-2:])


def test_a_rejected_token_ends_the_wait_and_is_the_reason(cli, serve, live_config):
    live_config(serve().url, token="hunter2secret")
    result = cli("get", "BTCUSDT", "1h", "--wait", LONG)
    assert result.code == 1
    assert "no live bar has come that could be taken; live: auth_failed (" in result.error
    assert "hunter2" not in result.err


def test_a_server_that_is_not_there_is_the_reason(cli, serve, live_config):
    server = serve()
    server.stop()
    live_config(server.url)
    result = cli("get", "BTCUSDT", "1h", "--wait", 0.5)
    assert result.code == 1
    assert "Connection refused" in result.error


def test_a_feed_clock_without_a_live_source_is_said(cli, config, file_source):
    config(f"clock: feed\nsources:\n  {file_source}\n")
    assert cli("get", "BTCUSDT", "1h").error.startswith(
        "the feed's clock has no time yet: no live bar has come that could be taken; the chain has no live source."
    )


def test_no_wait_is_possible(cli, serve, live_config):
    live_config(serve().url)
    assert cli("get", "BTCUSDT", "1h", "--wait", 0).code in (0, 1)


def test_a_stale_live_source_is_waited_for(cli, config, distribution, monkeypatch):
    distribution(sources="zsilent = zsilent_module", zsilent_module=SILENT)
    config("clock: feed\nsources: [{plugin: zsilent}]\n")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm-256color")
    assert "up to 0.2 s for zsilent: ready, stale" in cli("get", "BTCUSDT", "1h", "--count", 1, "--wait", 0.2).err


# the question


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("BTCUSDT", "7h", 5, 1), "'7h' is not a timeframe"),
        ((" ", "1h", 5, 1), "the symbol is empty; give one such as BTCUSDT"),
        (("BTCUSDT", "1h", 0, 1), "count must be at least 1, was 0"),
        (("BTCUSDT", "1h", 5, -1), "wait must be 0 to 86400 seconds"),
    ],
)
def test_a_question_without_sense_is_refused_at_once(arguments, why):
    with pytest.raises(RequestError, match=why):
        Question(*arguments)


@pytest.mark.parametrize(("policy", "found"), [(None, "mark"), ("mark", "mark"), ("raise", "raise")])
def test_whoever_looks_wants_to_see_what_there_is_unless_the_deployment_says_otherwise(policy, found):
    adapter = SimpleNamespace(session=SimpleNamespace(policy=Policy(on_stale=policy)))
    assert stale_policy(adapter) == found


def test_where_a_history_stands_behind_it_a_stream_that_is_up_is_enough(serve, live_config, file_source):
    path = live_config(serve(snapshot=0, skip=0).url, file_source)
    path.write_text(path.read_text().replace("clock: feed", "clock: system"))  # as it is for an exchange
    question = Question("BTCUSDT", "1h", 20, LONG, held=0)
    with answering(path, question) as adapter:
        assert adapter.session.status().sources["live"].state == "connected"


def test_of_an_exchange_with_a_history_no_older_bars_are_waited_for(monkeypatch):
    for history, held in ((True, 0), (False, None)):
        monkeypatch.setattr(live_wait, "find_config", lambda run, wanted, history=history: ("made", history))
        wanted = Wanted(Exchange("okx"), "BTCUSDT", "1m")
        assert read_question(None, wanted, 5, 1.0) == ("made", Question("BTCUSDT", "1m", 5, 1.0, held))


LOADING = """
import itertools
from wealthsources import Bars, Source, SourceStatus, hookimpl
class Slow(Source):
    looks = itertools.count()
    def get_history(self, request):
        one = dict(open_time=request.end // 3_600_000 * 3_600_000 - 3_600_000, **dict.fromkeys(
            ("open", "high", "low", "close", "volume"), "1"))
        return Bars.from_records(request.symbol, request.timeframe, [one])
    def status(self):
        return SourceStatus("loading", "its markets are being loaded") if next(self.looks) < 5 else SourceStatus()
@hookimpl
def wealthsources_register(register): register("zslow", Slow)
"""


def test_a_source_that_is_getting_ready_is_waited_for(config, distribution):
    distribution(sources="zslow = zslow_module", zslow_module=LOADING)
    with answering(config("sources: [{plugin: zslow}]"), Question("BTCUSDT", "1h", 1, LONG)) as adapter:
        assert adapter.session.status().sources["zslow"].state == "ready"
        assert len(adapter.get_history("BTCUSDT", 1, "1h", on_stale="mark")) == 1
