"""Configurations with a store and files, and the commands run on them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from wealthsources_store.database import Database
from wealthsources_store.options import StoreOptions

from ....support.bars import HOUR, at


class Place:
    """A folder with a configuration in it: two stores (`store`, `other`) and files (`archive`)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "config.yaml"
        files = {"path": f"{folder}/files/{{symbol}}/{{timeframe}}.csv"}
        sources: list[dict[str, Any]] = [
            {"plugin": "store", "options": {"url": "sqlite:///store.db"}},
            {"plugin": "store", "name": "other", "options": {"url": "sqlite:///other.db"}},
            {"plugin": "file", "name": "archive", "options": files},
            {"plugin": "context"},
        ]
        self.config.write_text(json.dumps({"sources": sources}))

    def write_csv(self, *places: int, symbol: str = "BTCUSDT") -> None:
        """A file with these hours."""
        path = self.folder / "files" / symbol / "1h.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = [f"{at(place)},10.50,12,9,{10 + place % 2}.25,3" for place in places]
        path.write_text("\n".join(["open_time,open,high,low,close,volume", *rows, ""]))

    def run(self, app: Any, *arguments: object) -> Any:
        """Run a command on the configuration."""
        words = [*map(str, arguments), "--config", str(self.config)]
        return CliRunner().invoke(app, words)

    def database(self, name: str = "store") -> Database:
        """One of the stores."""
        return Database(StoreOptions(url=f"sqlite:///{self.folder}/{name}.db"))


def text(place: int) -> str:
    """An hour as it is typed."""
    day, hour = divmod((at(place) - at(-12)) // HOUR, 24)
    return f"2020-09-{13 + day:02}T{hour:02}:00"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.fixture
def hour():
    return text
