"""A picture of bars as a PNG file.

Drawn by matplotlib, which needs nothing but itself; plotly would have a browser draw it (kaleido), which many servers
do not have. Text from outside is text there: none of it is taken for formulas.
"""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from wealthsources.cli.picture import GRID_COLOUR, HOLE_COLOUR, HOLE_OPACITY, HOW_TO_READ, MISSING

try:
    from matplotlib.collections import LineCollection, PolyCollection
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch
except ModuleNotFoundError as error:
    raise ImportError(
        f"an image needs `pip install 'wealthsources[plot]'`: there is no module {error.name!r}"
    ) from error

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from wealthsources.cli.picture import Group, Picture

_INCHES: Final = (16, 9)
_DOTS: Final = 100
_WIDE: Final = 0.7
_MOST_TICKS: Final = 10


def image_of(picture: Picture) -> bytes:
    """The PNG, 1600 dots by 900."""
    # Not by pyplot, which keeps figures of its own and looks for a screen.
    figure = Figure(figsize=_INCHES, dpi=_DOTS, layout="constrained")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from", UserWarning)  # a box is drawn in its place
        _draw(figure, picture)
        written = io.BytesIO()
        figure.savefig(written, format="png")
    return written.getvalue()


def _draw(figure: Figure, picture: Picture) -> None:
    prices, volumes = figure.subplots(2, sharex=True, height_ratios=(3, 1))
    groups = list(picture.groups())
    names = [group.name for group in groups]
    handles = [_draw_group(prices, volumes, picture, group) for group in groups]
    if picture.bands:
        names.append(MISSING)
        handles.append(_draw_bands(prices, volumes, picture))
    for axes, label in ((prices, "price"), (volumes, "volume")):
        axes.autoscale_view()
        axes.yaxis.tick_right()
        axes.yaxis.set_label_position("right")
        axes.set_ylabel(label)
        axes.grid(visible=True, color=GRID_COLOUR, linewidth=0.6)
        axes.set_axisbelow(True)
        axes.ticklabel_format(axis="y", style="plain", useOffset=False)
    prices.set_title(f"{picture.title}\n{HOW_TO_READ}", loc="left", parse_math=False, fontsize=11)
    volumes.set_ylim(bottom=0)
    volumes.set_xlim(-0.5, len(picture.times) - 0.5)
    ticks = range(0, len(picture.times), -(-len(picture.times) // _MOST_TICKS))
    volumes.set_xticks(list(ticks), [picture.times[tick] for tick in ticks], fontsize=8)
    _legend(figure, handles, names)


def _legend(figure: Figure, handles: list[Patch], names: list[str]) -> None:
    legend = figure.legend(handles, [str(number) for number in range(len(names))], loc="outside upper right", ncols=6)
    for text, name in zip(legend.get_texts(), names, strict=True):  # a name that begins with _ would be left out
        text.set_parse_math(False)
        text.set_text(name)


def _draw_group(prices: Axes, volumes: Axes, picture: Picture, group: Group) -> Patch:
    at = picture.places[group.numbers].astype(np.float64)
    o, h, l, c, v = picture.bars.values[group.numbers].T  # noqa: E741
    bottom, top = np.minimum(o, c), np.maximum(o, c)
    style: dict[str, Any] = {"alpha": 0.4} if group.forming else {}
    wicks = [*_lines(at, l, bottom), *_lines(at, top, h)]
    faces = np.where(c >= o, "white", group.colour).tolist()
    prices.add_collection(LineCollection(wicks, colors=group.colour, linewidths=0.8, **style))
    bodies = PolyCollection(_boxes(at, bottom, top), facecolors=faces, edgecolors=group.colour, linewidths=0.8, **style)
    prices.add_collection(bodies)
    volumes.add_collection(PolyCollection(_boxes(at, np.zeros(len(v)), v), facecolors=group.colour, **style))
    if group.forming:
        prices.annotate("forming", (at[-1], h[-1]), (0, 14), textcoords="offset points", ha="center", fontsize=8)
    return Patch(facecolor=group.colour, edgecolor=group.colour, **style)


def _draw_bands(prices: Axes, volumes: Axes, picture: Picture) -> Patch:
    style: dict[str, Any] = {"color": HOLE_COLOUR, "alpha": HOLE_OPACITY, "linewidth": 0}
    label: dict[str, Any] = {"rotation": 90, "ha": "center", "va": "top", "color": HOLE_COLOUR, "fontsize": 8}
    for band in picture.bands:
        left, right = band.first - 0.5, band.first + band.width - 0.5
        for axes in (prices, volumes):
            axes.axvspan(left, right, **style)
        if picture.labels_bands:
            prices.text((left + right) / 2, 0.98, band.short, transform=prices.get_xaxis_transform(), **label)
    return Patch(facecolor=HOLE_COLOUR, alpha=HOLE_OPACITY)


def _lines(at: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64]) -> list[Any]:
    """Upright lines, by their ends."""
    return list(np.stack([np.stack([at, low], axis=1), np.stack([at, high], axis=1)], axis=1))


def _boxes(at: NDArray[np.float64], bottom: NDArray[np.float64], top: NDArray[np.float64]) -> list[Any]:
    """Rectangles, by their corners."""
    left, right = at - _WIDE / 2, at + _WIDE / 2
    corners = ((left, bottom), (left, top), (right, top), (right, bottom))
    return list(np.stack([np.stack(corner, axis=1) for corner in corners], axis=1))
