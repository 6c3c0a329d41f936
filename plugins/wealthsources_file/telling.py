"""What the first rows of a file tell of its layout, and what must be asked for since no file tells it."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Any, Final

from wealthsources import EARLIEST_TIME, FIELDS, LATEST_TIME
from wealthsources_file.iso import ISO
from wealthsources_file.layout import NEEDED, UNITS, Layout
from wealthsources_file.presets import PRESETS, of_header, of_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wealthsources_file.sample import Sample

_TIMES: Final = (
    "open_time",
    "opentime",
    "open time",
    "timestamp",
    "time",
    "datetime",
    "date",
    "unix",
    "ts",
    "date_time",
)
_SHORT: Final = {"open": "o", "high": "h", "low": "l", "close": "c", "volume": "v"}
_NUMERIC_DATE: Final = re.compile(
    r"(\d{1,4})([./-])(\d{1,2})\2(\d{1,4})(?:([ T])(\d\d):(\d\d)(:\d\d)?)?|(\d{8})(?:([ T]?)(\d{4}|\d{6}))?", re.ASCII
)
_SOME: Final = 20_000  # rows


@dataclasses.dataclass
class Told:
    """Options that a file tells, and questions: the option, what to write there as an example, and why it is asked.

    facts  what there is to show, as in Seen
    """

    options: dict[str, Any] = dataclasses.field(default_factory=dict)
    questions: list[tuple[str, str, str]] = dataclasses.field(default_factory=list)
    facts: dict[str, str] = dataclasses.field(default_factory=dict)


def tell(sample: Sample) -> Told:
    """What a sample tells."""
    told = Told()
    layout = _format(sample, told)
    places = _places(sample, layout, told)
    if "open_time" in places:
        _time(sample.column(places["open_time"])[:_SOME], layout, told)
    if sample.separator != ",":
        told.options["separator"] = sample.separator
    if sample.separator != "," and _has_decimal_commas(sample, places):
        told.options["decimal"] = ","
    return told


def _format(sample: Sample, told: Told) -> Layout:
    """The preset that a file fits, or ours."""
    width = len(sample.rows[0]) if sample.rows else 0
    found = of_header(sample.names) if sample.names else of_rows(width)
    if found is None or sample.separator != ",":
        return PRESETS["wealthsources"]
    if found != "wealthsources":
        told.options["format"] = found
    return PRESETS[found]


def _places(sample: Sample, layout: Layout, told: Told) -> dict[str, int]:
    """Where the columns are that are known."""
    if sample.names is None:
        return _places_of_rows(sample, layout, told)
    places: dict[str, int] = {}
    named: dict[str, str] = {}
    for column in NEEDED:
        there = [name for name in layout.names(column) if name in sample.names]
        if there or any("{" in name for name in layout.names(column)):
            places |= {column: sample.names.index(there[0])} if there else {}
            continue
        likely = _likely(column, sample.names)
        if len(likely) == 1:
            named[column] = likely[0]
            places[column] = sample.names.index(likely[0])
        else:
            of = f"{' or '.join(likely)}?" if likely else f"no column of {', '.join(sample.names)} is called like it"
            told.questions.append((f"columns.{column}", likely[0] if likely else "name", of))
    if named:
        told.options["columns"] = named
    return places


def _places_of_rows(sample: Sample, layout: Layout, told: Told) -> dict[str, int]:
    if layout.place("open") is not None:
        return {column: place for column in NEEDED if (place := layout.place(column)) is not None}
    told.options["header"] = False
    times = [place for place, text in enumerate(sample.rows[0]) if _is_time(text)] if sample.rows else []
    columns = {"open_time": times[0] + 1} if len(times) == 1 else {}
    told.options["columns"] = columns
    shown = ", ".join(sample.rows[0]) if sample.rows else ""
    for column in NEEDED:
        if column not in columns:
            told.questions.append((f"columns.{column}", "2", f"which place has it in {shown}? 1 is the first"))
    return {column: place - 1 for column, place in columns.items()}


def _likely(column: str, names: Sequence[str]) -> list[str]:
    """The columns that are called like one of ours, but for case, quotes and brackets."""
    known = _TIMES if column == "open_time" else (column, _SHORT[column], "vol" if column == "volume" else column)
    plain = {name: re.sub(r"[<>\"'\s]+", " ", name).strip().lower() for name in names}
    return [name for name in names if plain[name] in known]


def _time(texts: Sequence[str], layout: Layout, told: Told) -> None:
    if not texts:
        return
    units = [unit for unit in UNITS if any(_fits(text, unit) for text in texts)]
    if all(re.fullmatch("[0-9]{9,19}", text) for text in texts) and units:
        told.facts["times"] = f"{' and '.join(units)} since 1970, UTC"
        if not set(units) <= set(layout.time):
            told.options["time"] = units[0] if len(units) == 1 else units
    elif ISO.fullmatch(texts[0]):
        told.facts["times"] = "written, as in " + texts[0]
        if layout.time != ("iso",):
            told.options["time"] = "iso"
        _zone(texts, told)
    else:
        _pattern(texts, told)
        _zone(texts, told)
    _order(texts, layout, told)


def _fits(text: str, unit: str) -> bool:
    many, few = UNITS[unit]
    return text.isdecimal() and EARLIEST_TIME <= int(text) * few // many <= LATEST_TIME


def _zone(texts: Sequence[str], told: Told) -> None:
    if all((found := ISO.fullmatch(text)) and found["offset"] for text in texts):
        told.facts["zone"] = "each time says its own"
    else:
        told.questions.append(("zone", "UTC", f"{texts[0]} names no time zone: where do clocks show that?"))


def _pattern(texts: Sequence[str], told: Told) -> None:
    """How dates are written; asked for if two ways are possible."""
    told.facts["times"] = "written, as in " + texts[0]
    found = [_NUMERIC_DATE.fullmatch(text) for text in texts]
    first = found[0]
    if first is None or not all(found):
        told.questions.append(("time", "'%Y.%m.%d %H:%M'", f"how is {texts[0]} written?"))
        return
    if first[9]:
        told.options["time"] = f"%Y%m%d{first[10] or ''}{'%H%M%S'[: len(first[11] or '')]}" if first[11] else "%Y%m%d"
        return
    mark, clock = first[2], (f"{first[5]}%H:%M{':%S' if first[8] else ''}" if first[5] else "")
    if len(first[1]) == 4:
        told.options["time"] = f"%Y{mark}%m{mark}%d{clock}"
        return
    year = "%Y" if len(first[4]) == 4 else "%y"
    day_first = any(one and int(one[1]) > 12 for one in found)
    month_first = any(one and int(one[3]) > 12 for one in found)
    ways = [f"%d{mark}%m{mark}{year}{clock}", f"%m{mark}%d{mark}{year}{clock}"]
    if day_first != month_first:
        told.options["time"] = ways[0] if day_first else ways[1]
    else:
        told.questions.append(("time", f"'{ways[0]}'", f"or '{ways[1]}'? {texts[0]} may be either"))


def _order(texts: Sequence[str], layout: Layout, told: Told) -> None:
    first, last = texts[0], texts[-1]
    if first == last or not (ISO.fullmatch(first) or first.isdecimal()):
        return
    key = (len(first), first) > (len(last), last)
    order = "newest_first" if key else "oldest_first"
    told.facts["order"] = order
    if order != layout.order:
        told.options["order"] = order


def _is_time(text: str) -> bool:
    return bool(ISO.fullmatch(text) or _NUMERIC_DATE.fullmatch(text) or any(_fits(text, unit) for unit in UNITS))


def _has_decimal_commas(sample: Sample, places: dict[str, int]) -> bool:
    texts = [text for field in FIELDS if field in places for text in sample.column(places[field])]
    return any("," in text for text in texts) and not any("." in text for text in texts)
