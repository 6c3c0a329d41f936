"""`wealthsources new-source`: what it prints and refuses. Its page's test shows that the project's tests pass."""

from __future__ import annotations

from typer.testing import CliRunner

from wealthsources.cli.app import app


def run(*arguments):
    return CliRunner().invoke(app, ["new-source", *arguments])


def test_what_was_made_is_listed_with_what_comes_next(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = run("my-feed")
    assert done.exit_code == 0, done.stderr
    assert done.stdout == (
        "made my-feed-source:\n    README.md\n    config.yaml\n    data/BTCUSDT/1h.csv\n    my_feed_source.py\n"
        "    pyproject.toml\n    tests/test_my_feed.py\n\n"
        "Next, and then as its README.md says:\n    cd my-feed-source\n    pip install -e '.[test]'\n    pytest\n"
    )


def test_a_name_that_is_installed_is_refused(tmp_path):
    done = run("file", "--into", str(tmp_path / "new"))
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith("error: plugin 'file' of wealthsources ")
    assert done.stderr.endswith(" is installed; give yours another name\n")
    assert not (tmp_path / "new").exists()


def test_a_name_that_will_not_do_is_told_on_one_line():
    done = run("My Feed")
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
    assert "did you mean 'my-feed'?" in done.stderr
