"""Metrics of a session for Prometheus: `REGISTRY.register(SessionCollector(session))`, or `metrics_text(session)`.

They are made from `session.status()` alone, so a scrape never waits for a network. The labels are the names of
sources, symbols, timeframes, states and reasons; times are in seconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from wealthsources.runtime.deployment import UP

try:
    from prometheus_client import generate_latest
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric, UnknownMetricFamily
    from prometheus_client.registry import Collector
except ModuleNotFoundError as error:
    raise ImportError(
        f"wealthsources.metrics needs `pip install 'wealthsources[metrics]'`: there is no module {error.name!r}"
    ) from error

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from wealthsources.model.status import SourceStatus, StreamStatus
    from wealthsources.runtime.session import Session
    from wealthsources.runtime.session_status import SessionStatus

    Samples = Iterable[tuple[tuple[str, ...], float | None]]

#: Counters `<prefix>.<rest>` of sources that have a metric of their own, whose label says the rest.
_OWN: Final = {
    "bars": ("bars", "kind", "Bars that came, by what they were: new, an update, a correction and so on"),
    "lost": ("connections_lost", "reason", "Connections that were lost, or not to be had, by the reason"),
}
_STREAM: Final = ("source", "symbol", "timeframe")


class SessionCollector(Collector):
    """The metrics of one session, for a registry of prometheus-client."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def collect(self) -> Iterator[Metric]:
        """All metrics, as of now."""
        status = self._session.status()
        yield from _of_session(status)
        yield from _of_sources(status.sources)
        yield from _of_counters(status.sources)
        yield from _of_streams(status.sources)
        yield from _of_recorders(status.recorders)


def metrics_text(session: Session) -> str:
    """The metrics in the text format of Prometheus."""
    return generate_latest(SessionCollector(session)).decode()


def _gauge(name: str, text: str, labels: tuple[str, ...], samples: Samples) -> Metric:
    return _filled(GaugeMetricFamily(f"wealthsources_{name}", text, labels=labels), samples)


def _counter(name: str, text: str, labels: tuple[str, ...], samples: Samples) -> Metric:
    return _filled(CounterMetricFamily(f"wealthsources_{name}", text, labels=labels), samples)


def _untyped(name: str, text: str, labels: tuple[str, ...], samples: Samples) -> Metric:
    return _filled(UnknownMetricFamily(f"wealthsources_{name}", text, labels=labels), samples)


def _filled(family: GaugeMetricFamily | CounterMetricFamily | UnknownMetricFamily, samples: Samples) -> Metric:
    for values, value in samples:
        if value is not None:
            family.add_metric(values, value)
    return family


def _of_session(status: SessionStatus) -> Iterator[Metric]:
    now = None if status.now is None else status.now / 1000
    yield _gauge("clock_time_seconds", "Now by the session's clock, since 1970", ("clock",), [((status.clock,), now)])
    lost = "Events that subscribers were too slow for"
    yield _counter("events_lost", lost, (), [((), status.events_lost)])
    conflated = "Events of forming bars that gave way to newer ones of the same bar"
    yield _counter("events_conflated", conflated, (), [((), status.events_conflated)])
    yield _counter("handler_errors", "Exceptions of subscribers", (), [((), status.handler_errors)])


def _of_sources(sources: Mapping[str, SourceStatus]) -> Iterator[Metric]:
    def gauge(name: str, text: str, values: Iterable[float | None]) -> Metric:
        samples = [((source,), value) for source, value in zip(sources, values, strict=True)]
        return _gauge(f"source_{name}", text, ("source",), samples)

    each = sources.values()
    yield gauge("up", "Whether the source can answer: 1 or 0", (status.state in UP for status in each))
    states = [((name, status.state), 1.0) for name, status in sources.items()]
    yield _gauge("source_state", "1 for the state that the source is in", ("source", "state"), states)
    endpoints = [((name, status.endpoint), 1.0) for name, status in sources.items() if status.endpoint]
    yield _gauge("source_endpoint_info", "1 for the endpoint in use", ("source", "endpoint"), endpoints)
    yield gauge("epoch", "Number of the present or last connection", (status.epoch for status in each))
    yield gauge("last_data_age_seconds", "Time since the last bar came", (status.last_data for status in each))
    offset = "How far the server's clock is ahead of ours at least"
    yield gauge("clock_offset_seconds", offset, (status.clock_offset for status in each))


def _of_counters(sources: Mapping[str, SourceStatus]) -> Iterator[Metric]:
    by_reason = [
        ((name, reason), float(count))
        for name, status in sources.items()
        for reason, count in _reconnects(status).items()
    ]
    yield _counter(
        "reconnects", "Connections that were up and had to be made anew, by reason", ("source", "reason"), by_reason
    )
    own: dict[str, list[tuple[tuple[str, ...], float]]] = {prefix: [] for prefix in _OWN}
    others: list[tuple[tuple[str, ...], float]] = []
    for name, status in sources.items():
        for counter, count in status.counters.items():
            what, _, kind = counter.partition(".")
            if what in own and kind:
                own[what].append(((name, kind), count))
            else:
                others.append(((name, what, kind), count))
    for prefix, (metric, label, text) in _OWN.items():
        yield _counter(metric, text, ("source", label), own[prefix])
    yield _untyped(
        "source_count", "Whatever else a source counts; not all of it only grows", ("source", "what", "kind"), others
    )


def _reconnects(status: SourceStatus) -> Mapping[str, int]:
    """By reason; a source may not tell it."""
    if status.reconnects_by_reason or not status.reconnects:
        return status.reconnects_by_reason
    return {"unknown": status.reconnects}


def _of_streams(sources: Mapping[str, SourceStatus]) -> Iterator[Metric]:
    streams: dict[tuple[str, ...], StreamStatus] = {
        (name, stream.symbol, stream.timeframe): stream for name, status in sources.items() for stream in status.streams
    }

    def gauge(name: str, text: str, values: Iterable[float | None]) -> Metric:
        return _gauge(f"stream_{name}", text, _STREAM, zip(streams, values, strict=True))

    each = streams.values()
    states = [((*series, stream.state), 1.0) for series, stream in streams.items()]
    yield _gauge("stream_state", "1 for the state that the stream is in", (*_STREAM, "state"), states)
    yield gauge("idle_seconds", "Time since something arrived", (stream.idle for stream in each))
    yield gauge("bars", "Bars that are held", (stream.bars for stream in each))
    yield gauge("holes", "Holes between the bars that are held", (stream.holes for stream in each))
    empty = "Holes of which an exchange's own history says that there never was a bar"
    yield gauge("verified_empty", empty, (stream.verified_empty for stream in each))
    refused = [(series, stream.refused) for series, stream in streams.items()]
    yield _counter("stream_refused_messages", "Messages that came and were not taken", _STREAM, refused)


def _of_recorders(recorders: Mapping[str, SourceStatus]) -> Iterator[Metric]:
    up = [((name,), float(status.state in UP)) for name, status in recorders.items()]
    yield _gauge("recorder_up", "Whether the recorder writes what comes: 1 or 0", ("recorder",), up)
    counts = [
        ((name, what), float(count)) for name, status in recorders.items() for what, count in status.counters.items()
    ]
    yield _untyped("recorder_count", "What a recorder counts; not all of it only grows", ("recorder", "what"), counts)
