"""Rates over periods with the lines before and after, and where they were heading."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from coachresearch.display.figures.style import GREY, INK, WIDTH, calm, column, group_style
from coachresearch.display.text import sentence

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


def series_frame(
    units: Sequence[str], periods: Sequence[str], rates: np.ndarray, fitted: np.ndarray, without: np.ndarray, start: int
) -> pd.DataFrame:
    """Return the frame of this figure: one row per unit and period."""
    import pandas as pd

    rows = [{"unit": unit, "period": period, "place": at, "rate": rates[u, at], "fitted": fitted[u, at],
             "without": without[u, at] if u == 0 and at >= start else np.nan, "after": at >= start}
            for u, unit in enumerate(units) for at, period in enumerate(periods)]
    return pd.DataFrame(rows)


def size(frame: pd.DataFrame) -> tuple[float, float]:
    """Width and height in inches."""
    return WIDTH, 3.4


def draw(frame: pd.DataFrame, ax: Axes, *, language: str = "en") -> Axes:
    """Draw the observed rates, the fitted lines, and the line expected without coaching."""
    for place, unit in enumerate(dict.fromkeys(frame["unit"])):
        rows = frame[frame["unit"] == unit]
        colour, marker, line = group_style(place)
        at = column(rows, "place")
        ax.plot(at, column(rows, "rate"), marker, color=colour, markersize=4, alpha=0.6)
        ax.plot(at, column(rows, "fitted"), color=colour, linestyle=line, linewidth=2, label=str(unit) or None)
        expected = column(rows, "without")
        if np.isfinite(expected).any():
            ax.plot(at, expected, color=GREY, linestyle=(0, (4, 3)), linewidth=1.4,
                    label=sentence("figure.without_coaching", language))
    after = frame["after"].to_numpy(dtype=bool)
    if after.any():
        ax.axvline(float(column(frame, "place")[after].min()) - 0.5, color=INK, linewidth=0.8, linestyle=":")
    names = list(dict.fromkeys(frame["period"]))
    step = max(1, len(names) // 8)
    ax.set_xticks(range(0, len(names), step), names[::step], fontsize=8)
    ax.set_ylim(bottom=0)
    ax.set_ylabel(sentence("figure.rate_axis", language), fontsize=9)
    ax.legend(fontsize=8, frameon=False)
    calm(ax, keep=("left", "bottom"))
    return ax


def alt(frame: pd.DataFrame) -> tuple[str, dict[str, Any]]:
    """Return code and numbers of the words that stand for the figure."""
    first = frame[frame["unit"] == frame["unit"].iloc[0]]
    after = first["after"].to_numpy(dtype=bool)
    fitted, expected = column(first, "fitted"), column(first, "without")
    return "alt.interrupted", {"n_before": int((~after).sum()), "n_after": int(after.sum()),
                               "n_units": int(frame["unit"].nunique()), "last": float(fitted[-1]),
                               "expected": float(expected[-1])}
