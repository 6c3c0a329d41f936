"""A picture as an image: read back dot by dot."""

from __future__ import annotations

import io
import warnings

import matplotlib.image
import numpy as np

from wealthsources.cli.picture import COLOURS, arrange
from wealthsources.cli.picture_image import image_of

from ..support.bars import moving
from .test_picture_page import HOSTILE, two_sources


def dots(png: bytes) -> np.ndarray:
    """Shape (height, width, 3), 0 to 255."""
    assert png.startswith(b"\x89PNG")
    return np.round(matplotlib.image.imread(io.BytesIO(png))[:, :, :3] * 255).astype(int)


def columns(image: np.ndarray, colour: str) -> np.ndarray:
    """In which columns of dots, but for those of the legend above, there is any of that colour."""
    wanted = [int(colour[place : place + 2], 16) for place in (1, 3, 5)]
    return np.flatnonzero((image[80:] == wanted).all(axis=2).any(axis=0))


def test_each_source_has_its_colour_where_its_bars_are():
    image = dots(image_of(arrange(two_sources())))
    assert image.shape == (900, 1600, 3)
    one, two = columns(image, COLOURS[0]), columns(image, COLOURS[1])
    assert one.min() < two.min() < two.max() < one.max()
    assert not np.isin(one, np.arange(two.min(), two.max())).any()


def test_a_hole_is_a_band():
    def bands(bars) -> int:
        image = dots(image_of(arrange(bars)))
        row = image[400]
        red = np.flatnonzero((row[:, 0] - row[:, 1] > 20) & (row[:, 1] == row[:, 2]))
        return int((np.diff(red, prepend=-9) > 4).sum())  # lines of the grid shine through, two dots wide

    assert bands(two_sources()) == 2
    assert bands(moving(*range(20))) == 0


def test_text_from_outside_is_no_formula_and_is_shown_whatever_it_begins_with():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        strange = [moving(0, 1).named(symbol, name) for symbol, name in (("$\\frac{$", "_$x$"), (HOSTILE, "贵州"))]
        images = [image_of(arrange(bars)) for bars in strange]
        assert images[0] != image_of(arrange(moving(0, 1).named("$\\frac{$", "_")))
    assert all(dots(image).shape == (900, 1600, 3) for image in images)


def test_a_forming_bar_is_drawn_otherwise():
    assert image_of(arrange(moving(0, 1, 2, closed=False)[-1:])) != image_of(arrange(moving(0, 1, 2)[-1:]))
