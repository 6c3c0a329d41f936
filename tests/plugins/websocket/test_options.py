"""The options of a websocket source: defaults, refusals, and a token that is never sent or shown by mistake."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from wealthsources import ConfigError
from wealthsources.config.settings import read_config
from wealthsources_websocket.options import WebSocketOptions
from wealthsources_websocket.protocols.wealthai import DEFAULT_ENDPOINT, DEFAULT_FALLBACKS
from wealthsources_websocket.token_rules import BadToken

TOKEN = "hunter2-is-the-token"
FAR = "ws://market.example:9000/data"
SAFE = "wss://market.example:9000/data"


def options(**changes: Any) -> WebSocketOptions:
    return WebSocketOptions(**{"symbols": ["BTCUSDT"], "resolutions": ["1h"]} | changes)


def refusal(**changes: Any) -> str:
    """What is said of options that are refused."""
    with pytest.raises(ValidationError) as caught:
        options(**changes)
    return str(caught.value)


@pytest.fixture
def from_file(tmp_path, monkeypatch):
    """The options of a config.yaml with these lines."""
    monkeypatch.chdir(tmp_path)

    def reading(*lines: str) -> WebSocketOptions:
        text = "sources:\n  - name: live\n    plugin: websocket\n    options:\n"
        Path("config.yaml").write_text(text + "".join(f"      {line}\n" for line in lines), encoding="utf-8")
        return read_config("config.yaml").options(0, WebSocketOptions)

    return reading


# addresses -----------------------------------------------------------------------------------------------------


def test_the_default_endpoint_has_the_default_fallbacks():
    assert options().endpoints == (DEFAULT_ENDPOINT, *DEFAULT_FALLBACKS)


def test_the_default_endpoint_said_aloud_has_the_default_fallbacks():
    assert options(endpoint=DEFAULT_ENDPOINT).endpoints == (DEFAULT_ENDPOINT, *DEFAULT_FALLBACKS)


def test_another_endpoint_has_no_fallbacks():
    assert options(endpoint=SAFE).endpoints == (SAFE,)


def test_fallbacks_are_tried_after_the_endpoint_in_their_order():
    chosen = ("wss://b.example/", "wss://a.example/")
    assert options(endpoint=SAFE, fallbacks=chosen).endpoints == (SAFE, *chosen)


def test_no_fallbacks_means_none_also_for_the_default_endpoint():
    assert options(fallbacks=[]).endpoints == (DEFAULT_ENDPOINT,)


BAD_ADDRESSES = [
    "",
    "market.example:9000",
    "http://market.example/",
    "https://market.example/",
    "wss://",
    "wss:///market_data",
    "wss://:18000/market_data",
    "wss://market.example:port/",
    "wss://market.example:65536/",
    "wss://market.example:0/",
    "wss://market.example/#part",
    "wss://market.example/a path",
    "wss://market.example/a\r\nX-Header: 1",
    "wss://market.exam\tple/",
    " wss://market.example/",
    "wss://[::1/",
    "wss://market.example/\0",
    "wss://market.example/\x1b[2J",
    "\x01wss://market.example/",
]


@pytest.mark.parametrize("address", BAD_ADDRESSES, ids=repr)
@pytest.mark.parametrize("place", ["endpoint", "fallbacks"])
def test_what_is_no_address_of_a_server_is_refused(place, address):
    assert place in refusal(**{place: address if place == "endpoint" else [SAFE, address]})


@pytest.mark.parametrize("address", [f"wss://user:{TOKEN}@market.example/", f"wss://{TOKEN}@market.example/"])
def test_a_password_in_the_address_is_refused_and_not_shown(address):
    said = refusal(endpoint=address)
    assert "csrf_token" in said
    assert TOKEN not in said


def test_the_scheme_of_an_address_may_be_in_capitals():
    assert options(endpoint="WSS://market.example:9000/data").endpoint == SAFE


# the token -----------------------------------------------------------------------------------------------------

THIS_MACHINE = ["ws://localhost:1/", "ws://LOCALHOST/", "ws://127.0.0.1:1/x", "ws://127.8.9.1/", "ws://[::1]:1/"]
OTHERS = [
    FAR,
    "WS://market.example:9000/data",
    "Ws://market.example/",
    "ws://10.0.0.1/",
    "ws://0.0.0.0/",
    "ws://localhost.example/",
    "ws://127.0.0.1.example/",
    "ws://example.localhost.com/",
    "ws://[2001:db8::1]/",
]


@pytest.mark.parametrize("address", OTHERS)
@pytest.mark.parametrize("place", ["endpoint", "fallbacks"])
def test_a_token_is_not_sent_in_the_clear_to_another_machine(place, address):
    addresses = {"endpoint": address} if place == "endpoint" else {"endpoint": SAFE, "fallbacks": [SAFE, address]}
    assert "allow_insecure" in refusal(csrf_token=TOKEN, **addresses)


@pytest.mark.parametrize("address", OTHERS)
def test_a_token_may_be_sent_in_the_clear_if_that_is_said(address):
    assert options(csrf_token=TOKEN, allow_insecure=True, endpoint=address)


@pytest.mark.parametrize("address", THIS_MACHINE)
def test_a_token_may_be_sent_in_the_clear_to_this_machine(address):
    assert options(csrf_token=TOKEN, endpoint=address, fallbacks=[address])


def test_a_token_may_be_sent_over_tls():
    assert options(csrf_token=TOKEN, endpoint=SAFE, fallbacks=[SAFE])


@pytest.mark.parametrize("token", ["t", "1234567"])
def test_a_short_token_is_for_this_machine_or_no_secret(token):
    assert "fewer than 8 characters" in refusal(csrf_token=token, endpoint=SAFE)
    assert "fewer than 8 characters" in refusal(csrf_token=token)
    local = THIS_MACHINE[0]
    assert "fewer than 8 characters" in refusal(csrf_token=token, endpoint=local, fallbacks=[SAFE])
    assert options(csrf_token=token, endpoint=local, fallbacks=THIS_MACHINE).read_token() == token
    assert options(csrf_token=token, endpoint=SAFE, allow_insecure=True).read_token() == token


@pytest.mark.parametrize("token", ["  ", f"{TOKEN}\n", f"{TOKEN}\nand more", f" {TOKEN}", "a-secret\x00token"])
def test_what_no_token_can_be_is_refused_and_not_shown(token):
    said = refusal(csrf_token=token, endpoint=SAFE)
    assert "csrf_token " in said
    assert TOKEN not in said


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is empty"),
        (" \n", "is empty"),
        (f"{TOKEN}\n{TOKEN}\n", "has 2 lines"),
        ("short\n", "fewer than 8 characters"),
        ("x" * 100_000, "more than 65,536 characters"),
    ],
)
def test_a_file_must_hold_a_token_and_nothing_else(tmp_path, text, why):
    (tmp_path / "token").write_text(text)
    with pytest.raises(BadToken, match=why) as caught:
        options(csrf_token_file=str(tmp_path / "token"), endpoint=SAFE).read_token()
    assert TOKEN not in str(caught.value)


def test_a_file_may_end_its_line(tmp_path):
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    assert options(csrf_token_file=str(tmp_path / "token"), endpoint=SAFE).read_token() == TOKEN


@pytest.mark.parametrize(
    ("given", "why"), [(None, "no text"), (SecretStr(TOKEN), "no text"), ("short", "fewer than 8")]
)
def test_what_a_function_returns_must_be_a_token(given, why):
    with pytest.raises(BadToken, match=why):
        options(csrf_token=lambda: given, endpoint=SAFE).read_token()


def test_a_function_may_say_that_there_is_none():
    assert options(csrf_token=lambda: "", endpoint=SAFE).read_token() == ""


def test_without_a_token_nothing_has_to_be_kept_secret():
    assert options(endpoint=FAR, fallbacks=[FAR])


def test_there_is_no_default_token():
    assert options().csrf_token.get_secret_value() == ""


def test_options_show_no_token():
    shown = options(csrf_token=TOKEN)
    assert TOKEN not in f"{shown!r} {shown} {shown.model_dump()} {shown.model_dump_json()}"


MISTAKES = [{"endpoint": FAR}, {"symbols": []}, {"capacity": 1}, {"unknown": 1}, {"fallbacks": [FAR]}]


@pytest.mark.parametrize("mistake", MISTAKES, ids=str)
def test_no_refusal_shows_the_token(mistake):
    assert TOKEN not in refusal(csrf_token=TOKEN, **mistake)


@pytest.mark.parametrize("line", [f"endpoint: {FAR}", "capacity: 1", "unknown: 1", "symbols: {a: [b]}"])
def test_no_refusal_of_a_file_shows_the_token(from_file, line):
    needed = ["symbols: BTCUSDT", "resolutions: 1h", f"csrf_token: {TOKEN}"]
    kept = [each for each in needed if each.partition(":")[0] != line.partition(":")[0]]
    with pytest.raises(ConfigError) as caught:
        from_file(*kept, line)
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize("token", [f"[{TOKEN}]", f"{{a: {TOKEN}}}"])
def test_a_token_that_is_no_text_is_refused_and_not_shown(from_file, token):
    with pytest.raises(ConfigError) as caught:
        from_file("symbols: BTCUSDT", "resolutions: 1h", f"csrf_token: {token}")
    assert "csrf_token" in str(caught.value)
    assert TOKEN not in str(caught.value)


# symbols and resolutions ---------------------------------------------------------------------------------------


def test_symbols_and_resolutions_may_be_texts_with_commas():
    chosen = options(symbols="BTCUSDT, ETHUSDT,", resolutions="1m ,1h")
    assert (chosen.symbols, chosen.resolutions) == (("BTCUSDT", "ETHUSDT"), ("1m", "1h"))


def test_symbols_and_resolutions_may_be_lists():
    chosen = options(symbols=["BTCUSDT", "ETHUSDT"], resolutions=["1m", "1h"])
    assert (chosen.symbols, chosen.resolutions) == (("BTCUSDT", "ETHUSDT"), ("1m", "1h"))


@pytest.mark.parametrize("place", ["symbols", "resolutions"])
@pytest.mark.parametrize("value", ["", " , ", [], None, [""], [" "], [1], 5])
def test_a_subscription_to_nothing_is_refused(place, value):
    assert place in refusal(**{place: value})


def test_what_is_no_timeframe_is_told_with_its_place_and_the_known_ones(from_file):
    with pytest.raises(ConfigError) as caught:
        from_file("symbols: [BTCUSDT]", "resolutions: [1h, 5x]")
    said = str(caught.value)
    assert said.startswith("config.yaml:6: sources[0].options.resolutions[1]: '5x' is not a timeframe; known: 1m, ")


def test_what_is_no_timeframe_is_told_of_a_text_with_commas_too(from_file):
    with pytest.raises(ConfigError, match=r"options\.resolutions: '5x' is not a timeframe"):
        from_file("symbols: BTCUSDT", "resolutions: 1h,5x")


# the rest ------------------------------------------------------------------------------------------------------


def test_an_unknown_option_is_told_with_the_nearest_known_one(from_file):
    with pytest.raises(ConfigError, match=r"config.yaml:7: .*endpont: unknown key; .*endpoint"):
        from_file("symbols: BTCUSDT", "resolutions: 1h", f"endpont: {SAFE}")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("connect_timeout", 0),
        ("ping_interval", -1),
        ("pong_timeout", float("nan")),
        ("data_idle", float("inf")),
        ("backoff_base", 0),
        ("backoff_cap", 1e9),
        ("connects_per_minute", 0),
        ("capacity", 1),
        ("max_message", 0),
        ("bar_push", "all"),
        ("corrections", "maybe"),
        ("protocol", "nobody"),
    ],
)
def test_a_value_out_of_bounds_is_refused_by_its_name(name, value):
    assert name in refusal(**{name: value})


def test_options_cannot_be_changed():
    with pytest.raises(ValidationError):
        options().endpoint = FAR  # type: ignore[misc]


@pytest.mark.parametrize("resolutions", ["1m", "1d"])
def test_how_long_a_connection_may_give_no_sign_of_life_is_no_matter_of_its_bars(resolutions):
    assert options(resolutions=resolutions).data_idle == 90
    assert options(resolutions=resolutions, data_idle=7).data_idle == 7


def test_certificates_are_found_from_the_folder_of_the_file(from_file, tmp_path):
    chosen = from_file("symbols: BTCUSDT", "resolutions: 1h", "ca_file: certificates/ca.pem")
    assert Path(chosen.ca_file).resolve() == (tmp_path / "certificates/ca.pem").resolve()


def test_certificates_with_a_whole_path_are_found_there(from_file):
    assert from_file("symbols: BTCUSDT", "resolutions: 1h", "ca_file: /etc/ca.pem").ca_file == "/etc/ca.pem"


# proxies -------------------------------------------------------------------------------------------------------

PROXY = f"http://the-user:{TOKEN}@proxy.example:3128"
PROXIES = [
    "http://proxy.example:3128",
    PROXY,
    "socks5://127.0.0.1:1080",
    "socks4://proxy.example:1",
    "http://[::1]:80/",
]


@pytest.fixture
def variables(monkeypatch):
    """Sets variables of the environment, after all that name proxies were unset."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)

    def setting(**values: str) -> None:
        for name, value in values.items():
            monkeypatch.setenv(name, value)

    return setting


@pytest.mark.parametrize("said", [{}, {"proxy": "none"}], ids=["unsaid", "none"])
def test_without_a_proxy_the_connection_is_direct_whatever_the_environment_says(variables, said):
    variables(HTTP_PROXY=PROXY, HTTPS_PROXY=PROXY, ALL_PROXY=PROXY, http_proxy=PROXY, https_proxy=PROXY)
    assert [options(**said).proxy_for(url) for url in (SAFE, FAR)] == [None, None]


@pytest.mark.parametrize("proxy", PROXIES)
def test_a_proxy_is_used_for_every_address_whatever_the_environment_says(variables, proxy):
    variables(ALL_PROXY="http://other.example:1", NO_PROXY="*")
    assert [options(proxy=proxy).proxy_for(url) for url in (SAFE, FAR)] == [proxy, proxy]


@pytest.mark.parametrize(
    ("found", "safe", "far"),
    [
        ({}, None, None),
        ({"HTTPS_PROXY": PROXIES[0]}, PROXIES[0], None),
        ({"https_proxy": PROXIES[0]}, PROXIES[0], None),
        ({"HTTP_PROXY": PROXIES[0]}, None, PROXIES[0]),
        ({"ALL_PROXY": PROXIES[2]}, PROXIES[2], PROXIES[2]),
        ({"HTTPS_PROXY": PROXIES[0], "ALL_PROXY": PROXIES[2]}, PROXIES[0], PROXIES[2]),
        ({"ALL_PROXY": PROXIES[2], "NO_PROXY": "*"}, None, None),
        ({"ALL_PROXY": PROXIES[2], "NO_PROXY": "market.example"}, None, None),
        ({"ALL_PROXY": PROXIES[2], "no_proxy": ".example"}, None, None),
        ({"ALL_PROXY": PROXIES[2], "NO_PROXY": "a.example, market.example:9000"}, None, None),
        ({"ALL_PROXY": PROXIES[2], "NO_PROXY": "market.example:9001"}, PROXIES[2], PROXIES[2]),
        ({"ALL_PROXY": PROXIES[2], "NO_PROXY": "other.example"}, PROXIES[2], PROXIES[2]),
        ({"ALL_PROXY": ""}, None, None),
    ],
    ids=str,
)
def test_the_proxies_of_the_environment_are_used_if_that_is_said(variables, found, safe, far):
    chosen = options(proxy="env")
    variables(**found)  # afterwards: they are read before each connection
    assert [chosen.proxy_for(url) for url in (SAFE, FAR)] == [safe, far]


NO_PROXIES = [
    "",
    "maybe",
    "proxy.example:3128",
    "http://",
    "http://:3128",
    "http://proxy.example",
    "http://proxy.example:port",
    "http://proxy.example:0",
    "http://proxy.example:65536",
    "https://proxy.example:3128",
    "ftp://proxy.example:21",
    "http://[::1:3128",
    "http://the-user:12/34@proxy.example:3128",
    "http://the-user:12?34@proxy.example:3128",
    "http://the-user:12#34@proxy.example:3128",
    "http://proxy.example:3128/path",
]


@pytest.mark.parametrize("proxy", NO_PROXIES)
def test_what_is_no_address_of_a_proxy_is_refused_with_an_example(proxy):
    assert "proxy\n" in refusal(proxy=proxy)
    assert "socks5://host:1080" in refusal(proxy=proxy)


@pytest.mark.parametrize(
    "proxy",
    [f"https://the-user:{TOKEN}@proxy.example:1", f"http://the-user:{TOKEN}@proxy.example", f"{TOKEN}@proxy.example:1"],
)
def test_a_proxy_that_is_refused_is_not_shown(from_file, proxy):
    assert TOKEN not in refusal(proxy=proxy)
    with pytest.raises(ConfigError) as caught:
        from_file("symbols: BTCUSDT", "resolutions: 1h", f"proxy: {proxy}")
    assert "proxy" in str(caught.value)
    assert TOKEN not in str(caught.value)


def test_options_do_not_show_the_password_of_a_proxy():
    shown = options(proxy=PROXY)
    text = f"{shown!r} {shown} {shown.model_dump()} {shown.model_dump_json()}"
    assert TOKEN not in text
    assert "the-user" not in text


@pytest.mark.parametrize("mistake", MISTAKES[1:4], ids=str)
def test_no_refusal_shows_the_password_of_a_proxy(mistake):
    assert TOKEN not in refusal(proxy=PROXY, **mistake)


@pytest.mark.parametrize("address", THIS_MACHINE)
@pytest.mark.parametrize("proxy", [PROXIES[0], "env"])
def test_a_token_is_not_sent_in_the_clear_through_a_proxy(variables, address, proxy):
    variables(HTTP_PROXY=PROXIES[0])
    assert "allow_insecure" in refusal(csrf_token=TOKEN, endpoint=address, proxy=proxy)
    assert options(csrf_token=TOKEN, endpoint=address, proxy=proxy, allow_insecure=True)
    assert options(csrf_token=TOKEN, endpoint=SAFE, proxy=proxy)
    assert options(endpoint=address, proxy=proxy)


def test_a_token_may_be_sent_to_this_machine_past_the_proxies_of_the_environment(variables):
    variables(HTTP_PROXY=PROXIES[0], NO_PROXY="127.0.0.1")
    assert options(csrf_token=TOKEN, endpoint="ws://127.0.0.1:1/", proxy="env")


# TLS -----------------------------------------------------------------------------------------------------------


def test_tls_is_at_least_1_2():
    assert options().tls_minimum == "1.2"


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_the_oldest_tls_can_be_said(from_file, version):
    chosen = from_file("symbols: BTCUSDT", "resolutions: 1h", f'tls_minimum: "{version}"')
    assert chosen.tls_minimum == version


@pytest.mark.parametrize("version", ["1.1", "1.0", "SSLv3", "", "1.4", None])
def test_a_tls_that_is_too_old_or_unknown_is_refused_with_the_known_ones(version):
    said = refusal(tls_minimum=version)
    assert "tls_minimum" in said
    assert "'1.2' or '1.3'" in said


def test_a_protocol_that_is_not_known_is_told_with_the_nearest_and_all():
    text = refusal(protocol="Binanc")
    assert "there is no protocol 'Binanc' here; did you mean 'binance'? known: alpaca, binance, " in text
    assert "did you mean" not in refusal(protocol="x" * 100)


def test_a_protocol_that_cannot_be_loaded_says_why(distribution):
    entry = "[wealthsources.protocols]\nacme = acme_protocol:Acme"
    distribution(entry_points=entry, acme_protocol="import no_such_package")
    assert (
        "protocol 'acme' cannot be loaded: importing acme_protocol:Acme of zdist 1.0 raised ModuleNotFoundError: No "
        "module named 'no_such_package'; repair or update what brings it"
    ) in refusal(protocol="acme")
