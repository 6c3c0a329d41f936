"""What docs/adding-a-source.md and docs/adding-a-protocol.md say is typed is typed, and shows what they show."""

from __future__ import annotations

import dataclasses
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pydantic
import pytest

import wealthsources
from wealthsources.loading.loader import Loader

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
T0 = 1_704_067_200_000
#: What stands for the commands on a path of its own: as a console runs them, with the code that is tested here.
COMMANDS = {
    "wealthsources": "exec {python} -m wealthsources",
    "pytest": "exec {python} -m pytest -p no:cacheprovider",
    "pip": "exec {python} -m tests.support.projects {site}",
}


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL)


def typed(page: str) -> list[tuple[str, list[str]]]:
    """Each command of the page, with the lines that it is said to print."""
    found: list[tuple[str, list[str]]] = []
    for line in "".join(blocks(page, "console")).splitlines():
        if line.startswith("$ "):
            found.append((line.removeprefix("$ "), []))
        else:
            found[-1][1].append(line)
    return found


def type_all(commands: list[str], folder: Path) -> list[list[str]]:
    """What each of them prints, typed one after the other into one shell."""
    bin_, site = folder / "bin", folder / "site"
    bin_.mkdir()
    for name, text in COMMANDS.items():
        (bin_ / name).write_text(f'#!/bin/sh\n{text.format(python=sys.executable, site=site)} "$@"\n')
        (bin_ / name).chmod(0o755)
    path = [str(site), *(entry for entry in sys.path if entry), str(ROOT)]
    environment = {**os.environ, "PATH": f"{bin_}:{os.environ['PATH']}", "PYTHONPATH": os.pathsep.join(path)}
    script = "set -eu\n" + "".join(f"{command} 2>&1\necho '#end'\n" for command in commands)
    done = subprocess.run(
        ["bash", "-c", script], cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return [part.splitlines() for part in done.stdout.split("#end\n")[:-1]]


def matches(shown: list[str], printed: list[str]) -> bool:
    """`…` stands for anything: alone on a line for lines, within one for a part of it."""
    pattern = "".join("(?:.*\n)*" if line == "…" else re.escape(line).replace("…", ".*") + "\n" for line in shown)
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in printed)) is not None


@pytest.mark.parametrize("page", ["adding-a-source.md", "adding-a-protocol.md"])
def test_what_is_typed_shows_what_the_page_shows(page, tmp_path):
    commands = typed(page)
    printed = type_all([command for command, _ in commands], tmp_path)
    for (command, shown), lines in zip(commands, printed, strict=True):
        assert not shown or matches(shown, lines), f"{command}\n" + "\n".join(lines)
    assert sum(command.startswith("pytest") for command, _ in commands) > 0


def test_the_source_that_reads_a_frame_does_and_says_what_is_refused():
    values = {name: [1.0, 2.0] for name in ("open", "high", "low", "close", "volume")}
    frame = pd.DataFrame(values, index=pd.to_datetime([T0, T0 + 3_600_000], unit="ms", utc=True))
    names = {**vars(wealthsources), "frame": frame, "my_database": lambda *_: frame}
    names |= {name: getattr(wealthsources, name) for name in ("Source", "NotHere", "Bars")}
    source, _, _, refused, _ = blocks("adding-a-source.md", "python")
    exec(compile(source, "page", "exec"), names)
    request = SimpleNamespace(symbol="X", timeframe=wealthsources.Timeframe("1h"), start=None, end=0, count=None)
    assert len(names["MyFeedSource"]().get_history(request)) == 2
    exec(compile(refused, "page", "exec"), names)
    (said,) = re.findall(r"refused = str\(error\)  # (.*), …", refused)
    assert names["refused"].startswith(said)
    names["my_database"] = lambda *_: frame.iloc[:0]
    with pytest.raises(wealthsources.NotHere):
        names["MyFeedSource"]().get_history(request)


def test_what_is_more_than_was_asked_for_is_cut_as_shown():
    names = {"NotHere": wealthsources.NotHere}
    exec(compile(blocks("adding-a-source.md", "python")[1], "page", "exec"), names)
    times = [T0 + 3_600_000 * hour for hour in range(6)]
    bars = wealthsources.Bars.from_columns("X", "1h", times, *[[1.0] * 6] * 5)
    asked = wealthsources.HistoryRequest("X", bars.timeframe, times[5], times[1], 2)
    assert names["cut"](bars, asked).open_times.tolist() == times[3:5]
    with pytest.raises(wealthsources.NotHere):
        names["cut"](bars, dataclasses.replace(asked, end=times[1]))


def test_a_path_of_the_options_starts_at_the_folder_of_the_configuration_as_shown(tmp_path):
    names = {"pydantic": pydantic, "Path": Path}
    exec(compile(blocks("adding-a-source.md", "python")[2], "page", "exec", dont_inherit=True), names)
    model = names["FolderOptions"]
    assert model.model_validate({"folder": "bars"}, context={"folder": tmp_path}).folder == tmp_path / "bars"
    assert model(folder="bars").folder == Path("bars")


def test_several_sources_of_one_package_are_loaded_as_shown(distribution):
    made = "class {0}(Source):\n    def get_history(self, request): raise NotHere('none')\n"
    module = "from wealthsources import NotHere, Source, hookimpl\n"
    module += made.format("MyFeedSource") + made.format("MyArchiveSource")
    points = blocks("adding-a-source.md", "toml")[0].partition("\n")[2].replace('"', "")
    distribution(entry_points=points, my_feed_source=module + blocks("adding-a-source.md", "python")[4])
    loader = Loader()
    assert [loader.load(name).name for name in ("my-feed", "my-archive")] == ["my-feed", "my-archive"]
