"""Every person before and after, with the band in which an unchanged person's score lies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from coachresearch.display.figures.style import BLUE, GREY, INK, VERMILLION, WIDTH, calm, column
from coachresearch.display.text import sentence

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

_LOOKS = {"improved": (BLUE, "o"), "unchanged": (GREY, "."), "worse": (VERMILLION, "s")}


def individual_frame(
    pre: np.ndarray, post: np.ndarray, status: Sequence[str], *, centre: float, slope: float, reach: float,
    border: float, low: float, high: float,
) -> pd.DataFrame:
    """Return the frame of this figure: one row a person; the band is repeated on each.

    Parameters
    ----------
    pre, post : array (n)
    status : sequence of str
        ``improved``, ``unchanged`` or ``worse``.
    centre, slope, reach : float
        The band: ``centre + slope * pre`` plus or minus `reach`.
    border : float
        Score that parts two populations; NaN without one.
    low, high : float
        Ends of the scale; NaN if not known.
    """
    import pandas as pd

    return pd.DataFrame({"pre": pre, "post": post, "status": list(status), "centre": centre, "slope": slope,
                         "reach": reach, "border": border, "low": low, "high": high})


def size(frame: pd.DataFrame) -> tuple[float, float]:
    """Width and height in inches."""
    return WIDTH, WIDTH


def draw(frame: pd.DataFrame, ax: Axes, *, language: str = "en") -> Axes:
    """Draw the later score over the earlier one, the line of no change and the band of error."""
    pre, post = column(frame, "pre"), column(frame, "post")
    low, high = _ends(frame, pre, post)
    air = 0.04 * (high - low)
    line = np.array([low - air, high + air])
    centre, slope, reach = (float(column(frame, name)[0]) for name in ("centre", "slope", "reach"))
    ax.fill_between(line, centre + slope * line - reach, centre + slope * line + reach, color="#EDEDED", zorder=0)
    ax.plot(line, centre + slope * line, color=GREY, linewidth=1, linestyle=(0, (4, 3)), zorder=1)
    border = float(column(frame, "border")[0])
    if np.isfinite(border):
        ax.axhline(border, color=INK, linewidth=0.8, linestyle=":")
        ax.axvline(border, color=INK, linewidth=0.8, linestyle=":")
    for status, (colour, marker) in _LOOKS.items():
        here = (frame["status"] == status).to_numpy()
        name = sentence(f"figure.status_{status}", language, n=int(here.sum()))
        ax.scatter(pre[here], post[here], color=colour, marker=marker, s=26, label=name, zorder=3)
    ax.set_xlim(*line)
    ax.set_ylim(*line)
    ax.set_xlabel(sentence("figure.before", language), fontsize=9)
    ax.set_ylabel(sentence("figure.after", language), fontsize=9)
    ax.legend(fontsize=8, frameon=False, loc="upper left")
    calm(ax, keep=("left", "bottom"))
    return ax


def _ends(frame: pd.DataFrame, pre: np.ndarray, post: np.ndarray) -> tuple[float, float]:
    low, high = float(column(frame, "low")[0]), float(column(frame, "high")[0])
    both = np.concatenate([pre, post])
    return (low if np.isfinite(low) else float(both.min())), (high if np.isfinite(high) else float(both.max()) + 1e-9)


def alt(frame: pd.DataFrame) -> tuple[str, dict[str, Any]]:
    """Return code and numbers of the words that stand for the figure."""
    counts = {status: int((frame["status"] == status).sum()) for status in _LOOKS}
    return "alt.individual", {"n": len(frame), "reach": float(column(frame, "reach")[0]), **counts}
