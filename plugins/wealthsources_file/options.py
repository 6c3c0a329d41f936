"""The `options` of a file source in config.yaml."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import pydantic
import pydantic_core

from wealthsources import Timeframe, match_timeframe
from wealthsources_file.arrow import check_installed
from wealthsources_file.file_list import FileList
from wealthsources_file.file_series import LastRow
from wealthsources_file.layout_options import LayoutOptions
from wealthsources_file.presets import PRESETS
from wealthsources_file.storage import TIMEOUT, Place, place_of, with_storage
from wealthsources_file.symbol_files import SymbolFiles
from wealthsources_file.template import Template


def _folder(info: pydantic.ValidationInfo) -> Path:
    return Path((info.context or {}).get("folder", "."))


def _template(path: object, info: pydantic.ValidationInfo) -> Template | None:
    if path is None and info.data.get("files"):
        return None
    if path is None:
        raise pydantic_core.PydanticCustomError("missing", "Field required")
    if info.data.get("files"):
        raise ValueError("and files are two ways to say where the files are; give one of them")
    if isinstance(path, Template):
        return path
    if not isinstance(path, str):
        raise ValueError("should be text, as in data/{symbol}/{timeframe}.csv")
    check_installed(path)
    timeframes = PRESETS[info.data.get("format", "wealthsources")].timeframes
    has_symbols = "symbol" in info.data.get("columns", {})
    return Template(path, _folder(info), timeframes, _storage(info), has_symbols=has_symbols)


def _storage(info: pydantic.ValidationInfo) -> tuple[dict[str, Any], float]:
    secret = info.data.get("storage")
    return secret.get_secret_value() if secret else {}, info.data.get("storage_timeout", TIMEOUT)


def _timeframe(name: str) -> Timeframe:
    return match_timeframe(name) or Timeframe(name)


def _place(path: object, info: pydantic.ValidationInfo) -> Place:
    if not isinstance(path, str) or not path:
        raise ValueError("should be text, as in exports/prices.csv")
    check_installed(path)
    return place_of(path, _folder(info), {})


_Text = pydantic.WithJsonSchema({"type": "string"})


class SeriesFile(pydantic.BaseModel, extra="forbid", frozen=True, arbitrary_types_allowed=True):
    """A file by its own name, and the series that it has; no symbol if a column says whose each row is."""

    path: Annotated[Place, pydantic.BeforeValidator(_place), _Text]
    symbol: Annotated[str, pydantic.Field(min_length=1)] = ""
    timeframe: Annotated[str, pydantic.AfterValidator(lambda name: _timeframe(name).name)]


class FileOptions(LayoutOptions, frozen=True, arbitrary_types_allowed=True):
    """`path` is where the files are: `data/{symbol}/{timeframe}.csv`, packed as `.csv.gz`, `.csv.zst` or `.zip`.

    With {date}, {year} or {month} in it a series may have many files, as in `{symbol}-{timeframe}-{year}-{month}.zip`.

    Or `files` names them one by one: `[{path: exports/prices.csv, symbol: BTCUSDT, timeframe: 1h}]`; such a path is
    taken as it is. A relative one starts at the folder of config.yaml.

    on_bad_row  a row that is no bar: fail, so that a request it touches has no answer from here; or skip, so that it is
                left out like a bar that is not there, counted, and named
    last_row    what is made of the newest row of a file: drop, it is left out; closed, it is a closed bar; by_mtime, it
                is one if it was over when the file was written (which a copy does not keep)

    Either may be an address of fsspec's, as in s3://bucket/{symbol}/{timeframe}.parquet:

    storage          what the file system there is to be told, as in {key: …, secret: …, endpoint_url: …}; never shown
    storage_timeout  seconds without an answer after which it is given up

    How the files are laid out is said as in LayoutOptions.
    """

    on_bad_row: Literal["fail", "skip"] = "fail"
    last_row: LastRow = "by_mtime"
    storage: pydantic.Secret[dict[str, Any]] = pydantic.Secret({})
    storage_timeout: Annotated[float, pydantic.Field(gt=0, le=600, allow_inf_nan=False)] = TIMEOUT

    files: tuple[SeriesFile, ...] = ()
    path: Annotated[Template | None, pydantic.BeforeValidator(_template), _Text] = pydantic.Field(
        None, validate_default=True
    )

    @pydantic.field_validator("files")
    @classmethod
    def _one_for_each_series(
        cls, files: tuple[SeriesFile, ...], info: pydantic.ValidationInfo
    ) -> tuple[SeriesFile, ...]:
        has_symbols = "symbol" in info.data.get("columns", {})
        if any(bool(file.symbol) is has_symbols for file in files):
            why = "and columns: {symbol: …} are two ways to say whose a row is" if has_symbols else "is to be said"
            raise ValueError(f"symbol {why}")
        names = [(file.symbol, file.timeframe) for file in files]
        for symbol, timeframe in names:
            if names.count((symbol, timeframe)) > 1:
                raise ValueError(f"has two files of {symbol} {timeframe}; a series has one")
        return files

    @property
    def is_remote(self) -> bool:
        """Whether any of the files is on another machine."""
        return any("://" in str(place) for place in (self.path, *(file.path for file in self.files)))

    def catalog(self) -> Template | FileList | SymbolFiles:
        """What lists the files there are."""
        files = self.path or self._file_list()
        return SymbolFiles(files, self.layout) if self.layout.has_symbols else files

    def _file_list(self) -> FileList:
        places = with_storage([file.path for file in self.files], self.storage.get_secret_value(), self.storage_timeout)
        series = [(file.symbol, file.timeframe) for file in self.files]
        return FileList(dict(zip(series, places, strict=True)))
