"""`wealthsources doctor`."""

from __future__ import annotations

import json
import time

import pytest

from ..conftest import TOKEN


def test_a_deployment_that_works_has_a_line_for_each_thing_and_exits_with_0(cli, serve, live_config, file_source):
    live_config(serve().url, file_source)
    result = cli("doctor")
    assert result.code == 0, result.out
    *lines, count = result.out.splitlines()
    assert count.endswith(", 0 errors")
    assert all(line.startswith(("ok       ", "warning  ")) for line in lines)
    for text in ("versions: Python 3.", "plugins: ", "configuration: config.yaml: sources: live, archive"):
        assert f"ok       {text}" in result.out
    assert ": name, TCP and handshake in 0." in result.out
    assert "archive: " in result.out
    assert TOKEN not in result.out + result.err


def test_an_endpoint_that_is_not_there_is_an_error_and_exits_with_1(cli, live_config, closed_port):
    live_config(f"ws://127.0.0.1:{closed_port}/")
    result = cli("doctor")
    assert result.code == 1
    (line,) = [line for line in result.out.splitlines() if line.startswith("error")]
    assert line.startswith(f"error    live: ws://127.0.0.1:{closed_port}/: refused: ")
    assert line.endswith(" · does the server run, and is the port right?")
    assert result.out.endswith(" 1 error\n")


def test_offline_it_connects_to_nothing(cli, live_config, closed_port):
    live_config(f"ws://127.0.0.1:{closed_port}/")
    assert cli("doctor", "--offline").code == 0


def test_as_json_it_is_one_list(cli, live_config, closed_port):
    live_config(f"ws://127.0.0.1:{closed_port}/")
    result = cli("doctor", "--format", "json")
    told = json.loads(result.out)
    assert result.code == 1
    assert {"about", "level", "text", "remedy"} == set(told[0])
    assert [line["about"] for line in told if line["level"] == "error"] == ["live"]


def test_it_never_hangs(cli, live_config, full_port, hanging_resolver):
    live_config(f"ws://localhost:{full_port}/")
    began = time.monotonic()
    result = cli("doctor", "--timeout", 0.5)
    assert time.monotonic() - began < 10
    assert result.code == 1
    assert "live: what else there is to say did not come within 0.5 s" in result.out


def test_without_a_configuration_it_looks_at_the_rest(cli, folder):
    result = cli("doctor")
    assert result.code == 0
    assert "warning  configuration: there is no config.yaml here" in result.out


@pytest.mark.parametrize("arguments", [["--format", "xml"], ["--timeout", "0"]])
def test_wrong_use_exits_with_2(cli, arguments):
    assert cli("doctor", *arguments).code == 2
