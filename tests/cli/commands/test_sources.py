"""`wealthsources sources`."""

from __future__ import annotations

import sys

from wealthsources import __version__

CHAIN = """
sources:
  - {name: live, plugin: websocket, options: {symbols: [BTCUSDT], resolutions: [1h], csrf_token: hunter2secret}}
  - {name: spare, plugin: websocket, optional: true, options: {symbols: [BTCUSDT], resolutions: [5x]}}
  - plugin: context
"""


def rows(text):
    return [line.split() for line in text.splitlines()]


def test_sources_are_listed_in_the_order_of_the_chain(cli, config):
    config(CHAIN)
    result = cli("sources")
    assert result.code == 0
    assert rows(result.out)[:4] == [
        ["#", "source", "plugin", "state", "live", "from"],
        ["1", "live", "websocket", "enabled", "live", "wealthsources", __version__],
        ["2", "spare", "websocket", "left", "out", "wealthsources", __version__],
        ["3", "context", "context", "enabled", "no", "wealthsources", __version__],
    ]


def test_what_is_wrong_with_a_source_is_told(cli, config):
    config(CHAIN)
    assert "spare is left out: config.yaml:4:98: sources[1].options.resolutions[0]: '5x' is not" in cli("sources").out


def test_a_broken_source_exits_with_2(cli, config):
    config("sources:\n  - plugin: context\n  - plugin: zgone\n")
    result = cli("sources")
    assert result.code == 2
    assert ["2", "zgone", "zgone", "broken"] in rows(result.out)
    assert "zgone is broken: config.yaml:3:13: sources[1]: no plugin 'zgone' is installed" in result.out


def test_no_secret_is_shown(cli, config):
    config(CHAIN)
    result = cli("--debug", "sources")
    assert "hunter2" not in result.out + result.err


def test_plugins_that_are_not_used_are_listed_without_being_imported(cli, config, distribution):
    distribution(sources="zmine = zmine_module", zmine_module="raise SystemExit('imported')")
    config("sources: [{plugin: context}]")
    result = cli("sources")
    assert result.code == 0
    assert ["zmine", "zdist", "1.0"] in rows(result.out.partition("installed, but not used:")[2])


def test_a_plugin_that_is_not_allowed_is_said_to_be(cli, config):
    config("sources: [{plugin: context}]\nplugins: {allow: [context, file]}\n")
    assert "not in plugins.allow" in next(line for line in cli("sources").out.splitlines() if "websocket" in line)


def test_an_unused_plugin_without_its_module_is_said_to_be_broken(cli, distribution):
    distribution(sources="zmine = zgone.plugin")
    assert "broken: there is no module 'zgone'; reinstall zdist" in cli("sources").out


def test_an_unused_plugin_that_two_distributions_claim_is_said_to_be_broken(cli, distribution):
    distribution("zone", sources="zmine = zmine_module", zmine_module="")
    distribution("ztwo", sources="zmine = zother_module", zother_module="")
    assert cli("sources").out.count("broken: the name is claimed more than once") == 2


def test_without_a_configuration_what_is_installed_is_listed(cli):
    result = cli("sources")
    assert result.code == 0
    assert result.out.startswith("installed:\n")
    assert "there is no config.yaml here" in result.err
    assert ["websocket", "wealthsources", __version__] in rows(result.out)


def test_a_configuration_that_cannot_be_read_is_an_error(cli, config):
    config("sources: [")
    result = cli("sources")
    assert (result.code, result.out) == (2, "")
    assert result.error.startswith("config.yaml:")


def test_commands_of_plugins_are_listed(cli):
    assert ["simulate", "works", "wealthsources", __version__] in rows(cli("sources").out)


def test_a_command_that_cannot_be_imported_is_listed_with_the_reason(cli, distribution):
    distribution(commands="hello = zmod:app", zmod="raise RuntimeError('no')")
    result = cli("sources")
    assert result.code == 0
    assert ["hello", "broken", "zdist", "1.0"] in rows(result.out)
    assert "hello is broken: importing zmod:app of zdist 1.0 raised RuntimeError: no" in result.out


def test_nothing_is_connected(cli, config, serve):
    server = serve()
    config(CHAIN.replace("csrf_token", f"endpoint: '{server.url}', csrf_token"))
    cli("sources")
    assert server.acknowledged == server.refused == 0


def test_a_terminal_gets_colors(cli, config, monkeypatch):
    config(CHAIN)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert "\x1b[32menabled" in cli("sources").out
