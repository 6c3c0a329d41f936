"""How MEXC speaks."""

from __future__ import annotations

from wealthsources_simulator.exchanges.mexc import MEXC

from .talking import EIGHT, MINUTE

BINARY = 0x2


def topic(symbol: str, window: str = "Min1") -> str:
    return f"spot@public.kline.v3.api.pb@{symbol}@{window}"


def subscribe(*names: str):
    return {"method": "SUBSCRIPTION", "params": list(names)}


def futures(symbol: str):
    return {"method": "sub.kline", "param": {"symbol": symbol, "interval": "Min1"}}


def read(data: bytes) -> dict[int, int | bytes]:
    """The fields of a message of protobuf, in another way than they were written."""

    def number() -> int:
        nonlocal place
        value = shift = 0
        while True:
            byte = data[place]
            place += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                return value

    place, fields = 0, {}
    while place < len(data):
        key = number()
        value: int | bytes = number()
        if key & 7 == 2:
            value, place = data[place : place + int(value)], place + int(value)
        fields[key >> 3] = value
    return fields


def test_texts_are_acknowledged_in_json_and_a_refusal_looks_like_an_acknowledgement(talk):
    one = talk(MEXC(), ("BTCUSDT", "ETHUSDT"))
    one.say(subscribe(topic("BTCUSDT"), topic("ETHUSDT"), topic("FOOUSDT")))
    assert one.hears(2) == [
        {"id": 0, "code": 0, "msg": f"{topic('BTCUSDT')},{topic('ETHUSDT')}"},
        {"id": 0, "code": 0, "msg": f"Not Subscribed successfully! [{topic('FOOUSDT')}].  Reason: Blocked!"},
    ]


def test_a_bar_is_protobuf_with_nine_fields(talk):
    one = talk(MEXC(), ("BTCUSDT",), updates=0)
    one.asks(subscribe(topic("BTCUSDT")))
    one.market.play(1)
    opcode, payload = one.client.frame()
    assert opcode == BINARY
    wrapper = read(payload)
    body = read(wrapper.pop(308))
    assert wrapper == {1: topic("BTCUSDT").encode(), 3: b"BTCUSDT", 5: EIGHT + MINUTE + 1000}
    assert body == {
        1: b"Min1",
        2: EIGHT // 1000,
        3: b"91000.10",
        4: b"91006.20",
        5: b"91010.00",
        6: b"90990.50",
        7: b"12.90000",
        8: b"1173979.9800000",
        9: (EIGHT + MINUTE) // 1000,
    }


def test_more_than_thirty_are_acknowledged_and_thirty_are_sent(talk):
    symbols = tuple(f"S{place}USDT" for place in range(32))
    one = talk(MEXC(), symbols, updates=0)
    one.asks(subscribe(*map(topic, symbols[:16])))
    assert one.asks(subscribe(*map(topic, symbols[16:])))["msg"].count("Min1") == 16
    one.market.play(1)
    for _ in range(30):
        assert one.client.frame()[0] == BINARY
    assert one.hears_nothing()


def test_futures_speak_json_and_their_volume_counts_contracts(talk):
    one = talk(MEXC("perps"), ("BTC_USDT",), updates=0)
    assert one.asks(futures("BTC_USDT")).items() >= {"channel": "rs.sub.kline", "data": "success"}.items()
    assert one.asks(futures("FOO_USDT"))["channel"] == "rs.error"
    one.market.play(1)
    event = one.hear()
    assert (event["channel"], event["symbol"]) == ("push.kline", "BTC_USDT")
    assert event["data"] == {
        "symbol": "BTC_USDT",
        "interval": "Min1",
        "t": EIGHT // 1000,
        "o": 91000.1,
        "c": 91006.2,
        "h": 91010,
        "l": 90990.5,
        "a": 1173979.98,
        "q": 1290,
        "ro": 91000.1,
        "rc": 91006.2,
        "rh": 91010,
        "rl": 90990.5,
    }


def test_pings_are_answered_and_silence_is_cut(talk):
    assert talk(MEXC(), ("BTCUSDT",)).asks({"method": "PING"}) == {"id": 0, "code": 0, "msg": "PONG"}
    assert talk(MEXC("perps"), ("BTC_USDT",)).asks({"method": "ping"})["channel"] == "pong"
    assert talk(MEXC(pace=0.001), ("BTCUSDT",)).is_cut()
    assert talk(MEXC("perps", pace=0.001), ("BTC_USDT",)).is_cut()


def test_what_is_no_request_is_refused(talk):
    assert talk(MEXC(), ("BTCUSDT",)).asks("hello")["code"] == 1
    assert talk(MEXC("perps"), ("BTC_USDT",)).asks("hello")["channel"] == "rs.error"
    assert "Blocked" in talk(MEXC(), ("BTCUSDT",)).asks(subscribe("x"))["msg"]
