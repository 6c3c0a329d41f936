"""`wealthsources schema`."""

from __future__ import annotations

import json

from wealthsources.config.schema import DRAFT


def test_it_prints_the_schema_of_all_that_is_installed(cli):
    result = cli("schema")
    made = json.loads(result.out)
    assert (result.code, result.err, made["$schema"]) == (0, "", DRAFT)
    names = {each["if"]["properties"]["plugin"]["const"] for each in made["definitions"]["SourceSettings"]["allOf"]}
    assert {"websocket", "context", "file", "ccxt", "store", "replay"} <= names
    assert {"store", "frames"} <= set(made["properties"]["recorder"]["properties"])


def test_a_strangers_plugin_is_in_it(cli, distribution):
    module = """
        import pydantic
        from wealthsources import Source, hookimpl
        class Options(pydantic.BaseModel, extra="forbid"):
            depth: int = 1
        class Mine(Source):
            def get_history(self, request): raise NotImplementedError
        @hookimpl
        def wealthsources_register(register): register("zmine", Mine, Options)
    """
    distribution(sources="zmine = zmine_module", zmine_module=module)
    made = json.loads(cli("schema").out)
    assert made["definitions"]["options.zmine"]["properties"]["depth"]["default"] == 1
    assert "depth" in json.loads(cli("schema", "--plugin", "zmine").out)["properties"]


def test_a_broken_plugin_is_left_out_and_named(cli, distribution):
    distribution(sources="zmine = zmine_module", zmine_module="raise RuntimeError('not today')")
    result = cli("schema")
    assert result.code == 0
    assert "options.zmine" not in json.loads(result.out)["definitions"]
    assert result.err.startswith("note: zmine is left out: plugin 'zmine' of ")
    assert "not today" in result.err


def test_one_plugin_that_is_broken_is_an_error(cli, distribution):
    distribution(sources="zmine = zmine_module", zmine_module="raise RuntimeError('not today')")
    result = cli("schema", "--plugin", "zmine")
    assert result.code == 2
    assert "not today" in result.error


def test_an_unknown_plugin_is_told_with_the_nearest_one(cli):
    result = cli("schema", "--plugin", "websockets")
    assert result.code == 2
    assert result.error == "no plugin 'websockets' is installed; did you mean 'websocket'?"


def test_it_can_be_written_to_a_file(cli, tmp_path):
    path = tmp_path / "made.json"
    assert cli("schema", "--output", str(path)).out == ""
    assert path.read_text() == cli("schema").out
    result = cli("schema", "--output", str(tmp_path / "none" / "made.json"))
    assert result.code == 2
    assert "cannot be written: No such file or directory; check the path" in result.error
