"""The `options` of a file source in config.yaml."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pydantic

from wealthsources_file.template import Template


def _template(path: object, info: pydantic.ValidationInfo) -> Template:
    if isinstance(path, Template):
        return path
    if not isinstance(path, str):
        raise ValueError("should be text, as in data/{symbol}/{timeframe}.csv")
    return Template(path, Path((info.context or {}).get("folder", ".")))


class FileOptions(pydantic.BaseModel, extra="forbid", frozen=True, arbitrary_types_allowed=True):
    """`path` is where the files are: `data/{symbol}/{timeframe}.csv`, or with `.csv.gz`.

    A relative one starts at the folder of config.yaml.
    """

    path: Annotated[Template, pydantic.BeforeValidator(_template)]
