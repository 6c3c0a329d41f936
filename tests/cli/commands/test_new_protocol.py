"""`wealthsources new-protocol`: a project whose tests pass at once, and whose frames are decoded."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from wealthsources.cli.app import app

from ...support.projects import install_project, run_in, run_tests


def run(*arguments):
    return CliRunner().invoke(app, ["new-protocol", *arguments])


def test_the_tests_of_a_new_project_pass_and_its_frames_are_decoded(tmp_path):
    done = run("my-feed", "--into", str(tmp_path))
    assert done.exit_code == 0, done.stderr
    project = tmp_path / "my-feed-protocol"
    assert f"    cd {project}\n" in done.stdout
    environment = install_project(project, tmp_path / "site")
    assert " passed" in run_tests(project, environment)
    assert run_in(project, environment, "wealthsources", "check") == "OK: 1 source: my-feed (websocket)\n"
    decoded = run_in(project, environment, "wealthsources", "decode", "--protocol", "my-feed", "frames.jsonl")
    events = [json.loads(line)["event"] for line in decoded.splitlines()]
    assert events == ["ack", "bar", "bar", "refused"]


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
