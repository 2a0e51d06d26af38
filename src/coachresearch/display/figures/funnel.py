"""Effects over their errors, with contours of significance: do small studies stand to one side?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from coachresearch.display.figures.style import BLUE, GREY, INK, WIDTH, calm, column
from coachresearch.display.text import sentence

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

FEWEST = 10
"""Below this many studies a funnel is not drawn (Sterne et al., 2011, BMJ 343, d4002)."""


def size(frame: pd.DataFrame) -> tuple[float, float]:
    """Width and height in inches."""
    return WIDTH, 3.6


def draw(frame: pd.DataFrame, ax: Axes, *, language: str = "en") -> Axes:
    """Draw the studies of the frame of `studies.studies_frame`; the error grows downwards.

    Raises
    ------
    ValueError
        With fewer than ten studies.
    """
    rows = frame[frame["part"] == "study"]
    if len(rows) < FEWEST:
        raise ValueError(f"a funnel of {len(rows)} studies tells nothing; it needs {FEWEST}")
    effect, error = column(rows, "estimate"), column(rows, "std_error")
    deep = np.linspace(0, 1.08 * float(error.max()), 50)
    for z, shade in ((2.576, "#EDEDED"), (1.96, "#F7F7F7")):
        ax.fill_betweenx(deep, -z * deep, z * deep, color=shade, zorder=0)
    pooled = frame[frame["part"] == "pooled"]
    if len(pooled):
        ax.axvline(float(column(pooled, "estimate")[0]), color=INK, linewidth=1, linestyle=(0, (4, 3)))
    ax.axvline(0, color=GREY, linewidth=0.8)
    ax.plot(effect, error, "o", color=BLUE, markersize=5)
    ax.set_ylim(float(deep[-1]), 0)
    ax.set_xlabel(sentence("figure.effect_axis", language), fontsize=9)
    ax.set_ylabel(sentence("figure.error_axis", language), fontsize=9)
    calm(ax, keep=("left", "bottom"))
    return ax


def alt(frame: pd.DataFrame) -> tuple[str, dict[str, Any]]:
    """Return code and numbers of the words that stand for the figure."""
    rows = frame[frame["part"] == "study"]
    return "alt.funnel", {"n": len(rows), "low": float(column(rows, "std_error").min()),
                          "high": float(column(rows, "std_error").max())}
