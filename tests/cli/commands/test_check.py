"""`wealthsources check`."""

from __future__ import annotations

import threading

GOOD = """
sources:
  - name: live
    plugin: websocket
    options: {endpoint: ws://127.0.0.1:1/x, csrf_token: hunter2secret, symbols: [BTCUSDT], resolutions: [1h]}
  - plugin: context
"""

BAD = """
sources:
  - name: live
    plugin: websocket
    options: {symbols: [BTCUSDT], resolutions: [1h], csrf_tokn: hunter2secret, pong_timeout: soon}
  - name: other
    plugin: websockets
"""


def test_a_good_configuration_is_approved_with_its_chain(cli, config):
    config(GOOD)
    result = cli("check")
    assert (result.code, result.out, result.err) == (0, "OK: 2 sources: live (websocket), context\n", "")


def test_the_path_may_be_the_argument(cli, config):
    assert cli("check", config(GOOD, "other.yaml")).code == 0


def test_one_path_is_enough(cli, config):
    result = cli("check", config(GOOD), "--config", "config.yaml")
    assert result.code == 2
    assert result.error == "give the configuration once: as argument or with --config"


def test_every_mistake_has_its_line_and_its_place(cli, config):
    config(BAD)
    result = cli("check")
    said, quoted = result.err.splitlines()[::3], result.err.splitlines()[1::3]
    assert result.code == 2
    assert said[0].startswith("config.yaml:5:54: sources[0].options.csrf_tokn: unknown key; did you mean 'csrf_token'?")
    assert said[1].startswith("config.yaml:5:94: sources[0].options.pong_timeout: should be a number")
    assert said[2].startswith("config.yaml:7:13: sources[1]: no plugin 'websockets' is installed; did you mean")
    assert len(said) == 3
    options = "{symbols: [BTCUSDT], resolutions: [1h], csrf_tokn: ***, pong_timeout: soon}"
    assert quoted == [*[f"  |     options: {options}"] * 2, "  |     plugin: websockets"]
    assert result.err.endswith("\n  |             ^^^^^^^^^^\n")


def test_a_mistake_outside_the_sources_is_told(cli, config):
    config("clock: moon\nsources: [{plugin: context}]\n")
    result = cli("check")
    assert result.code == 2
    said = "config.yaml:1:8: clock: should be 'system' or 'feed', received 'moon'"
    assert result.err == f"{said}\n  | clock: moon\n  |        ^^^^\n"


def test_no_secret_is_shown(cli, config):
    config(BAD)
    result = cli("--debug", "check")
    assert "hunter2" not in result.out + result.err


def test_an_optional_source_may_be_broken_and_that_is_said(cli, config):
    config("sources:\n  - plugin: context\n  - {plugin: zgone, optional: true}\n")
    result = cli("check")
    assert (result.code, result.out) == (0, "OK: 1 source: context\n")
    assert result.err.startswith("note: left out, being optional: config.yaml:3:14: sources[1]: no plugin 'zgone'")
    assert result.err.endswith("\n  |   - {plugin: zgone, optional: true}\n  |              ^^^^^\n")


def test_a_plugin_that_is_not_allowed_is_a_mistake(cli, config):
    config("sources: [{plugin: context}]\nplugins: {allow: [file]}\n")
    result = cli("check")
    assert result.code == 2
    assert "plugin 'context' is not in plugins.allow" in result.err


def test_a_source_that_cannot_be_made_is_a_mistake(cli, config, distribution):
    distribution(
        sources="zmine = zmine_module",
        zmine_module="""
            from wealthsources import Source, hookimpl
            class Mine(Source):
                def __init__(self): raise RuntimeError("will not")
                def get_history(self, request): raise NotImplementedError
            @hookimpl
            def wealthsources_register(register): register("zmine", Mine)
        """,
    )
    config("sources: [{plugin: zmine}]")
    result = cli("check")
    assert result.code == 2
    said, *_ = result.err.splitlines()
    assert said == "config.yaml:1:20: sources[0]: source 'zmine' cannot be made: RuntimeError: will not"


def test_nothing_is_started(cli, config, serve):
    server = serve()
    config(GOOD.replace("ws://127.0.0.1:1/x", server.url))
    before = threading.active_count()
    cli("check")
    assert threading.active_count() == before
    assert server.acknowledged == server.refused == 0
