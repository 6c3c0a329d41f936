"""What docs/store.md shows is executed as it stands there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from types import SimpleNamespace

import pytest

from wealthsources import Bars, Finality
from wealthsources.cli import main
from wealthsources_store.database import Database
from wealthsources_store.options import StoreOptions
from wealthsources_store.writing import Batch, write

from ...support.bars import HOUR, ms

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "store.md").read_text(encoding="utf-8")
COPY = '  - {plugin: store, name: copy, options: {url: "sqlite:///copy.db"}}\nrecorder:'


def blocks(language: str) -> list[str]:
    found = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    return [text for kind, text in found if kind == language]


def commands() -> list[tuple[str, list[str]]]:
    """Each command with the lines that are shown below it."""
    parts = [part for block in blocks("") for part in re.split(r"^\$ ", block, flags=re.MULTILINE) if part]
    return [(lines[0], lines[1:]) for lines in (part.splitlines() for part in parts)]


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with the configuration of the page."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    (tmp_path / "config.yaml").write_text(blocks("yaml")[0].replace("recorder:", COPY, 1))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def correct() -> None:
    """What a live source said of the first bar, half an hour after it was over."""
    opens = ms(2019, 8, 1)
    texts = ("10087.3", "10166.98", "10036.83", "10050.00", "1062.58")
    names = ("open", "high", "low", "close", "volume")
    record = {"open_time": opens, **dict(zip(names, texts, strict=True)), "closed": True}
    bars = Bars.from_records("BTCUSDT", "1h", [{**record, "finality": Finality.FLAG}]).named("BTCUSDT", "live")
    database = Database(StoreOptions(url="sqlite:///data/bars.db"))
    write(database, [Batch(bars, opens + 5 * HOUR // 2)], opens + 5 * HOUR // 2)
    database.close()


def test_the_commands_print_what_is_shown(here, capsys):
    for command, shown in commands():
        if " revisions " in command:
            correct()
        with pytest.raises(SystemExit) as ended:
            main(shlex.split(command)[1:])
        printed = capsys.readouterr()
        assert printed.out.splitlines() == shown, (command, printed.err)
        assert bool(ended.value.code) == ("--check" in command)
    assert {command.split()[1] for command, _ in commands()} == {"fetch", "revisions", "export", "import"}


def test_the_python_example_sees_what_was_known_then(here, capsys):
    with pytest.raises(SystemExit):
        main(["fetch", "archive", "BTCUSDT", "1h", "--from", "2019-08-01", "--to", "2019-09-01"])
    correct()
    closes = {}
    for known, hours in (("then", 2), ("now", 2), ("then", 3)):
        names = {"context": SimpleNamespace(now_ms=ms(2019, 8, 1) + hours * HOUR)}
        exec(compile(blocks("python")[0].replace('"then"', repr(known)), "store.md", "exec"), names)
        closes[known, hours] = names["bars"][0].close
    assert closes == {("then", 2): 10048.44, ("now", 2): 10050.0, ("then", 3): 10050.0}
    capsys.readouterr()


def test_both_configurations_are_valid(here):
    from wealthsources.config.settings import read_config

    read_config(here / "config.yaml")
    (url,) = re.findall(r'url: "(postgresql[^"]+)"', blocks("yaml")[1])
    assert StoreOptions(url=url.replace("${PASSWORD}", "x")).place == "postgresql://user@host/database"
