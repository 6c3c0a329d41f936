"""What Prometheus is told, read by the library's own parser."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

import wealthsources
from wealthsources import SourceStatus, StreamStatus
from wealthsources.metrics import SessionCollector, metrics_text
from wealthsources.runtime.session_status import SessionStatus

LIVE = SourceStatus(
    "connected",
    endpoint="wss://host/market_data",
    epoch=3,
    reconnects=2,
    reconnects_by_reason={"closed_1006": 1, "data_idle": 1},
    last_data=1.5,
    clock_offset=0.25,
    counters={"attempts": 4, "bars.new": 7, "bars.update": 90, "lost.refused": 2, "server_errors.rate": 1},
    streams=(
        StreamStatus("BTCUSDT", "1h", "live", 20, 1.5, 2, 1, 7),
        StreamStatus("ETHUSDT", "1M", "never_received"),
    ),
)


def session(now: int | None = 1_600_000_000_500, **sources: SourceStatus) -> SimpleNamespace:
    """Whatever has such a status."""
    status = SessionStatus("system", now, "", sources, events_lost=1, events_conflated=2, handler_errors=3)
    return SimpleNamespace(status=lambda: status)


def families(text: str) -> dict[str, object]:
    return {family.name: family for family in text_string_to_metric_families(text)}


def samples(name: str, **sources: SourceStatus) -> dict[tuple[str, ...], float]:
    """The values of one metric, by its labels in their order: source first, then by name."""
    family = families(metrics_text(session(**sources)))[f"wealthsources_{name}"]
    found = {}
    for sample in family.samples:
        labels = dict(sample.labels)
        found[labels.pop("source"), *(value for _, value in sorted(labels.items()))] = sample.value
    return found


@pytest.mark.parametrize(
    ("state", "up"),
    [
        ("connected", 1),
        ("ready", 1),
        ("connecting", 0),
        ("reconnecting", 0),
        ("auth_failed", 0),
        ("failing", 0),
        ("broken", 0),
        ("not started", 0),
    ],
)
def test_a_source_is_up_when_it_can_answer(state, up):
    assert samples("source_up", live=SourceStatus(state)) == {("live",): up}


def test_the_state_of_a_source_is_a_label():
    sources = {"live": LIVE, "archive": SourceStatus("failing")}
    assert samples("source_state", **sources) == {("live", "connected"): 1, ("archive", "failing"): 1}


def test_the_endpoint_of_a_source_that_has_one_is_a_label():
    assert samples("source_endpoint_info", live=LIVE, archive=SourceStatus()) == {("live", LIVE.endpoint): 1}


@pytest.mark.parametrize(
    ("name", "value"),
    [("source_epoch", 3), ("source_last_data_age_seconds", 1.5), ("source_clock_offset_seconds", 0.25)],
)
def test_what_a_source_knows_is_a_gauge(name, value):
    assert samples(name, live=LIVE) == {("live",): value}


@pytest.mark.parametrize("name", ["source_last_data_age_seconds", "source_clock_offset_seconds"])
def test_what_a_source_does_not_know_is_left_out(name):
    assert samples(name, archive=SourceStatus()) == {}


def test_reconnects_are_counted_by_reason():
    assert samples("reconnects", live=LIVE) == {("live", "closed_1006"): 1, ("live", "data_idle"): 1}


def test_reconnects_of_a_source_that_tells_no_reason_are_counted_too():
    assert samples("reconnects", theirs=SourceStatus(reconnects=4)) == {("theirs", "unknown"): 4}


def test_bars_and_lost_connections_have_metrics_of_their_own():
    assert samples("bars", live=LIVE) == {("live", "new"): 7, ("live", "update"): 90}
    assert samples("connections_lost", live=LIVE) == {("live", "refused"): 2}


def test_other_counters_are_labels_their_prefix_apart():
    assert samples("source_count", live=LIVE) == {("live", "", "attempts"): 4, ("live", "rate", "server_errors"): 1}


def test_a_counter_that_has_only_the_name_of_a_prefix_is_another_counter():
    assert samples("source_count", theirs=SourceStatus(counters={"bars": 5})) == {("theirs", "", "bars"): 5}


def test_the_state_of_a_stream_is_a_label():
    assert samples("stream_state", live=LIVE) == {
        ("live", "live", "BTCUSDT", "1h"): 1,
        ("live", "never_received", "ETHUSDT", "1M"): 1,
    }


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("stream_bars", (20, 0)),
        ("stream_holes", (2, 0)),
        ("stream_verified_empty", (1, 0)),
        ("stream_refused_messages", (7, 0)),
    ],
)
def test_each_stream_has_its_numbers(name, values):
    bitcoin, ether = values
    assert samples(name, live=LIVE) == {("live", "BTCUSDT", "1h"): bitcoin, ("live", "ETHUSDT", "1M"): ether}


def test_a_stream_that_never_received_anything_is_not_idle():
    assert samples("stream_idle_seconds", live=LIVE) == {("live", "BTCUSDT", "1h"): 1.5}


def test_a_stream_that_a_source_lists_twice_is_told_once():
    twice = SourceStatus(streams=(StreamStatus("BTCUSDT", "1h", "live"),) * 2)
    family = families(metrics_text(session(theirs=twice)))["wealthsources_stream_state"]
    assert len(family.samples) == 1


def test_the_session_counts_events():
    found = families(metrics_text(session()))
    names = ("events_lost", "events_conflated", "handler_errors")
    assert [found[f"wealthsources_{name}"].samples[0].value for name in names] == [1, 2, 3]
    assert found["wealthsources_events_lost"].samples[0].name == "wealthsources_events_lost_total"


@pytest.mark.parametrize(("now", "values"), [(1_600_000_000_500, [1_600_000_000.5]), (None, [])])
def test_the_clock_is_in_seconds_if_it_has_a_time(now, values):
    family = families(metrics_text(session(now)))["wealthsources_clock_time_seconds"]
    assert [sample.value for sample in family.samples] == values


def test_every_metric_has_a_type_a_help_and_our_prefix():
    found = families(metrics_text(session(live=LIVE)))
    assert len(found) == 22
    assert all(name.startswith("wealthsources_") and family.documentation for name, family in found.items())
    kinds = {name.removeprefix("wealthsources_"): family.type for name, family in found.items()}
    counters = {name for name, kind in kinds.items() if kind == "counter"}
    assert counters == {
        "bars",
        "connections_lost",
        "reconnects",
        "events_lost",
        "events_conflated",
        "handler_errors",
        "stream_refused_messages",
    }
    assert {name for name, kind in kinds.items() if kind == "unknown"} == {"source_count", "recorder_count"}


def test_what_a_source_says_cannot_break_the_format():
    odd = SourceStatus('a"b\\c\nd', counters={'bars."\n': 1})
    assert samples("source_state", odd=odd) == {("odd", 'a"b\\c\nd'): 1}
    assert samples("bars", odd=odd) == {("odd", '"\n'): 1}


def test_a_registry_takes_the_collector_of_a_session_and_refuses_a_second_one():
    registry = CollectorRegistry(auto_describe=True)
    registry.register(SessionCollector(session(live=LIVE)))
    assert generate_latest(registry).decode() == metrics_text(session(live=LIVE))
    with pytest.raises(ValueError, match="Duplicated timeseries"):
        registry.register(SessionCollector(session(live=LIVE)))


def test_a_scrape_asks_no_source_and_starts_none(distribution):
    distribution(
        zmine_module="""
            from wealthsources import Capabilities, Source, hookimpl
            class Mine(Source):
                capabilities = Capabilities(live=True)
                def start(self, host): raise OSError("started")
                def get_history(self, request): raise OSError("asked")
            @hookimpl
            def wealthsources_register(register): register("zmine", Mine)
        """
    )
    with wealthsources.open({"sources": [{"plugin": "zmine"}]}) as opened:
        found = families(metrics_text(opened))
    assert found["wealthsources_source_state"].samples[0].labels == {"source": "zmine", "state": "not started"}


def test_without_the_extra_the_remedy_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    monkeypatch.delitem(sys.modules, "wealthsources.metrics")
    with pytest.raises(ImportError) as caught:
        import wealthsources.metrics  # noqa: F401
    assert str(caught.value) == (
        "wealthsources.metrics needs `pip install 'wealthsources[metrics]'`: there is no module 'prometheus_client'"
    )


def test_recorders_tell_whether_they_write_and_what_they_count():
    recorders = {
        "store": SourceStatus("ready", counters={"written": 5, "waiting": 0}),
        "frames": SourceStatus("paused", "the disk is full"),
    }
    status = SessionStatus("system", None, "", {}, recorders=recorders)
    found = families(metrics_text(SimpleNamespace(status=lambda: status)))
    up = {sample.labels["recorder"]: sample.value for sample in found["wealthsources_recorder_up"].samples}
    assert up == {"store": 1, "frames": 0}
    counted = found["wealthsources_recorder_count"].samples
    assert {(each.labels["recorder"], each.labels["what"]): each.value for each in counted} == {
        ("store", "written"): 5,
        ("store", "waiting"): 0,
    }
