from __future__ import annotations

import sys
from pathlib import Path

import pydantic
import pytest

from wealthsources_store.options import StoreOptions

SECRET = "correct-horse"
SERVER = f"postgresql+psycopg://keeper:{SECRET}@db.example.org:5433/bars"


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("mysql+pymysql://a:correct-horse@host/db", "is of the kind 'mysql\\+pymysql'; a store is sqlite:///path"),
        ("postgresql://a:correct-horse@host/db", "is of the kind 'postgresql'.*postgresql\\+psycopg://user"),
        ("data/bars.db", "is no address; a store is sqlite:///path"),
        ("", "is no address"),
        ("sqlite:///", "names no file"),
        ("sqlite:///:memory:", "names no file, and what is in memory no other process can read"),
        ("sqlite:///a.db?mode=ro", "may have no options"),
        ("postgresql+psycopg://a:correct-horse@host:port/db", "cannot be read \\(is a character of the password"),
    ],
)
def test_an_address_of_another_kind_is_refused_with_what_to_write(url, told):
    with pytest.raises(pydantic.ValidationError, match=told) as raised:
        StoreOptions(url=url)
    assert SECRET not in str(raised.value)


def test_an_unknown_option_is_refused():
    with pytest.raises(pydantic.ValidationError, match="Extra inputs"):
        StoreOptions(path="data/bars.db")


def test_a_relative_path_starts_at_the_folder_of_the_configuration(tmp_path):
    def path(url: dict) -> Path | None:
        return StoreOptions.model_validate(url, context={"folder": tmp_path}).path

    assert path({}) == tmp_path / "data" / "bars.db"
    assert path({"url": "sqlite:///a b.db"}) == tmp_path / "a b.db"
    assert path({"url": "sqlite:////var/lib/bars.db"}) == Path("/var/lib/bars.db")
    assert StoreOptions().path == Path.cwd() / "data" / "bars.db"


def test_the_place_is_the_file_or_the_server_without_password():
    assert StoreOptions(url="sqlite:////var/lib/bars.db").place == "/var/lib/bars.db"
    options = StoreOptions(url=f"{SERVER}?sslmode=require&sslpassword=another-secret")
    assert options.path is None
    assert options.place == "postgresql://keeper@db.example.org:5433/bars"
    assert options.address.password == SECRET


def test_a_password_is_never_shown():
    options = StoreOptions(url=SERVER)
    assert SECRET not in f"{options!r} {options} {options.model_dump()} {options.model_dump_json()} {options.place}"


@pytest.mark.parametrize(
    ("url", "secrets"),
    [
        (SERVER, [SECRET]),
        ("postgresql+psycopg://a:p%40ss%20word@h/db", ["p@ss word", "p%40ss%20word"]),
        ("postgresql+psycopg://h/db?password=in-the-query&sslpassword=of-the-key", ["in-the-query", "of-the-key"]),
    ],
)
def test_a_password_is_taken_out_of_what_a_driver_says(url, secrets):
    redact = StoreOptions(url=url).redactor()
    for secret in secrets:
        assert redact(f"it said {secret}, twice") == "it said ***, twice"


def test_a_file_has_no_secret():
    assert StoreOptions().redactor()("sqlite:///data/bars.db") == "sqlite:///data/bars.db"


def test_without_the_driver_of_a_server_it_is_said_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(pydantic.ValidationError, match=r"pip install 'wealthsources\[postgresql\]'"):
        StoreOptions(url=SERVER)
    assert StoreOptions().path
