"""Caterpillar: coaches in the order of their shrunken effects, each with its interval, and a line at the average."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from coachresearch.display.figures.style import BLUE, GREY, PALE, WIDTH, calm, column, shown_range
from coachresearch.display.text import sentence

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


def size(frame: pd.DataFrame) -> tuple[float, float]:
    """Width and height in inches."""
    return WIDTH, min(1.0 + 0.22 * len(frame), 12.0)


def draw(frame: pd.DataFrame, ax: Axes, *, language: str = "en") -> Axes:
    """Draw effects with their intervals, from the lowest below to the highest above.

    Parameters
    ----------
    frame : pandas.DataFrame
        Columns ``label``, ``estimate``, ``conf_low``, ``conf_high``, ``n``; one row a coach.
    ax : matplotlib.axes.Axes
    language : str
    """
    ordered = frame.sort_values("estimate", kind="stable")
    middle, low, high = (column(ordered, name) for name in ("estimate", "conf_low", "conf_high"))
    rows = np.arange(len(ordered))
    apart = (low > 0) | (high < 0)
    ax.axvline(0, color=GREY, linewidth=1, linestyle=(0, (4, 3)))
    ax.hlines(rows, low, high, color=[BLUE if one else PALE for one in apart], linewidth=2)
    ax.plot(middle[~apart], rows[~apart], "o", color="white", markeredgecolor=BLUE, markersize=6)
    ax.plot(middle[apart], rows[apart], "o", color=BLUE, markersize=6)
    ax.set_xlim(*shown_range(np.concatenate([middle, low, high]), around=0.0))
    ax.set_ylim(-0.7, len(ordered) - 0.3)
    ax.set_yticks(rows, [f"{name} ({n})" for name, n in zip(ordered["label"], ordered["n"], strict=True)])
    ax.set_xlabel(sentence("figure.coach_axis", language), fontsize=9)
    calm(ax)
    return ax


def alt(frame: pd.DataFrame) -> tuple[str, dict[str, Any]]:
    """Return code and numbers of the words that stand for the figure."""
    middle, low, high = (column(frame, name) for name in ("estimate", "conf_low", "conf_high"))
    return "alt.caterpillar", {"n_rows": len(frame), "lowest": float(middle.min()), "highest": float(middle.max()),
                               "n_zero": int(np.sum((low <= 0) & (high >= 0)))}
