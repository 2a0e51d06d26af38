"""Omega without each item, beside omega of all: which item carries the scale and which weighs it down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from coachresearch.display.figures.style import BLUE, GREY, INK, VERMILLION, WIDTH, calm, column, note
from coachresearch.display.numbers import share
from coachresearch.display.text import sentence

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


def size(frame: pd.DataFrame) -> tuple[float, float]:
    """Width and height in inches."""
    return WIDTH, 1.0 + 0.42 * len(frame)


def draw(frame: pd.DataFrame, ax: Axes, *, language: str = "en") -> Axes:
    """Draw a dot for each item at the omega of the others, and a line at the omega of all.

    Parameters
    ----------
    frame : pandas.DataFrame
        Columns ``item``, ``omega_if_dropped``, ``omega_total`` (the same in every row).
    ax : matplotlib.axes.Axes
    language : str
    """
    without, whole = column(frame, "omega_if_dropped"), float(column(frame, "omega_total")[0])
    rows = np.arange(len(frame))[::-1]
    ax.axvline(whole, color=GREY, linewidth=1, linestyle=(0, (4, 3)))
    ax.annotate(sentence("figure.omega_of_all", language, omega=whole), (whole, 1.0),
                xycoords=("data", "axes fraction"), fontsize=8, color=INK, ha="right", va="bottom", xytext=(-2, 0),
                textcoords="offset points")
    for row, item, value in zip(rows, frame["item"], without, strict=True):
        better = bool(value > whole)
        ax.plot(value, row, "s" if better else "o", color=VERMILLION if better else BLUE, markersize=7)
        note(ax, f"{item}: {share(value)}", row)
    finite = without[np.isfinite(without)]
    low = float(min(finite.min(initial=whole), whole))
    high = float(max(finite.max(initial=whole), whole))
    air = max(0.15 * (high - low), 0.01)
    ax.set_xlim(low - air, high + air)
    ax.set_ylim(-0.5, len(frame) - 0.2)
    ax.set_yticks([])
    ax.set_xlabel(sentence("figure.omega_axis", language), fontsize=9)
    calm(ax)
    return ax


def alt(frame: pd.DataFrame) -> tuple[str, dict[str, Any]]:
    """Return code and numbers of the words that stand for the figure."""
    without, whole = column(frame, "omega_if_dropped"), float(column(frame, "omega_total")[0])
    best = int(np.nanargmax(without))
    return "alt.omega_drop", {
        "n_items": len(frame), "omega": whole, "item": str(frame["item"].iloc[best]), "best": float(without[best]),
        "better": int(np.sum(without > whole)),
    }
