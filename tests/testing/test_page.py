"""The page on testing plugins: its code runs as it stands there, and its tables have every case."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from wealthsources.testing.contract import SourceContract
from wealthsources.testing.recorder_contract import RecorderContract, SinkContract
from wealthsources.testing.running import cases_of
from wealthsources_websocket.decoding import decode_line
from wealthsources_websocket.testing import ProtocolContract, meanings_in

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "testing-plugins.md").read_text(encoding="utf-8")


def blocks(language: str, page: str = PAGE) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)


def table_of(contract: type) -> str:
    """The cases of a contract, as the page has them."""
    rows = ["| Case | The rule, and what it is for |", "|---|---|"]
    for number, name in cases_of(contract).items():
        rule = name[len("test_s01_") :].replace("_", " ")
        said = " ".join(getattr(contract, name).__doc__.split()).removeprefix(f"{number}: ")
        rows.append(f"| {number} | *{rule}*: {said} |")
    return "\n".join(rows)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """All files of the page, and the protocol of the other one."""
    folder = tmp_path_factory.mktemp("page")
    (protocol,) = blocks("python", (DOCS / "protocols" / "adding.md").read_text(encoding="utf-8"))
    for text in (*blocks("python"), protocol):
        (folder / text.partition("\n")[0].removeprefix("# ")).write_text(text)
    frames, meant = blocks("json")
    (folder / "frames.jsonl").write_text(frames)
    (folder / "frames.meant.jsonl").write_text(meant)
    return folder


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *command], cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("contract", [SourceContract, ProtocolContract, SinkContract, RecorderContract])
def test_every_case_is_on_the_page_as_it_says_it(contract):
    place = f"<!-- cases of {contract.__name__} -->\n\n"
    assert f"{place}{table_of(contract)}\n" in PAGE, f"write this under {place}\n{table_of(contract)}"


def test_every_test_of_the_page_passes(folder):
    done = run(folder, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-W", "error")
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(list(folder.glob("test_*.py"))) == 4


def test_what_frames_mean_is_what_decode_prints(folder, monkeypatch):
    monkeypatch.syspath_prepend(folder)
    from acme_protocol import Acme  # type: ignore[import-not-found]

    lines = (folder / "frames.jsonl").read_bytes().splitlines()
    said = [event for line in lines for event in decode_line(line, Acme(), 1 << 20)]
    assert said == meanings_in(folder / "frames.meant.jsonl")


def test_the_command_of_the_page_prints_what_is_shown(folder):
    (shown,) = blocks("console")
    command, *lines = shown.splitlines()
    words = command.removeprefix("$ wealthsources ").split()
    code = "import json, test_acme; open('bars.json', 'w').write(json.dumps(test_acme.RECORDS))"
    assert run(folder, "-c", code).returncode == 0
    done = run(folder, "-m", "wealthsources", *words)
    assert done.returncode == 0, done.stdout + done.stderr
    assert [line for line in lines if line not in done.stdout.splitlines()] == []
