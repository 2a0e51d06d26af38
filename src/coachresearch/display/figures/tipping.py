"""How far must those who left differ from those who stayed before the finding is gone: tipping point."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from coachresearch.display.figures.style import BLUE, GREY, VERMILLION, WIDTH, calm, column
from coachresearch.display.text import sentence

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


def size(frame: pd.DataFrame) -> tuple[float, float]:
    """Width and height in inches."""
    return WIDTH, 3.2


def draw(frame: pd.DataFrame, ax: Axes, *, language: str = "en") -> Axes:
    """Draw the effect with its interval over the shift given to those who left.

    Parameters
    ----------
    frame : pandas.DataFrame
        Columns ``shift``, ``estimate``, ``conf_low``, ``conf_high``, and ``tipping`` (NaN where nothing tips).
    ax : matplotlib.axes.Axes
    language : str
    """
    shift = column(frame, "shift")
    ax.axhline(0, color=GREY, linewidth=1, linestyle=(0, (4, 3)))
    ax.fill_between(shift, column(frame, "conf_low"), column(frame, "conf_high"), color=BLUE, alpha=0.2)
    ax.plot(shift, column(frame, "estimate"), color=BLUE, linewidth=2)
    tipping = float(column(frame, "tipping")[0])
    if np.isfinite(tipping):
        ax.axvline(tipping, color=VERMILLION, linewidth=1.4, linestyle=":")
    ax.set_xlabel(sentence("figure.shift_axis", language), fontsize=9)
    ax.set_ylabel(sentence("figure.difference_axis", language), fontsize=9)
    calm(ax, keep=("left", "bottom"))
    return ax


def alt(frame: pd.DataFrame) -> tuple[str, dict[str, Any]]:
    """Return code and numbers of the words that stand for the figure."""
    shift, tipping = column(frame, "shift"), float(column(frame, "tipping")[0])
    params: dict[str, Any] = {"low": float(shift.min()), "high": float(shift.max())}
    return ("alt.tipping", {**params, "tipping": tipping}) if np.isfinite(tipping) else ("alt.tipping_none", params)
