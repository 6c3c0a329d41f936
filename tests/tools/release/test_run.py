"""What `make dist` builds and asks; clean environments are made by the command alone."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tools.release import run, smoke

OLD = run.Python((3, 11), "/usr/bin/python3.11")


def test_every_extra_that_a_user_has_is_tried():
    assert {*smoke.EXTRAS, "all"} == set(run.all_extras())


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("wealthsources/model/bars.py", True),
        ("wealthsources_file/py.typed", True),
        ("wealthsources-0.1.0.dist-info/licenses/LICENSE", True),
        ("wealthsources/plotly.min.js", False),
        ("tests/conftest.py", False),
        ("wealthsources-0.1.0.dist-info/licenses/NOTICE", False),
    ],
)
def test_what_the_wheel_may_carry(name, ours):
    assert run.is_ours(name, {"wealthsources", "wealthsources_file"}) is ours


def test_a_foreign_file_in_the_wheel_is_named(tmp_path):
    wheel = tmp_path / "one.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("wealthsources/__init__.py", "")
        archive.writestr("wealthsources/plotly.min.js", "")
    with pytest.raises(run.FailedError, match=r"not known to be ours: wealthsources/plotly\.min\.js$"):
        run.check_contents(wheel)


def test_the_oldest_python_has_to_be_there():
    new = run.Python((3, 13), "/usr/bin/python3.13")
    with pytest.raises(SystemExit, match=r"no Python 3\.11 here, the oldest that is supported"):
        run.oldest_and_newest([new])
    assert run.oldest_and_newest([OLD, run.Python((3, 12), "/usr/bin/python3.12"), new]) == [OLD, new]
    with pytest.raises(SystemExit, match=r"no Python 3\.14 here; there are: 3\.11, 3\.13"):
        run.python_of("3.14", [OLD, new])


def test_what_is_no_interpreter_is_left_out(tmp_path):
    broken = tmp_path / "python3.99"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    assert run.examine(broken) is None
    assert run.examine(tmp_path / "python3.11-config") is None
    assert run.examine(Path(sys.executable)).version == sys.version_info[:2]


def test_an_environment_that_went_well_with_this_wheel_is_not_made_again(tmp_path, monkeypatch):
    wheel, made = tmp_path / "one.whl", []
    wheel.write_bytes(b"one")
    monkeypatch.setattr(run, "steps", lambda *arguments: made.append(arguments) or iter(["well"]))
    assert [run.try_one(tmp_path, wheel, OLD, "core").earlier for _ in range(2)] == [False, True]
    wheel.write_bytes(b"two")
    assert not run.try_one(tmp_path, wheel, OLD, "core").earlier
    assert len(made) == 2


def test_what_failed_is_kept_in_a_log_and_tried_again(tmp_path, monkeypatch):
    wheel = tmp_path / "one.whl"
    wheel.write_bytes(b"one")

    def steps(*_):
        yield run.run([sys.executable, "-c", "import sys; print('said'); sys.exit('no such thing')"], tmp_path)

    monkeypatch.setattr(run, "steps", steps)
    outcomes = [run.try_one(tmp_path, wheel, OLD, "core") for _ in range(2)]
    assert [outcome.fault.partition(" (")[0] for outcome in outcomes] == ["no such thing"] * 2
    assert "said" in (tmp_path / "3.11-core.log").read_text()


def test_the_smoke_test_holds_where_everything_is_installed(tmp_path):
    done = subprocess.run(
        [sys.executable, run.SMOKE, "file"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_wheel_is_the_one_that_the_sdist_builds(tmp_path):
    wheel = run.build(tmp_path / "dist", tmp_path / "work")
    assert "wealthsources/py.typed" in zipfile.ZipFile(wheel).namelist()
    assert wheel.name == f"wealthsources-{importlib.metadata.version('wealthsources')}-py3-none-any.whl"
