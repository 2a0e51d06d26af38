"""Colours, markers and calm axes shared by all figures; never colour alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

BLUE = "#0072B2"
VERMILLION = "#D55E00"
INK = "#1A1A1A"
GREY = "#6B6B6B"
PALE = "#BDBDBD"
WIDTH = 4.7
"""Inches; narrow enough for its words to stay legible on a telephone."""

GROUPS: tuple[tuple[str, str, str], ...] = (
    (BLUE, "o", "-"), (VERMILLION, "s", "--"), ("#009E73", "^", "-."), ("#8A3E74", "D", ":"),
)
"""Colour, marker and line of the first, second ... group; blue circle against vermillion square where there are two."""


def group_style(position: int) -> tuple[str, str, str]:
    """Colour, marker and line of a group by its position."""
    return GROUPS[position % len(GROUPS)]


def column(frame: pd.DataFrame, name: str) -> np.ndarray:
    """Return a numeric column as floats, NaN where there is nothing."""
    return np.asarray(frame[name].to_numpy(dtype=float, na_value=np.nan))


def calm(ax: Axes, *, keep: Iterable[str] = ("bottom",)) -> None:
    """Take away the frame except for the sides named."""
    for side in ("top", "right", "left", "bottom"):
        ax.spines[side].set_visible(side in keep)
        ax.spines[side].set_color(GREY)
    ax.tick_params(colors=INK, labelsize=9)


def note(ax: Axes, text: str, row: float, *, above: int = 6) -> None:
    """Write the words of a row at the left, just above its line, on a white ground."""
    ax.annotate(text, (0, row), xycoords=("axes fraction", "data"), xytext=(0, above), textcoords="offset points",
                fontsize=9, color=INK, va="bottom", zorder=4,
                bbox={"boxstyle": "square,pad=0.1", "facecolor": "white", "edgecolor": "none"})


def wrapped(text: str, width: int) -> str:
    """Break a label into lines of at most `width` characters."""
    import textwrap

    return "\n".join(textwrap.wrap(text, width)) or text


def shown_range(values: np.ndarray, *, around: float) -> tuple[float, float]:
    """Return limits that hold every finite value and `around`, with a little air."""
    finite = np.append(values[np.isfinite(values)], around)
    low, high = float(finite.min()), float(finite.max())
    air = 0.08 * (high - low) or 0.5
    return low - air, high + air
