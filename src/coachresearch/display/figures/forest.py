"""Forest: one estimate with its interval in each row, and a line at no difference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from coachresearch.display.figures.style import BLUE, GREY, WIDTH, calm, column, note, shown_range, wrapped
from coachresearch.display.numbers import interval, signed
from coachresearch.display.text import sentence

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


def size(frame: pd.DataFrame) -> tuple[float, float]:
    """Width and height in inches."""
    return WIDTH, 0.9 + 0.62 * len(frame)


def draw(frame: pd.DataFrame, ax: Axes, *, language: str = "en") -> Axes:
    """Draw estimates with their intervals.

    Parameters
    ----------
    frame : pandas.DataFrame
        Columns ``label``, ``estimate``, ``conf_low``, ``conf_high``, ``n``; one row per estimate, all in one unit.
    ax : matplotlib.axes.Axes
    language : str
    """
    middle, low, high = (column(frame, name) for name in ("estimate", "conf_low", "conf_high"))
    rows = np.arange(len(frame))[::-1]
    ax.axvline(0, color=GREY, linewidth=1, linestyle=(0, (4, 3)))
    ax.hlines(rows, low, high, color=BLUE, linewidth=2.4)
    ax.plot(middle, rows, "s", color=BLUE, markersize=7)
    for row, name, value, left, right in zip(rows, frame["label"], middle, low, high, strict=True):
        note(ax, f"{wrapped(str(name), 52)}\n{signed(value)} {interval(left, right)}", row, above=8)
    ax.set_xlim(*shown_range(np.concatenate([middle, low, high]), around=0.0))
    ax.set_ylim(-0.5, len(frame) - 0.15)
    ax.set_yticks([])
    ax.set_xlabel(sentence("figure.difference_axis", language), fontsize=9)
    calm(ax)
    return ax


def alt(frame: pd.DataFrame) -> tuple[str, dict[str, Any]]:
    """Return code and numbers of the words that stand for the figure."""
    low, high = column(frame, "conf_low"), column(frame, "conf_high")
    first = frame.iloc[0]
    return "alt.forest", {
        "n_rows": len(frame), "name": str(first["label"]), "estimate": float(column(frame, "estimate")[0]),
        "low": float(low[0]), "high": float(high[0]), "n_zero": int(np.sum((low <= 0) & (high >= 0))),
    }
