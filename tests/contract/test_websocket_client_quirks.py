"""The library websocket-client as transport/ knows it: an upgrade of the library that changes this is seen here.

The numbers are those of docs/websocket-client-quirks.md. A test of a quirk fails when the quirk is gone, which is
good news: a way around may go. A test of what transport/ relies on fails when a way around no longer works. Either
says so, in a sentence. Only the library is tested here, on real sockets; what we make of it is tested elsewhere.

The rows on connecting and on frames have files of their own beside this one.

Rows with tests: W1, W6, W7, W8, W12 to W21, W23 to W25, W27, W30, W32.

Rows without:
- W2, W3, W4, W5, W9, W10, W11, W22, W28, W29, W31 are about `run_forever`, its pings, callbacks, threads and
  dispatchers. Nothing of ours calls it; the first test sees to that.
- W26 is the wall clock, in `close()` and `run_forever`. Our goodbye calls neither.
- W33, behaviour that changes in patch releases, is why there is this file.
"""

from __future__ import annotations

import ast
import inspect
import re
import socket
import struct
import tomllib
from pathlib import Path

import pytest
import websocket
from websocket import WebSocketConnectionClosedException, WebSocketException, WebSocketProtocolException

from ..support.markets import ROOT
from ..support.waiting import wait_until
from ..support.wire import BINARY, CLOSE, PING, PONG, TEXT, frame
from .quirks import NORMAL, PATIENCE, PAYLOAD, failure_at_once, frames_of, quirk, relied_on, shut_down, stuck

UNUSED = {"WebSocketApp", "run_forever", "setReconnect", "create_connection", "setdefaulttimeout", "enableTrace"}
UNUSED |= {"recv_data", "recv_data_frame", "send_close"}


def names_in(path: Path) -> set[str]:
    """Every name, attribute and imported name of a module."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    names = {node.id for node in nodes if isinstance(node, ast.Name)}
    names |= {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    return names | {node.name for node in nodes if isinstance(node, ast.alias)}


@pytest.mark.parametrize("folder", ["wealthsources", "wealthdata", "plugins"])
def test_what_the_rows_without_a_test_are_about_is_used_nowhere(folder):
    paths = list((ROOT / folder).rglob("*.py"))
    assert paths
    for path in paths:
        used = sorted(names_in(path) & UNUSED)
        assert not used, f"{path.name} uses {used}; first test here the rows on run_forever, or whatever covers it"


# W8: versions --------------------------------------------------------------------------------------------------


def version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text)[:3])


def test_w8_no_version_that_breaks_close_is_allowed_nor_one_older_than_this_file_was_tried_with():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    (requirement,) = (text for text in extras["websocket"] if text.startswith("websocket-client"))
    lowest = re.search(r">=\s*([\d.]+)", requirement)
    assert lowest, "W8: pyproject.toml allows any version of websocket-client; 1.9.1 and older do not do"
    assert version(lowest[1]) >= (1, 9, 2), "W8: 1.9.1 raises AttributeError in close(), 1.9.0 behaves otherwise"
    assert version(websocket.__version__) >= version(lowest[1]), "W8: the installed version is one that is not allowed"


# W12, W13: saying goodbye --------------------------------------------------------------------------------------


def test_w12_unless_told_otherwise_close_waits_three_seconds_for_the_server():
    with quirk("W12", "close() waits 3 s for the server's Close", "Connection.close, with a deadline of its own,"):
        assert inspect.signature(websocket.WebSocket.close).parameters["timeout"].default == 3


def test_w13_what_comes_while_close_waits_is_thrown_away(stage):
    ws, _, peer = stage.upgraded()
    with quirk("W13", "close() drops what comes before the server's Close", "Connection.close"):
        peer.send(frame(TEXT, PAYLOAD) + frame(CLOSE, NORMAL))
        ws.close(timeout=PATIENCE)
        assert ws.close_frame.opcode == CLOSE
        with pytest.raises(WebSocketConnectionClosedException):
            ws.recv_frame()


def test_w13_after_a_close_frame_sent_like_any_other_the_reader_goes_on(stage):
    ws, _, peer = stage.upgraded()
    with relied_on("W13", "send(payload, CLOSE) is a frame and nothing else", "Connection.close"):
        ws.send(NORMAL, CLOSE)
        opcode, _, payload = peer.read_frame()
        assert (opcode, payload) == (CLOSE, NORMAL)
        peer.send(frame(TEXT, PAYLOAD) + frame(CLOSE, NORMAL))
        assert frames_of(ws, 2) == [(TEXT, PAYLOAD), (CLOSE, NORMAL)]
        ws.send(b"still here", TEXT)
        assert peer.read_frame()[2] == b"still here"


# W27: sending --------------------------------------------------------------------------------------------------


def narrow(sock: socket.socket) -> None:
    """Make a long frame go out in many pieces, and soon get stuck if nobody reads."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 5000)


def test_w27_a_send_that_is_stuck_holds_up_all_others_until_the_socket_is_shut_down(stage):
    ws, sock, _ = stage.upgraded()
    narrow(sock)
    sock.settimeout(None)
    with quirk("W27", "a send waits for the one before it, without a limit", "the timeout of the socket"):
        first = stage.run(ws.send, b"x" * 2_000_000, BINARY)
        wait_until(ws.lock.locked)
        second = stage.run(ws.ping, b"x")
        assert stuck(second)
        assert not first.done()
        shut_down(sock)
        assert isinstance(failure_at_once(first), OSError | WebSocketException)
        assert isinstance(failure_at_once(second), OSError | WebSocketException)


def test_w27_a_send_that_the_server_does_not_take_ends_by_the_timeout_of_the_socket(stage):
    ws, sock, _ = stage.upgraded()
    narrow(sock)
    sock.settimeout(0.02)
    with relied_on("W27", "a send ends by the timeout of the socket", "Connection.send_text"):
        task = stage.run(ws.send, b"x" * 2_000_000, BINARY)
        assert isinstance(failure_at_once(task), OSError | WebSocketException)


def test_w27_what_two_threads_send_is_not_mixed_up(stage):
    ws, sock, peer = stage.upgraded()
    narrow(sock)
    payloads = [bytes([65 + number]) * 100_000 for number in range(4)]
    with relied_on("W27", "enable_multithread=True sends one frame after the other", "Connection"):
        tasks = [stage.run(ws.send, payload, BINARY) for payload in payloads]
        got = [peer.read_frame() for _ in payloads]
        for task in tasks:
            task.result(PATIENCE)
        assert sorted(payload for _, _, payload in got) == payloads


@pytest.mark.parametrize("opcode", [TEXT, CLOSE, PING, PONG])
def test_w27_bytes_are_sent_as_they_are_in_one_frame_with_a_mask_of_its_own(stage, opcode):
    ws, _, peer = stage.upgraded()
    with relied_on(
        "W27", "send(bytes, opcode) sends one masked frame of these bytes", "Connection.send_text and others"
    ):
        for _ in range(2):
            ws.send("né".encode(), opcode)
        first, second = peer.read_frame(), peer.read_frame()
        assert [(got, payload) for got, _, payload in (first, second)] == [(opcode, "né".encode())] * 2
        assert first[1] != second[1]


def test_w27_a_whole_message_is_read_by_the_library_only_with_pongs_of_its_own(stage):
    ws, _, peer = stage.upgraded()
    with quirk("W27", "recv_data_frame() answers a ping on the reading thread", "reading with recv_frame()"):
        peer.send(frame(PING, b"12345678"))
        assert ws.recv_data_frame(control_frame=True)[0] == PING
        opcode, _, payload = peer.read_frame()
        assert (opcode, payload) == (PONG, b"12345678")


def test_w27_a_single_frame_is_read_without_any_answer(stage):
    ws, _, peer = stage.upgraded()
    with relied_on("W27", "recv_frame() answers neither a ping nor a Close", "Connection, whose client answers both,"):
        peer.send(frame(PING, b"12345678") + frame(CLOSE, NORMAL))
        assert frames_of(ws, 2) == [(PING, b"12345678"), (CLOSE, NORMAL)]
        ws.send(b"first", TEXT)
        assert peer.read_frame()[2] == b"first"


# W32: close codes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535])
def test_w32_a_close_with_a_code_outside_the_list_is_a_protocol_error_that_names_the_code_only(stage, code):
    ws, _, peer = stage.upgraded()
    with quirk("W32", f"a Close with code {code} is a protocol error", "the mapping in Connection.receive"):
        peer.send(frame(CLOSE, struct.pack("!H", code) + b"hunter2"))
        with pytest.raises(WebSocketProtocolException) as caught:
            ws.frame_buffer.recv_frame()
        assert str(code) in str(caught.value)
        assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, *range(1007, 1015), 3000, 4999])
def test_w32_a_close_with_a_code_of_the_list_comes_with_its_code_and_reason(stage, code):
    ws, _, peer = stage.upgraded()
    with relied_on("W32", f"a Close with code {code} is handed over", "Connection.receive"):
        payload = struct.pack("!H", code) + "é".encode()
        peer.send(frame(CLOSE, payload))
        assert frames_of(ws, 1) == [(CLOSE, payload)]


def test_w32_a_close_without_a_code_is_released(stage):
    ws, _, peer = stage.upgraded()
    with relied_on("W32", "a Close without a code is handed over", "Connection.receive"):
        peer.send(frame(CLOSE))
        assert frames_of(ws, 1) == [(CLOSE, b"")]
