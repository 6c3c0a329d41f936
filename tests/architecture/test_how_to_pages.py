"""What the short pages of docs/ show is executed as it stands there, and what the README had no more room for."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from types import SimpleNamespace

import pytest

import wealthsources

from ..support.pages import DOCS, ROOT, blocks, commands, reader
from .test_tutorial import free_port, masked

SERIES = ROOT / "examples" / "data" / "BTCUSDT"


def text_of(page: str, language: str, containing: str) -> str:
    (found,) = [text for kind, text in blocks(DOCS / page) if kind == language and containing in text]
    return found


def save_files(page: str, folder) -> None:
    """The blocks that begin with the name of a file."""
    for _, text in blocks(DOCS / page):
        if name := re.match(r"# ([\w.]+\.(?:py|yaml))\n", text):
            (folder / name[1]).write_text(text)


def test_the_tests_of_a_strategy_pass(tmp_path):
    """By a command of their own, since they are tests of somebody else."""
    save_files("testing-strategies.md", tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    ((_, shown), (verify, _)) = [pair for _, text in blocks(DOCS / "testing-strategies.md") for pair in commands(text)]
    assert masked(done.stdout) == masked(shown), done.stdout + done.stderr
    assert verify.startswith("wealthsources verify strategy.py ")


def test_several_markets_are_one_configuration(tmp_path, monkeypatch, capsys):
    pytest.importorskip("exchange_calendars")
    for name in ("BTCUSDT", "BTCPERP"):
        shutil.copytree(SERIES, tmp_path / "data" / name)
    with reader(tmp_path) as one:
        ((_, shown, printed),) = one.follow(DOCS / "several-markets.md")
    assert printed == shown
    monkeypatch.chdir(tmp_path)
    exec(compile(text_of("several-markets.md", "python", "several.yaml"), "several-markets.md", "exec"), {})
    assert capsys.readouterr().out == "BTCUSDT ['archive', 'archive']\nBTCPERP ['archive', 'archive']\n"


@pytest.mark.parametrize("proxy", ["none", "env", "http://user:password@host:3128", "socks5://host:1080"])
def test_every_way_to_name_a_proxy_is_valid(proxy, tmp_path, monkeypatch):
    assert f"`{proxy}`" in (DOCS / "proxy.md").read_text(encoding="utf-8")
    save_files("proxy.md", tmp_path)
    monkeypatch.setenv("MARKET_PROXY", proxy)
    with wealthsources.open(tmp_path / "proxy.yaml") as session:
        assert list(session.sources) == ["live"]


def test_a_proxy_is_checked_as_shown(tmp_path, monkeypatch):
    save_files("proxy.md", tmp_path)
    (command, shown), (status, _) = commands(text_of("proxy.md", "", "check")) + commands(
        text_of("proxy.md", "", "status")
    )
    setting, _, words = command.partition(" ")
    monkeypatch.setenv(*setting.split("="))
    with reader(tmp_path) as one:
        assert one.run(words) == shown
    assert status == "wealthsources --config proxy.yaml status"


def test_what_gunicorn_calls_in_a_worker_opens_the_session_of_its_process(tmp_path, monkeypatch):
    (tmp_path / "config.yaml").write_text((ROOT / "config.yaml").read_text())
    monkeypatch.chdir(tmp_path)
    settings: dict = {}
    exec(compile(text_of("processes.md", "python", "def post_fork"), "processes.md", "exec"), settings)
    settings["post_fork"](None, None)
    session = wealthsources.current_session()
    assert list(session.sources) == ["live", "context", "archive"]
    session.stop()


def test_the_context_of_the_page_on_the_chain_answers():
    context, hour = SimpleNamespace(), 3_600_000
    values = dict.fromkeys(("open", "high", "low", "close"), "10087.3")
    bars = [{"open_time": 1_564_624_800_000 - n * hour, **values, "volume": "1"} for n in (3, 2, 1)]
    exec(compile(text_of("chain.md", "python", "now_ms"), "chain.md", "exec"), {"context": context, "bars": bars})
    answer = wealthsources.ContextDataAdapter(context).get_history("BTCUSDT", 3, "1h")
    assert len(answer) == 3


def test_the_simulator_and_the_configuration_of_the_repository_talk(monkeypatch):
    """In the folder of the repository, with another port and as fast as it goes."""
    first, second, bad = [text for kind, text in blocks(DOCS / "simulator.md") if kind == ""]
    port = free_port()
    for setting in re.findall(r"(\w+)=(\S+)", commands(second)[0][0]):
        monkeypatch.setenv(setting[0], setting[1].replace("8765", port))
    ((simulate, shown),) = commands(first)
    assert commands(bad)[0][0] == "wealthsources simulate --list-faults"
    with reader(ROOT, ("8765", port)) as one:
        assert masked(one.run(simulate)) == masked(shown)
        get, explain, sources = [one.run(command) for command, _ in commands(second)[1:]]
    assert get.endswith("5 bars of BTCUSDT 1h: 5 from live\n"), get
    assert " from live" in explain
    assert "websocket" in sources
