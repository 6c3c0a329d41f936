"""Traces of one step, made by hand."""

from __future__ import annotations

from wealthsources_verify.trace import KeptValue, Step, Trace, TraceEvent


def answer(what="get_price at s.py:1", call="X 1h", result="1 bar", digest=b"1"):
    return TraceEvent("answer", what, call, result, digest)


def order(what="order at s.py:2", call="'X', 1"):
    return TraceEvent("decision", what, call, "", call.encode())


def raised(what="KeyError at s.py:3", text="'a'"):
    return TraceEvent("raised", what, text, "KeyError", b"")


def trace(*events, values=None):
    return Trace(
        [Step(7, False, events, {name: KeptValue(b"%d" % value, str(value)) for name, value in (values or {}).items()})]
    )
