"""What a session says of itself over HTTP."""

from __future__ import annotations

import json
import sys
import time

import pytest

import wealthsources
from wealthsources.cli.health_pages import health_pages

from ..support.waiting import wait_until
from .conftest import TOKEN


@pytest.fixture
def session(serve, live_config):
    """Opens the session of a configuration; its live sources are started."""
    opened = []

    def start(*arguments, path=None, **options):
        made = wealthsources.open(path or live_config(*arguments, **options))
        opened.append(made)
        made.start()
        made.start_live()
        return made

    yield start
    for each in opened:
        each.stop()


def ready(session):
    page = health_pages(session)["/readyz"]()
    return page.status, json.loads(page.body)


def test_the_process_lives_whatever_the_sources_do(session, closed_port):
    page = health_pages(session(f"ws://127.0.0.1:{closed_port}/"))["/healthz"]()
    assert (page.status, page.body) == (200, "ok\n")


def test_it_is_ready_once_every_live_source_is_live(session, serve, file_source):
    opened = session(serve().url, file_source)
    wait_until(lambda: ready(opened)[0] == 200)
    assert ready(opened)[1] == {
        "ready": True,
        "why": [],
        "sources": {"live": "connected", "archive": "ready"},
        "recorders": {},
    }


def test_without_a_connection_it_is_not_and_says_why(session, closed_port):
    opened = session(f"ws://127.0.0.1:{closed_port}/")
    wait_until(lambda: "refused" in ready(opened)[1]["why"][0])
    status, said = ready(opened)
    assert (status, said["ready"]) == (503, False)
    assert said["why"][0].startswith("live: ")
    assert f"127.0.0.1:{closed_port}" in said["why"][0]


def test_a_connection_that_is_lost_ends_it(session, serve):
    server = serve()
    opened = session(server.url)
    wait_until(lambda: ready(opened)[0] == 200)
    server.stop()
    wait_until(lambda: ready(opened)[0] == 503)
    assert TOKEN not in json.dumps(ready(opened)[1])


def test_a_series_that_has_nothing_yet_is_named(session, serve, config):
    options = {"endpoint": serve().url, "csrf_token": TOKEN, "symbols": ["BTCUSDT", "ETHUSDT"], "resolutions": ["1h"]}
    opened = session(path={"clock": "feed", "sources": [{"name": "live", "plugin": "websocket", "options": options}]})
    wait_until(lambda: ready(opened)[1]["why"] == ["live: ETHUSDT 1h is never_received"])


def test_without_live_sources_it_is_ready(session, file_config):
    assert ready(session(path=file_config))[0] == 200


def test_what_is_left_out_is_not_waited_for(session, serve):
    opened = session(serve().url, "- {plugin: nowhere, optional: true}")
    wait_until(lambda: ready(opened)[0] == 200)
    assert ready(opened)[1]["sources"]["nowhere"] == "broken"


def test_the_metrics_are_those_of_the_session(session, serve):
    page = health_pages(session(serve().url))["/metrics"]()
    assert page.status == 200
    assert 'wealthsources_source_up{source="live"}' in page.body
    assert page.kind == "text/plain; version=0.0.4; charset=utf-8"


def test_without_the_extra_the_page_says_what_to_install(session, file_config, monkeypatch):
    for name in list(sys.modules):
        if name == "wealthsources.metrics" or name.partition(".")[0] == "prometheus_client":
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    page = health_pages(session(path=file_config))["/metrics"]()
    assert page.status == 501
    assert "pip install 'wealthsources[metrics]'" in page.body


def test_many_who_ask_cost_no_more_than_one(session, file_config, monkeypatch):
    opened = session(path=file_config)
    asked = []
    status = opened.status
    monkeypatch.setattr(opened, "status", lambda: asked.append(1) or status())
    page = health_pages(opened)["/readyz"]
    began = time.monotonic()
    for _ in range(500):
        page()
    assert len(asked) <= 1 + (time.monotonic() - began) / 0.25
