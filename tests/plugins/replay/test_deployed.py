"""The configuration that the command opens."""

from __future__ import annotations

import shutil

import pytest

from wealthsources import ConfigError
from wealthsources_replay.deployed import open_replay
from wealthsources_replay.options import ReplayOptions

from ...support.markets import SAMPLE
from .records import ACK, write

CONFIG = """
prices: any
continuous: false
plugins: {allow: [websocket, store, file]}
sources:
  - name: live
    plugin: websocket
    options: {symbols: [BTCUSDT], resolutions: [1h], csrf_token: a-secret-token}
  - plugin: store
  - name: archive
    plugin: file
    keep: true
    options: {path: "data/{symbol}/{timeframe}.csv"}
recorder: {store: {}}
"""


def bars(**options) -> ReplayOptions:
    said = {"bars": "archive", "symbols": ["BTCUSDT"], "timeframes": ["1h"], "from": "2019-08-01", **options}
    return ReplayOptions.model_validate(said)


@pytest.fixture
def config(tmp_path):
    folder = tmp_path / "deployment"
    (folder / "data" / "BTCUSDT").mkdir(parents=True)
    shutil.copy(SAMPLE, folder / "data" / "BTCUSDT" / "1h.csv")
    (folder / "config.yaml").write_text(CONFIG)
    return folder / "config.yaml"


def test_the_source_that_has_the_bars_is_that_of_the_configuration_and_no_other_takes_part(config):
    with open_replay(bars(), config) as session:
        assert list(session.sources) == ["replay", "archive"]
        session.start_live()
        assert len(session.source("replay").step(1_564_617_600_000 + 5 * 3_600_000)) == 1 + 4
        settings = session.config.settings
    assert (settings.clock, settings.prices, settings.continuous, settings.recorder) == ("feed", "any", False, {})
    assert settings.plugins.allow == ("websocket", "store", "file", "replay")


def test_by_default_it_is_the_configuration_that_all_commands_use(config, monkeypatch):
    monkeypatch.chdir(config.parent)
    assert [source.name for source in open_replay(bars(), None).config.settings.sources] == ["replay", "archive"]
    monkeypatch.chdir(config.parent.parent)
    monkeypatch.setenv("WEALTHSOURCES_CONFIG", str(config))
    assert [source.name for source in open_replay(bars(), None).config.settings.sources] == ["replay", "archive"]


def test_a_source_that_is_not_there_is_an_error_that_names_those_that_are(config):
    with pytest.raises(ConfigError, match=r"config\.yaml has no source 'files'; it has: live, store, archive"):
        open_replay(bars(bars="files"), config)


def test_without_a_configuration_nobody_knows_the_source(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"no configuration config\.yaml, which would say what archive is"):
        open_replay(bars(), None)


def test_a_recording_needs_no_configuration(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "live", ACK)
    with open_replay(ReplayOptions(recording=tmp_path / "live"), None) as session:
        assert list(session.sources) == ["replay"]
