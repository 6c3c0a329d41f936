"""What the machine is like."""

from __future__ import annotations

import importlib.metadata
import threading

import pytest

from wealthsources.cli.doctor import machine


def test_the_versions_are_those_that_are_installed():
    texts = [line.text for line in machine.versions()]
    assert f"pandas {importlib.metadata.version('pandas')}" in texts
    assert texts[0].startswith("Python 3.")
    assert all(line.level == "ok" for line in machine.versions())


def test_what_is_missing_is_told_with_how_to_get_it(monkeypatch):
    def missing(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", missing)
    told = {line.text: line.level for line in machine.versions()}
    assert told["there is no pandas · pip install pandas"] == "error"
    assert told["there is no websocket-client · pip install 'wealthsources[websocket]', for live bars"] == "warning"


def test_plugins_are_listed_by_their_distribution(distribution):
    distribution("zmine", sources="[wealthsources]\nzmine = zmine_module", zmine_module="raise RuntimeError")
    texts = [line.text for line in machine.plugins()]
    assert "plugins of zmine 1.0: zmine" in texts
    assert f"recorders of wealthsources {importlib.metadata.version('wealthsources')}: frames, store" in texts


def test_a_plugin_without_its_module_and_a_name_that_two_claim_are_warnings(distribution):
    distribution("zgone", sources="[wealthsources]\nzgone = zgone_module")
    distribution("zone", sources="[wealthsources]\nzsame = zone_module", zone_module="")
    distribution("ztwo", sources="[wealthsources]\nzsame = ztwo_module", ztwo_module="")
    texts = [line.text for line in machine.plugins() if line.level == "warning"]
    assert texts[0].startswith("'zgone' of zgone 1.0 has no module 'zgone_module' · reinstall zgone")
    assert len(texts) == 3
    assert all("uninstall all of them but one" in text for text in texts[1:])


def test_threads_that_run_before_a_fork_are_named():
    end = threading.Event()
    thread = threading.Thread(target=end.wait, name="somebody's", daemon=True)
    thread.start()
    try:
        line = machine.forks()
    finally:
        end.set()
        thread.join()
    assert line.level == "warning"
    assert "somebody's" in line.text
    assert "start method " in line.text


@pytest.mark.parametrize(
    ("environment", "text"),
    [
        ({}, "the environment names none"),
        ({"https": "http://user:a-password@host:3128/x?y"}, "HTTPS_PROXY is http://host:3128;"),
        ({"all": "host"}, "ALL_PROXY is http://host;"),
        ({"no": "localhost"}, "NO_PROXY is localhost"),
        ({"http": "http://[host"}, "HTTP_PROXY is no address;"),
    ],
)
def test_proxies_are_shown_without_their_secrets(environment, text):
    (line,) = machine.proxies(environment)
    assert line.text.startswith(text)
    assert "a-password" not in line.text


def test_all_of_it_is_told():
    assert {line.about for line in machine.machine()} == {"versions", "plugins", "processes", "proxies"}
