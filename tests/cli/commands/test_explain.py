"""`wealthsources explain`."""

from __future__ import annotations


def test_every_source_is_listed_with_what_came_of_it(cli, serve, live_config, file_source):
    live_config(serve(skip=20).url, "- plugin: context", file_source)
    result = cli("explain", "btc-usdt", "1h", "--count", 15, "--wait", 0.5)
    request, header, live, context, archive, verdict = result.out.splitlines()
    assert result.code == 0
    assert request.startswith("15 bars of btc-usdt 1h up to 2019-08-01 ")
    assert header.split() == ["source", "outcome", "bars", "ms", "reason"]
    assert live.split()[:3] == ["live", "bars", "9"]
    assert context.split() == ["context", "skipped", "no", "context", "is", "bound"]
    assert archive.split()[:3] == ["archive", "bars", "6"]
    assert verdict.startswith("15 bars, ")


def test_without_an_answer_the_reasons_are_printed_and_the_code_is_1(cli, config, file_source):
    config(f"sources:\n  - plugin: context\n  {file_source}\n")
    result = cli("explain", "ETHUSDT", "1h")
    assert result.code == 1
    assert "no context is bound" in result.out
    assert "for ETHUSDT 1h" in result.out
    assert result.err == ""


def test_nothing_that_a_source_says_can_steer_the_terminal(cli, config, distribution):
    distribution(
        sources="zmine = zmine_module",
        zmine_module="""
            from wealthsources import NotHere, Source, hookimpl
            class Mine(Source):
                def get_history(self, request): raise NotHere("red \\x1b]0;title\\x07")
            @hookimpl
            def wealthsources_register(register): register("zmine", Mine)
        """,
    )
    config("sources: [{plugin: zmine}]")
    assert "red \ufffd]0;title\ufffd" in cli("explain", "BTCUSDT", "1h").out


def test_bars_that_are_behind_are_an_answer(cli, config, file_source):
    config(f"sources:\n  {file_source}\n")
    result = cli("explain", "BTCUSDT", "1h")
    assert result.code == 0
    assert "behind: the newest" in result.out


def test_the_deployment_may_refuse_what_is_stale(cli, config, file_source):
    config(f"on_stale: raise\nsources:\n  {file_source}\n")
    result = cli("explain", "BTCUSDT", "1h")
    assert result.code == 1
    assert "StaleDataError: BTCUSDT 1h is stale" in result.out


def test_a_request_without_sense_exits_with_2(cli, config, file_source):
    config(f"sources:\n  {file_source}\n")
    result = cli("explain", "BTCUSDT", "1x")
    assert result.code == 2
    assert result.error.startswith("'1x' is not a timeframe")


def test_a_feed_without_time_is_an_error_with_the_state_of_the_source(cli, serve, live_config):
    server = serve(snapshot=0)
    live_config(server.url)
    result = cli("explain", "BTCUSDT", "1h", "--wait", 0.3)
    assert result.code == 1
    assert "no live bar has come that could be taken; live: connected. Wait for one" in result.error


def test_an_exchange_is_explained_without_a_configuration(cli, serve):
    url = serve(token=None).url
    result = cli("explain", "wealthai", "BTCUSDT", "1h", "--count", 5, "--wait", 3600, "--endpoint", url)
    assert result.code == 0
    assert result.out.splitlines()[2].startswith("wealthai  bars")
    assert "`wealthsources explain binance BTCUSDT 1m`" in cli("explain", "BTCUSDT").error
