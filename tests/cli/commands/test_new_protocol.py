"""`wealthsources new-protocol`: what it prints and refuses. Its page's test shows that the project's tests pass."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from wealthsources.cli.app import app
from wealthsources.cli.new_project import make_project

from ...support.projects import install_project


def run(*arguments):
    return CliRunner().invoke(app, ["new-protocol", *arguments])


def test_what_was_made_is_listed_with_what_comes_next(tmp_path):
    done = run("my-feed", "--into", str(tmp_path))
    assert done.exit_code == 0, done.stderr
    project = tmp_path / "my-feed-protocol"
    assert done.stdout.startswith(f"made {project}:\n    README.md\n    config.yaml\n    frames.jsonl\n")
    assert f"    cd {project}\n" in done.stdout


def test_its_frames_mean_what_is_written_beside_them(tmp_path):
    project, _ = make_project("protocol", "my-feed", tmp_path)
    environment = install_project(project, tmp_path / "site")
    command = [sys.executable, "-m", "wealthsources", "decode", "--protocol", "my-feed", str(project / "frames.jsonl")]
    decoded = subprocess.run(command, capture_output=True, text=True, env=environment, check=True).stdout
    assert decoded == (project / "frames.meant.jsonl").read_text()
    events = [json.loads(line)["event"] for line in decoded.splitlines()]
    assert events == ["ack", "refused", "bar", "bar"]


@pytest.mark.parametrize("name", ["okx", "wealthai"])
def test_a_name_of_one_of_ours_is_refused(tmp_path, name):
    done = run(name, "--into", str(tmp_path / "new"))
    assert done.exit_code == 2
    assert f"protocol '{name}' of wealthsources " in done.stderr
    assert not (tmp_path / "new").exists()


def test_a_name_that_another_distribution_has_is_refused_without_importing_it(tmp_path, distribution):
    point = "[wealthsources.protocols]\nzfeed = zfeed_protocol:Zfeed\n"
    distribution(sources=point, zfeed_protocol="raise SystemExit(9)")
    done = run("zfeed", "--into", str(tmp_path / "new"))
    assert (done.exit_code, done.stderr) == (
        2,
        "error: protocol 'zfeed' of zdist 1.0 is installed; give yours another name\n",
    )


def test_what_cannot_be_asked_for_its_markets_is_in_nobodys_way(tmp_path, distribution):
    distribution(sources="[wealthsources.markets]\nzbroken = nowhere:describe\n")
    assert run("zfeed", "--into", str(tmp_path)).exit_code == 0
