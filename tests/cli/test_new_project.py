"""Projects made of a template: under which names, of which files, and never over anything."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

import pytest

from wealthsources.cli.new_project import check_name, make_project
from wealthsources.model.errors import RequestError

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "acme_source"


def texts(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc")
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in files}


def refusal(kind, name: str, into: Path) -> str:
    with pytest.raises(RequestError) as caught:
        make_project(kind, name, into)
    return str(caught.value)


def test_the_source_of_acme_is_the_example(tmp_path):
    folder, files = make_project("source", "acme", tmp_path)
    assert folder == tmp_path / "acme-source"
    assert texts(folder) == texts(EXAMPLE)
    assert files == sorted(texts(EXAMPLE))


@pytest.mark.parametrize("kind", ["source", "protocol"])
def test_nothing_of_acme_is_left_in_a_project_of_another_name(tmp_path, kind):
    folder, files = make_project(kind, "my-feed", tmp_path)
    made = texts(folder)
    assert sorted(made) == files
    assert not [path for path, text in made.items() if re.search("acme", path + text, re.IGNORECASE)]
    assert {f"my_feed_{kind}.py", "tests/test_my_feed.py", "pyproject.toml"} < set(made)


@pytest.mark.parametrize(
    ("kind", "group", "point"),
    [("source", "wealthsources", "my_feed_source"), ("protocol", "wealthsources.protocols", "my_feed_protocol:MyFeed")],
)
def test_a_name_of_two_words_is_written_as_each_place_wants_it(tmp_path, kind, group, point):
    folder, _ = make_project(kind, "my-feed", tmp_path)
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    assert project["name"] == f"my-feed-{kind}"
    assert project["entry-points"] == {group: {"my-feed": point}}
    assert "class MyFeed" in (folder / f"my_feed_{kind}.py").read_text()


def test_the_variables_of_its_configuration_have_its_name(tmp_path):
    folder, _ = make_project("source", "my-feed", tmp_path)
    assert "${MY_FEED_URL}" in (folder / "config.yaml").read_text()


@pytest.mark.parametrize("name", ["a", "acme", "my-feed", "x2", "a" * 30])
def test_names_that_will_do(name):
    check_name(name)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("My_Feed", "did you mean 'my-feed'? "),
        ("my feed", "did you mean 'my-feed'? "),
        ("../acme", "did you mean 'acme'? "),
        ("acme-", "did you mean 'acme'? "),
        ("-acme", "did you mean 'acme'? "),
        ("a--b", "did you mean 'a-b'? "),
        ("a" * 31, f"did you mean {'a' * 30!r}? "),
        ("2x", ""),
        ("", ""),
        ("价格", ""),
        ("acme\n", "did you mean 'acme'? "),
    ],
)
def test_names_that_will_not(tmp_path, name, meant):
    assert f"{name!r} is no name for a project; {meant}it has small letters" in refusal(
        "source", name, tmp_path / "new"
    )
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("kind", ["source", "protocol"])
def test_a_name_by_which_pytest_would_take_its_classes_for_tests_is_refused(tmp_path, kind):
    said = refusal(kind, "tester", tmp_path)
    assert said == "'tester' begins with test, so pytest would take its classes for tests; put a word before"
    make_project(kind, "my-tester", tmp_path)


@pytest.mark.parametrize(("kind", "name"), [("protocol", "limits"), ("protocol", "none"), ("source", "bars")])
def test_a_name_that_the_code_needs_for_something_else_is_refused(tmp_path, kind, name):
    said = refusal(kind, name, tmp_path)
    assert said == f"{name!r} would call something {name.title()}, which is taken in the code; add a word: {name}-feed"
    make_project(kind, f"{name}-feed", tmp_path)


def test_a_name_whose_module_is_there_already_is_refused(tmp_path, monkeypatch):
    (tmp_path / "my_feed_source.py").write_text("raise SystemExit(9)")
    monkeypatch.syspath_prepend(tmp_path)
    assert refusal("source", "my-feed", tmp_path / "new") == (
        "there is a module 'my_feed_source' here already; give the project another name than 'my-feed'"
    )
    assert "my_feed_source" not in sys.modules


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_nothing_is_overwritten(tmp_path, kind):
    there = tmp_path / "acme-source"
    if kind == "file":
        there.write_text("mine")
    else:
        there.mkdir()
    said = refusal("source", "acme", tmp_path)
    assert said == f"{there} is there already, and nothing is overwritten; give another name, or --into another folder"
    assert there.read_text() == "mine" if kind == "file" else not list(there.iterdir())


def test_a_folder_that_cannot_be_written_to_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    said = refusal("source", "acme", tmp_path / "file" / "below")
    assert said.endswith("acme-source cannot be written: Not a directory; give --into a folder of yours")


def test_the_folder_that_it_is_to_be_in_is_made(tmp_path):
    folder, _ = make_project("source", "acme", tmp_path / "not" / "there")
    assert folder.is_dir()
