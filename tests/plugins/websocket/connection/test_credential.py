"""The token as it is read before a connection."""

from __future__ import annotations

import pytest

from wealthsources import ConfigError
from wealthsources_websocket.connection.credential import no_credential, read_credential
from wealthsources_websocket.errors import ConnectionLost
from wealthsources_websocket.options import WebSocketOptions


def options(**given) -> WebSocketOptions:
    return WebSocketOptions(endpoint="wss://market.example/", symbols=["BTCUSDT"], resolutions=["1m"], **given)


def test_a_token_that_is_the_same_is_the_credential_before():
    first = read_credential(options(csrf_token="the-first-token"), no_credential())
    assert first.text == "the-first-token"
    assert read_credential(options(csrf_token="the-first-token"), first) is first


def test_no_token_is_the_empty_credential():
    none = no_credential()
    assert read_credential(options(), none) is none


def test_the_token_and_the_one_before_it_are_taken_out_of_texts():
    first = read_credential(options(csrf_token="the-first-token"), no_credential())
    second = read_credential(options(csrf_token="the-second-token"), first)
    assert second.redact("not the-first-token but the-second-token") == "not *** but ***"


def test_a_function_that_fails_loses_the_connection_and_its_words_are_not_told():
    def fail() -> str:
        raise RuntimeError("the-secret")

    with pytest.raises(ConnectionLost, match=r"^token: csrf_token cannot be read: RuntimeError$"):
        read_credential(options(csrf_token=fail), no_credential())


def test_at_the_start_a_file_that_is_not_there_is_a_mistake_of_the_configuration(tmp_path):
    chosen = options(csrf_token_file=str(tmp_path / "token"))
    with pytest.raises(ConfigError, match=r"csrf_token_file .*token: No such file"):
        read_credential(chosen, no_credential(), at_start=True)
    with pytest.raises(ConnectionLost, match="cannot be read: FileNotFoundError"):
        read_credential(chosen, no_credential())
