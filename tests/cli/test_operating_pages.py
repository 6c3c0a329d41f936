"""What docs/operating.md and docs/troubleshooting.md show is executed as it stands there; what they name is there."""

from __future__ import annotations

import re
import shlex
from types import SimpleNamespace

import pytest
import typer

from wealthsources.cli.app import app

from ..support.bars import HOUR, at, record
from ..support.markets import ROOT
from .conftest import TOKEN, run_process

OPERATING, TROUBLES = "operating.md", "troubleshooting.md"


def text(page):
    return (ROOT / "docs" / page).read_text(encoding="utf-8")


def blocks(page, language):
    found = re.findall(r"^```(\w*)\n(.*?)^```$", text(page), re.DOTALL | re.MULTILINE)
    return [block for kind, block in found if kind == language]


def shown(page):
    """Each command with what is shown below it."""
    parts = (block.removeprefix("$ ").partition("\n") for block in blocks(page, "") if block.startswith("$ "))
    return {command: below for command, _, below in parts}


def fits(below, output):
    """Whether an output is as shown: `…` is any text of a line, a line of it any number of lines; spaces are one."""
    lines = ["(?:.*\n)*" if line == "…" else _one(line) + " *\n" for line in below.splitlines()]
    return re.fullmatch("".join(lines), output) is not None


def _one(line):
    words = [re.escape(word).replace("…", ".*") for word in line.split()]
    return " +".join(words).replace(r"\ \ ", " +")


@pytest.fixture
def deployed(folder, config, monkeypatch):
    """The first configuration of the page on operating, for the server at `url`."""
    (folder / "examples").symlink_to(ROOT / "examples")

    def use(url):
        monkeypatch.setenv("WEBSOCKET_ENDPOINT", url)
        monkeypatch.setenv("WEBSOCKET_CSRF_TOKEN", TOKEN)
        return config(blocks(OPERATING, "yaml")[0])

    return use


def test_doctor_prints_what_the_page_shows(cli, deployed, serve):
    deployed(serve().url)
    result = cli("doctor")
    assert result.code == 0
    assert fits(shown(OPERATING)["wealthsources doctor"], result.out), result.out


def test_the_self_test_prints_what_the_page_shows_without_pytest(deployed, closed_port):
    deployed(f"ws://127.0.0.1:{closed_port}/")
    code = "import sys; sys.modules['pytest'] = None; from wealthsources.cli import main; main(sys.argv[1:])"
    result = run_process("-c", code, "doctor", "--offline", "--self-test")
    assert (result.returncode, result.stderr) == (0, ""), result.stdout
    assert fits(shown(OPERATING)["wealthsources doctor --offline --self-test"], result.stdout), result.stdout


def test_serve_prints_what_the_page_shows_and_has_its_pages(deployed, serve, started):
    deployed(serve().url)
    served = started()
    assert served.url.rpartition(":")[0] == shown(OPERATING)["wealthsources serve"].strip().rpartition(":")[0]
    pages = re.findall(r"^\| `(/\w+)` \|", text(OPERATING), re.MULTILINE)
    assert [served.ask(page)[0] in (200, 503) for page in pages] == [True] * 3


def test_the_block_on_the_log_is_a_configuration(cli, config):
    config("sources: [{plugin: context, name: live}]\n" + blocks(OPERATING, "yaml")[1])
    assert cli("check").code == 0


def test_who_cannot_connect_sees_what_the_page_shows(cli, deployed, closed_port):
    deployed(f"ws://127.0.0.1:{closed_port}/market_data")
    result = cli("doctor")
    assert fits(shown(TROUBLES)["wealthsources doctor"], result.out), result.out


def test_a_series_of_which_nothing_comes_is_shown_as_the_page_shows_it(cli, deployed, serve):
    deployed(serve(snapshot=0).url)
    result = cli("watch", "--once", "--for", 4)
    assert fits(shown(TROUBLES)["wealthsources watch --once --for 4"], result.out), result.out


def test_the_binding_of_the_page_is_a_backtest(config, capsys):
    config("sources: [{plugin: context}]\n")
    series = [{"symbol": "BTCUSDT", "timeframe": "1h", "bars": [record(place) for place in range(5)]}]
    context = SimpleNamespace(now_ms=at(0) + 5 * HOUR, market_data_context=series)
    exec(compile(blocks(TROUBLES, "python")[0], TROUBLES, "exec"), {"context": context})
    assert capsys.readouterr().out.startswith("backtest 5 bars of BTCUSDT 1h")


def test_bars_are_named_by_their_open_time(cli, file_config):
    result = cli("get", "BTCUSDT", "1h", "--count", 2)
    assert fits(shown(TROUBLES)["wealthsources get BTCUSDT 1h --count 2"], result.out), result.out


@pytest.mark.parametrize("page", [OPERATING, TROUBLES])
def test_every_command_that_a_page_names_exists_with_its_options(page):
    group = typer.main.get_command(app)
    named = set(re.findall(r"`wealthsources ([a-z-][^`]*)`", text(page)))
    assert len(named) > 3
    for words in map(shlex.split, named):
        if words[0].startswith("--"):
            assert words[0] in {option for parameter in group.params for option in parameter.opts}
            continue
        context = typer.Context(group)
        command = group.get_command(context, words[0])
        assert command is not None, words
        options = [word for word in words[1:] if word.startswith("--")]
        known = command.shell_complete(typer.Context(command, info_name=words[0]), "--")
        assert set(options) <= {each.value for each in known}, words


def test_the_states_that_the_page_on_troubles_names_are_those_of_the_code():
    sources = "\n".join(path.read_text() for path in (ROOT / "wealthsources").rglob("*.py"))
    sources += "\n".join(path.read_text() for path in (ROOT / "plugins").rglob("*.py"))
    for state in ("reconnecting", "auth_failed", "never_received", "silent", "refused", "failing", "connect_timeout"):
        assert f"`{state}`" in text(TROUBLES)
        assert re.search(rf"\b{state}\b", sources)
