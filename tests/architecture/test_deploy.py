"""What deploy/ has: a unit that systemd takes, a Containerfile that names no registry, and commands that exist."""

from __future__ import annotations

import configparser
import json
import logging
import re
import shlex
import shutil
import subprocess
import sys
from http import HTTPStatus
from pathlib import Path

import pytest

from wealthsources.cli.app import app
from wealthsources.cli.http_server import HttpServer, Page

FOLDER = Path(__file__).resolve().parents[2] / "deploy"
UNIT = FOLDER / "wealthsources.service"
CONTAINER = (FOLDER / "Containerfile").read_text(encoding="utf-8")
COMMANDS = {command.callback.__name__ for command in app.registered_commands}


def unit() -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str
    parser.read_string(UNIT.read_text(encoding="utf-8"))
    return parser


def instructions() -> list[tuple[str, str]]:
    lines = re.sub(r"^#.*\n", "", CONTAINER, flags=re.MULTILINE).replace("\\\n", " ").splitlines()
    return [(name, rest.strip()) for name, _, rest in (line.partition(" ") for line in lines if line.strip())]


def test_the_unit_is_hardened_restarts_and_reloads():
    service = unit()["Service"]
    wanted = {
        "NoNewPrivileges": "yes",
        "ProtectSystem": "strict",
        "ProtectHome": "yes",
        "DynamicUser": "yes",
        "CapabilityBoundingSet": "",
        "Restart": "on-failure",
        "RestartPreventExitStatus": "2",
        "ExecReload": "/bin/kill -HUP $MAINPID",
    }
    assert {name: service[name] for name in wanted} == wanted
    assert int(service["TimeoutStopSec"]) > 3


def test_the_unit_runs_a_command_that_there_is():
    program, command, *rest = shlex.split(unit()["Service"]["ExecStart"])
    assert program.endswith("/bin/wealthsources")
    assert (command in COMMANDS, rest) == (True, ["--config", "/etc/wealthsources/config.yaml"])


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="there is no systemd-analyze here")
def test_systemd_takes_the_unit(tmp_path):
    # It also looks for the program, which is not installed where tests run.
    text = UNIT.read_text(encoding="utf-8").replace("/opt/wealthsources/bin/wealthsources", sys.executable)
    (tmp_path / UNIT.name).write_text(text, encoding="utf-8")
    command = ["systemd-analyze", "verify", "--man=no", str(tmp_path / UNIT.name)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    told = [line for line in result.stderr.splitlines() if UNIT.name in line]
    assert (result.returncode, told) == (0, []), result.stderr


def test_the_container_begins_with_what_it_is_given_and_names_no_other_machine():
    (first, argument), (second, image), *_ = instructions()
    assert (first, argument, second, image) == ("ARG", "BASE", "FROM", "${BASE}")
    for path in FOLDER.iterdir():
        addresses = re.findall(r"https?://([^/\s'\"]+)", path.read_text(encoding="utf-8"))
        assert set(addresses) <= {"127.0.0.1:9464"}, path


def test_the_container_does_not_run_as_root_and_serves():
    said = dict(instructions())
    assert int(said["USER"].partition(":")[0]) > 0
    assert json.loads(said["ENTRYPOINT"]) == ["wealthsources"]
    assert json.loads(said["CMD"])[0] in COMMANDS
    assert said["STOPSIGNAL"] == "SIGTERM"


@pytest.mark.parametrize(("status", "code"), [(HTTPStatus.OK, 0), (HTTPStatus.SERVICE_UNAVAILABLE, 1)])
def test_the_health_check_of_the_container_asks_whether_the_process_lives(status, code):
    command = json.loads(re.search(r"CMD (\[.*\])", dict(instructions())["HEALTHCHECK"])[1])
    server = HttpServer("127.0.0.1", 0, {"/healthz": lambda: Page(status, "ok\n")}, logging.getLogger("test"))
    server.start()
    try:
        script = command[2].replace("http://127.0.0.1:9464", server.url)
        result = subprocess.run([sys.executable, command[1], script], capture_output=True, timeout=30, check=False)
    finally:
        server.stop()
    assert result.returncode == code
