"""A picture of bars as one HTML file that needs nothing else: plotly.js out of the plotly package is written into it.

Text from outside (symbols, names of sources) is text there: nothing in it is taken for markup or script, and the page's
own policy (CSP) lets it fetch nothing, whatever is in it.
"""

from __future__ import annotations

import html
import json
from typing import TYPE_CHECKING, Any, Final

from wealthsources.cli.picture import GRID_COLOUR, HOLE_COLOUR, HOLE_OPACITY, HOW_TO_READ, MISSING
from wealthsources.model.rows import FIELDS

try:
    from plotly.offline import get_plotlyjs
except ModuleNotFoundError as error:
    raise ImportError(f"a page needs `pip install 'wealthsources[plot]'`: there is no module {error.name!r}") from error

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wealthsources.cli.picture import Band, Group, Picture

_POLICY: Final = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:"
_PAGE: Final = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>{title}</title>
<style>html, body, #chart {{ height: 100%; margin: 0 }}</style>
</head>
<body>
<div id="chart"></div>
<script>{library}</script>
<script>Plotly.newPlot("chart", {data}, {layout}, {config});</script>
</body>
</html>
"""
_CONFIG: Final = {"displaylogo": False, "responsive": True, "scrollZoom": True}
_HALF_WAY: Final = 0.5  # up the chart it is said what is missing
_SCALE: Final = {"side": "right", "gridcolor": GRID_COLOUR, "exponentformat": "none", "separatethousands": True}


def page_of(picture: Picture) -> str:
    """The whole page."""
    return _PAGE.format(
        policy=_POLICY,
        title=html.escape(picture.title),
        library=get_plotlyjs(),
        data=_script([*_bars(picture), *_holes(picture)]),
        layout=_script(_layout(picture)),
        config=_script(_CONFIG),
    )


def _script(value: object) -> str:
    """As JSON that may stand between the tags of a script."""
    return json.dumps(value).replace("<", "\\u003c").replace(">", "\\u003e")


def _text(text: str) -> str:
    """Text that is not to be taken for the tags that plotly.js knows."""
    return html.escape(text, quote=False)


# bars ----------------------------------------------------------------------------------------------------------------


def _bars(picture: Picture) -> Iterator[dict[str, Any]]:
    groups = list(picture.groups())
    yield from (_prices(picture, group) for group in groups)
    yield from (_volumes(picture, group) for group in groups)


def _prices(picture: Picture, group: Group) -> dict[str, Any]:
    """The bars of one source: hollow where the price rose, filled where it fell, pale while one forms."""
    columns = picture.bars.values[group.numbers].T.tolist()
    line = {"color": group.colour, "width": 1}
    return {
        "type": "candlestick",
        "name": _text(group.name),
        "legendgroup": group.name,
        "x": _places(picture, group),
        **dict(zip(FIELDS[:4], columns[:4], strict=True)),
        "increasing": {"line": line, "fillcolor": "white"},
        "decreasing": {"line": line, "fillcolor": group.colour},
        "opacity": 0.5 if group.forming else 1,
        "text": [_told(picture, group, number) for number in group.numbers.tolist()],
        "hoverinfo": "text",
    }


def _volumes(picture: Picture, group: Group) -> dict[str, Any]:
    return {
        "type": "bar",
        "name": _text(group.name),
        "legendgroup": group.name,
        "showlegend": False,
        "x": _places(picture, group),
        "y": picture.bars.values[group.numbers, 4].tolist(),
        "yaxis": "y2",
        "marker": {"color": group.colour, "line": {"width": 0}},
        "opacity": 0.4 if group.forming else 0.8,
        "hoverinfo": "skip",
    }


def _places(picture: Picture, group: Group) -> list[str]:
    return [picture.times[place] for place in picture.places[group.numbers].tolist()]


def _told(picture: Picture, group: Group, number: int) -> str:
    """What is said of a bar that is pointed at: its values in their exact text, and where it is from."""
    bar, time = picture.bars[number], picture.times[int(picture.places[number])]
    return "<br>".join([time, *(f"{field} {_text(bar.exact(field))}" for field in FIELDS), _text(group.name)])


# holes ---------------------------------------------------------------------------------------------------------------


def _holes(picture: Picture) -> Iterator[dict[str, Any]]:
    """What says of each band how many bars are missing; the bands themselves are shapes of the layout."""
    if not picture.bands:
        return
    places = [place for band in picture.bands for place in range(band.first, band.first + band.width)]
    texts = [band.text for band in picture.bands for _ in range(band.width)]
    over = {
        "type": "bar",
        "yaxis": "y3",
        "width": 1,
        "name": MISSING,
        "legendgroup": MISSING,
        "marker": {"color": HOLE_COLOUR},
    }
    yield {
        **over,
        "x": [picture.times[place] for place in places],
        "y": [_HALF_WAY] * len(places),
        "text": texts,
        "textposition": "none",
        "hoverinfo": "text",
        "opacity": 0,
        "showlegend": False,
    }
    yield {**over, "x": [None], "y": [None], "opacity": HOLE_OPACITY}  # for the legend


def _shape(band: Band, labelled: bool) -> dict[str, Any]:
    upwards = {"textangle": -90, "xanchor": "right", "yanchor": "middle", "textposition": "top center"}
    label = {"text": band.short, "font": {"color": HOLE_COLOUR}, **upwards}
    return {
        "type": "rect",
        "layer": "below",
        "xref": "x",
        "x0": band.first - 0.5,
        "x1": band.first + band.width - 0.5,
        "yref": "paper",
        "y0": 0,
        "y1": 1,
        "fillcolor": HOLE_COLOUR,
        "opacity": HOLE_OPACITY,
        "line": {"width": 0},
        **({"label": label} if labelled else {}),
    }


# the whole -----------------------------------------------------------------------------------------------------------


def _layout(picture: Picture) -> dict[str, Any]:
    return {
        "title": {"text": _text(picture.title), "x": 0.05, "subtitle": {"text": HOW_TO_READ}},
        "template": {},
        "plot_bgcolor": "white",
        "hovermode": "x unified",
        "dragmode": "pan",
        "bargap": 0.2,
        "legend": {"orientation": "h", "y": 1, "yanchor": "bottom", "x": 1, "xanchor": "right"},
        "margin": {"l": 60, "r": 70, "t": 90, "b": 50},
        "xaxis": {
            "type": "category",
            "categoryorder": "array",
            "categoryarray": picture.times,
            "range": [-0.5, len(picture.times) - 0.5],
            "anchor": "y2",
            "nticks": 6,
            "tickangle": 0,
            "gridcolor": GRID_COLOUR,
            "rangeslider": {"visible": False},
        },
        "yaxis": {**_SCALE, "domain": [0.26, 1], "title": {"text": "price"}},
        "yaxis2": {**_SCALE, "domain": [0, 0.22], "title": {"text": "volume"}},
        "yaxis3": {"overlaying": "y", "range": [0, 1], "fixedrange": True, "visible": False},
        "shapes": [_shape(band, picture.labels_bands) for band in picture.bands],
        "annotations": [_forming(picture, group) for group in picture.groups() if group.forming],
    }


def _forming(picture: Picture, group: Group) -> dict[str, Any]:
    number = int(group.numbers[-1])
    place = picture.times[int(picture.places[number])]
    high = float(picture.bars.values[number, 1])
    return {"x": place, "y": high, "text": "forming", "showarrow": True, "arrowhead": 2, "ax": 0, "ay": -30}
