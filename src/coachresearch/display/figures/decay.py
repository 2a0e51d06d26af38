"""Growth and decay: points with their intervals over time, and the model's line with its band."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from coachresearch.display.figures.style import GREY, WIDTH, calm, column, group_style
from coachresearch.display.text import sentence

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


def size(frame: pd.DataFrame) -> tuple[float, float]:
    """Width and height in inches."""
    return WIDTH, 3.4


def draw(frame: pd.DataFrame, ax: Axes, *, language: str = "en") -> Axes:
    """Draw points and lines over time, one colour and marker a series.

    Parameters
    ----------
    frame : pandas.DataFrame
        Columns ``series``, ``part`` (``points`` or ``curve``), ``time``, ``estimate``, ``conf_low``, ``conf_high``.
    ax : matplotlib.axes.Axes
    language : str
    """
    names = list(dict.fromkeys(frame["series"].astype(str)))
    ends = np.concatenate([column(frame, name) for name in ("estimate", "conf_low", "conf_high")])
    ends = ends[np.isfinite(ends)]
    if ends.min() <= 0 <= ends.max():
        ax.axhline(0, color=GREY, linewidth=1, linestyle=(0, (4, 3)))
    for position, name in enumerate(names):
        colour, marker, line = group_style(position)
        part = frame[frame["series"].astype(str) == name]
        curve, points = part[part["part"] == "curve"], part[part["part"] == "points"]
        if len(curve):
            ax.plot(column(curve, "time"), column(curve, "estimate"), line, color=colour, linewidth=1.8)
            low, high = column(curve, "conf_low"), column(curve, "conf_high")
            if np.isfinite(low).any():
                ax.fill_between(column(curve, "time"), low, high, color=colour, alpha=0.15, linewidth=0)
        at, middle = column(points, "time"), column(points, "estimate")
        low, high = column(points, "conf_low"), column(points, "conf_high")
        ax.vlines(at, low, high, color=colour, linewidth=2)
        ax.plot(at, middle, marker, color=colour, markersize=6, label=name)
    if len(names) > 1:
        ax.legend(frameon=False, fontsize=9)
    ax.set_xlabel(sentence("figure.time_axis", language), fontsize=9)
    calm(ax, keep=("bottom", "left"))
    return ax


def alt(frame: pd.DataFrame) -> tuple[str, dict[str, Any]]:
    """Return code and numbers of the words that stand for the figure."""
    points = frame[frame["part"] == "points"]
    middle, time = column(points, "estimate"), column(points, "time")
    return "alt.decay", {"n_points": len(points), "first": float(middle[0]), "start": f"{time[0]:g}",
                         "last": float(middle[-1]), "end": f"{time[-1]:g}"}
