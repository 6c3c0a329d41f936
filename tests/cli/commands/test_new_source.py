"""`wealthsources new-source`: a project whose tests pass at once, and that a configuration finds."""

from __future__ import annotations

from typer.testing import CliRunner

from wealthsources.cli.app import app

from ...support.projects import install_project, run_in, run_tests


def run(*arguments):
    return CliRunner().invoke(app, ["new-source", *arguments])


def test_the_tests_of_a_new_project_pass_and_its_configuration_is_right(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = run("my-feed")
    assert done.exit_code == 0, done.stderr
    assert done.stdout == (
        "made my-feed-source:\n    README.md\n    config.yaml\n    data/BTCUSDT/1h.csv\n    my_feed_source.py\n"
        "    pyproject.toml\n    tests/test_my_feed.py\n\n"
        "Next, and then as its README.md says:\n    cd my-feed-source\n    pip install -e '.[test]'\n    pytest\n"
    )
    project = tmp_path / "my-feed-source"
    environment = install_project(project, tmp_path / "site")
    assert " passed" in run_tests(project, environment)
    environment |= {"MY_FEED_URL": "https://my-feed.example", "MY_FEED_TOKEN": "a-secret"}
    assert run_in(project, environment, "wealthsources", "check") == "OK: 2 sources: my-feed, archive (file)\n"


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
