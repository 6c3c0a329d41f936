"""Row A20 of the table of faults: every endpoint is down for an hour, in virtual time, and once in real time."""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Iterator

import pytest

from wealthsources_websocket.connection.budget import ConnectBudget
from wealthsources_websocket.connection.reconnect import Backoff, ConnectPlan
from wealthsources_websocket.errors import ConnectionLost

HOUR, MINUTE = 3600.0, 60.0
BASE, CAP, BUDGET = 0.5, 60.0, 20  # the defaults

ONE_HOST = tuple(f"wss://a.example:{port}/" for port in (18000, 18001, 18002))
THREE_HOSTS = tuple(f"wss://{name}.example/" for name in "abc")


def attempts(plan: ConnectPlan) -> Iterator[tuple[float, str]]:
    """All attempts from 0.0 on, as (monotonic seconds, address), in virtual time; every one of them is refused."""
    now = 0.0
    while True:
        while (wait := plan.attempt(now)) > 0:
            now += wait
        yield now, plan.current
        now += plan.lost(ConnectionLost("refused"), now)


def hour(plan: ConnectPlan) -> list[tuple[float, str]]:
    return list(itertools.takewhile(lambda attempt: attempt[0] < HOUR, attempts(plan)))


@pytest.mark.parametrize("urls", [ONE_HOST[:1], ONE_HOST, THREE_HOSTS], ids=["one", "three", "three hosts"])
def test_a20_delays_grow_to_the_cap_with_jitter(urls):
    """Is down for an hour, with all its endpoints → delays grow to 60 s, each chosen at random between 0 and that."""
    rng, spans, delays = random.Random(20), [], []

    def uniform(least: float, most: float) -> float:
        spans.append((least, most))
        delays.append(rng.uniform(least, most))
        return delays[-1]

    hour(ConnectPlan(urls, Backoff(BASE, CAP, uniform), ConnectBudget(), BUDGET))
    assert spans[:9] == [(0, 0.5), (0, 1), (0, 2), (0, 4), (0, 8), (0, 16), (0, 32), (0, 60), (0, 60)]
    assert set(spans[9:]) == {(0, 60)}
    assert len(delays) > 60
    assert max(delays) <= CAP
    assert min(delays[9:]) < 10 < 50 < max(delays[9:])


@pytest.mark.parametrize("cap", [CAP, 1.0], ids=["the default cap", "a cap of 1 s"])
@pytest.mark.parametrize("urls", [ONE_HOST[:1], ONE_HOST, THREE_HOSTS], ids=["one", "three", "three hosts"])
def test_a20_attempts_stay_within_the_budget(urls, cap):
    """Is down for an hour, with all its endpoints → never more than 20 attempts on a host in any minute."""
    plan = ConnectPlan(urls, Backoff(BASE, cap, random.Random(20).uniform), ConnectBudget(), BUDGET)
    tried = hour(plan)
    assert {url for _, url in tried} == set(urls)
    groups = [{url} for url in urls] if urls is THREE_HOSTS else [set(urls)]
    for group in groups:
        times = [at for at, url in tried if url in group]
        assert all(late - early >= MINUTE - 1e-6 for early, late in zip(times, times[BUDGET:], strict=False))
    if cap < CAP:
        assert len(tried) > 0.9 * len(groups) * BUDGET * HOUR / MINUTE  # it was the budget that held them back


@pytest.mark.parametrize(
    ("urls", "back"),
    [(ONE_HOST[:1], ONE_HOST[0]), *((ONE_HOST, url) for url in ONE_HOST), (THREE_HOSTS, THREE_HOSTS[1])],
    ids=["the only one", "first of three", "second of three", "third of three", "one of three hosts"],
)
def test_a20_one_endpoint_returns_after_an_hour(urls, back):
    """Returns with one endpoint after an hour → that one is tried within 60 s."""
    for seed in range(50):
        plan = ConnectPlan(urls, Backoff(BASE, CAP, random.Random(seed).uniform), ConnectBudget(), BUDGET)
        found = next(at for at, url in attempts(plan) if at >= HOUR and url == back)
        assert found - HOUR <= CAP


def test_a20_all_endpoints_go_and_one_returns(case, caplog):
    """Goes away with all its endpoints, then returns with one → attempts go round until that one is found."""
    servers = [case.serve() for _ in range(3)]
    cap = 0.1
    case.open(servers[0].url, fallbacks=[server.url for server in servers[1:]], backoff_cap=cap)
    case.connected()
    case.play(1.5)
    case.until(case.closed)
    for server in servers:
        server.close_port()
    servers[0].peers[0].cut()
    case.counted("lost.refused", 12)
    assert case.status.state == "reconnecting"
    servers[1].open_port()
    case.connected(2)
    assert case.status.endpoint == servers[1].url
    assert [server.accepted for server in servers] == [1, 1, 0]
    assert max(float(text) for text in re.findall(r"next attempt in ([0-9.]+) s", caplog.text)) <= cap
