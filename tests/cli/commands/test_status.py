"""`wealthsources status`, with a real market server."""

from __future__ import annotations

import json
import sys

import pytest
from prometheus_client.parser import text_string_to_metric_families

from ..conftest import LONG, TOKEN, tables

LIVE_PLUGIN = """
from wealthsources import Capabilities, Source, SourceStatus, hookimpl
class Mine(Source):
    capabilities = Capabilities(live=True, blocking=False)
    {body}
    def get_history(self, request): raise NotImplementedError
@hookimpl
def wealthsources_register(register): register("zlive", Mine)
"""


@pytest.fixture
def live_plugin(distribution, config):
    """A deployment whose only source is live, and has these lines in its class."""

    def use(body="", optional=False):
        distribution(sources="zlive = zlive_module", zlive_module=LIVE_PLUGIN.replace("{body}", body))
        return config(f"sources: [{{plugin: zlive, optional: {str(optional).lower()}}}]")

    return use


# connecting


def test_a_live_source_that_is_connected_is_shown_with_its_streams_and_exits_with_0(
    cli, serve, live_config, file_source
):
    server = serve()
    live_config(server.url, file_source)
    result = cli("status", "--wait", LONG)
    lines = [line.split() for line in result.out.splitlines()]
    assert result.code == 0
    assert lines[0][:2] == ["clock:", "feed,"]
    assert ["source", "state", "epoch", "reconnects"] in [line[:4] for line in lines]
    assert ["live", "connected", "1", "0"] in [line[:4] for line in lines]
    assert ["archive", "ready"] in lines
    assert ["live", "endpoint", server.url] in lines
    assert ["live", "BTCUSDT", "1h"] in [line[:3] for line in lines]
    assert ["live", "attempts", "1"] in lines
    assert result.err == ""


def test_a_rejected_token_ends_the_wait_and_exits_with_1(cli, serve, live_config):
    live_config(serve().url, token="hunter2secret")
    result = cli("status", "--wait", LONG)
    assert result.code == 1
    assert ["live", "auth_failed"] in [line.split()[:2] for line in result.out.splitlines()]
    assert "wrong or missing csrf_token" in result.out


def test_a_server_that_is_not_there_is_waited_for_and_is_the_reason(cli, serve, live_config):
    server = serve()
    server.stop()
    live_config(server.url)
    result = cli("status", "--wait", 2)
    assert result.code == 1
    assert "Connection refused" in result.out


def test_a_server_that_is_not_there_need_not_be_the_last_word(cli, serve, live_config):
    server, gone = serve(), serve()
    gone.stop()
    live_config(gone.url, fallbacks=(server.url,))
    result = cli("status", "--wait", LONG)
    assert result.code == 0
    assert ["live", "endpoint", server.url] in [line.split() for line in result.out.splitlines()]
    assert "Connection refused" in result.out


@pytest.mark.parametrize("output", [[], ["--json"], ["--prometheus"], ["--debug"]])
@pytest.mark.parametrize("token", [TOKEN, "hunter2secret"])
def test_a_token_is_never_printed(cli, serve, live_config, output, token):
    live_config(serve().url, token=token)
    result = cli("status", "--wait", LONG, *output)
    assert result.code == (token != TOKEN)
    assert token not in result.out + result.err


def test_a_chain_without_live_sources_is_shown_at_once(cli, config, file_source):
    config(f"sources:\n  - plugin: context\n  {file_source}\n")
    result = cli("status", "--wait", LONG)
    assert result.code == 0
    assert result.out.startswith("clock: system, ")
    assert tables(result.out)["source   state  epoch  reconnects"] == [["context", "ready"], ["archive", "ready"]]


def test_a_live_source_without_a_connection_is_as_good_as_connected(cli, live_plugin):
    live_plugin()
    result = cli("status", "--wait", LONG)
    assert (result.code, "ready" in result.out) == (0, True)


def test_without_a_wait_the_state_of_the_moment_is_shown(cli, live_plugin):
    live_plugin("def status(self): return SourceStatus('connecting')")
    result = cli("status", "--wait", 0)
    assert result.code == 1
    assert ["zlive", "connecting"] in [line.split() for line in result.out.splitlines()]


def test_a_live_source_that_does_not_start_is_an_error(cli, live_plugin):
    live_plugin("def start(self, host): raise OSError('no network')")
    result = cli("status", "--wait", LONG)
    assert result.code == 2
    assert "did not start: OSError: no network" in result.error


def test_an_optional_live_source_that_does_not_start_is_not_connected_either(cli, live_plugin):
    live_plugin("def start(self, host): raise OSError('no network')", optional=True)
    result = cli("status", "--wait", LONG)
    assert result.code == 1
    assert ["zlive", "broken"] in [line.split() for line in result.out.splitlines()]
    assert "did not start: OSError: no network" in result.out


# for machines


def test_json_is_the_whole_status(cli, serve, live_config, file_source):
    live_config(serve().url, file_source)
    result = cli("status", "--wait", LONG, "--json")
    status = json.loads(result.out)
    assert result.code == 0
    assert status["clock"] == "feed"
    assert status["sources"]["live"]["state"] == "connected"
    assert status["sources"]["live"]["streams"][0]["symbol"] == "BTCUSDT"
    assert status["sources"]["archive"]["state"] == "ready"


def test_json_exits_with_1_too(cli, serve, live_config):
    live_config(serve().url, token="hunter2secret")
    result = cli("status", "--wait", LONG, "--json")
    assert result.code == 1
    assert json.loads(result.out)["sources"]["live"]["state"] == "auth_failed"


def test_prometheus_prints_the_metrics(cli, serve, live_config):
    live_config(serve().url)
    result = cli("status", "--wait", LONG, "--prometheus")
    found = {family.name: family.samples for family in text_string_to_metric_families(result.out)}
    assert result.code == 0
    assert found["wealthsources_source_up"][0][1:3] == ({"source": "live"}, 1.0)
    assert found["wealthsources_stream_state"][0].labels["symbol"] == "BTCUSDT"


def test_prometheus_without_its_extra_says_the_remedy_and_connects_to_nothing(cli, live_plugin, monkeypatch):
    live_plugin("def start(self, host): raise SystemExit('started')")
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    monkeypatch.delitem(sys.modules, "wealthsources.metrics", raising=False)
    result = cli("status", "--prometheus")
    assert result.code == 2
    assert "needs `pip install 'wealthsources[metrics]'`" in result.error


# wrong use


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--json", "--prometheus"], "give either --json or --prometheus, not both"),
        (["--wait", -1], "wait must be 0 to 86400 seconds, was -1.0"),
        (["--wait", "nan"], "wait must be 0 to 86400 seconds, was nan"),
    ],
)
def test_what_makes_no_sense_exits_with_2(cli, config, arguments, said):
    config("sources: [{plugin: context}]")
    result = cli("status", *arguments)
    assert (result.code, result.error) == (2, said)
