"""How scores are spread in each group: half a density that stops at the ends of the scale, a box, and every person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from coachresearch.display.figures.style import INK, WIDTH, calm, column, group_style
from coachresearch.display.text import sentence

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


def size(frame: pd.DataFrame) -> tuple[float, float]:
    """Width and height in inches."""
    return WIDTH, 1.0 + 1.15 * int(frame["group"].nunique())


def density(scores: np.ndarray, low: float, high: float, at: np.ndarray) -> np.ndarray:
    """Kernel density that reflects at the ends of the scale, so that none of it lies beyond.

    Parameters
    ----------
    scores : array (n)
    low, high : float
        Ends of the scale; NaN for none.
    at : array (m)

    References
    ----------
    Silverman (1986), Density Estimation, sect. 2.10 (reflection) and 3.4.2 (bandwidth).
    """
    spread = float(scores.std(ddof=1)) if len(scores) > 1 else 0.0
    quartiles = float(np.subtract(*np.quantile(scores, (0.75, 0.25)))) / 1.34
    width = 0.9 * min(one for one in (spread, quartiles or spread, spread) if one >= 0) * len(scores) ** -0.2
    width = max(width, 1e-3 * (float(np.ptp(at)) or 1.0))
    copies = [scores, *([2 * low - scores] if np.isfinite(low) else []),
              *([2 * high - scores] if np.isfinite(high) else [])]
    total = np.zeros_like(at)
    for one in copies:
        total += np.exp(-0.5 * ((at[:, None] - one) / width) ** 2).sum(axis=1)
    return np.asarray(total / (len(scores) * width * np.sqrt(2 * np.pi)))


def draw(frame: pd.DataFrame, ax: Axes, *, language: str = "en") -> Axes:
    """Draw a cloud, a box and drops for each group.

    Parameters
    ----------
    frame : pandas.DataFrame
        Columns ``group``, ``score``, and ``low`` and ``high`` (ends of the scale, NaN for none).
    ax : matplotlib.axes.Axes
    language : str
    """
    low, high = float(column(frame, "low")[0]), float(column(frame, "high")[0])
    everything = column(frame, "score")
    left = low if np.isfinite(low) else float(everything.min())
    right = high if np.isfinite(high) else float(everything.max())
    at = np.linspace(left, right if right > left else left + 1, 200)
    groups = list(dict.fromkeys(frame["group"]))
    jitter = np.random.default_rng(1)
    for place, name in enumerate(groups):
        scores = column(frame[frame["group"] == name], "score")
        colour, marker, _ = group_style(place)
        base = float(len(groups) - 1 - place)
        cloud = density(scores, low, high, at)
        height = 0.5 * cloud / max(float(cloud.max()), 1e-12)
        ax.fill_between(at, base + 0.1, base + 0.1 + height, color=colour, alpha=0.5)
        first, middle, third = np.quantile(scores, (0.25, 0.5, 0.75))
        ax.hlines(base, first, third, color=INK, linewidth=5, alpha=0.35)
        ax.plot(middle, base, "|", color=INK, markersize=12, markeredgewidth=2)
        drops = base - 0.14 - 0.18 * jitter.random(len(scores))
        ax.plot(scores, drops, marker, color=colour, markersize=2.6, alpha=0.7)
    ax.set_yticks(np.arange(len(groups))[::-1], [str(one) for one in groups], fontsize=9)
    ax.set_ylim(-0.5, len(groups) - 0.25)
    air = 0.03 * (float(at[-1]) - float(at[0]))
    ax.set_xlim(float(at[0]) - air, float(at[-1]) + air)
    ax.set_xlabel(sentence("figure.score_axis", language), fontsize=9)
    calm(ax)
    return ax


def alt(frame: pd.DataFrame) -> tuple[str, dict[str, Any]]:
    """Return code and numbers of the words that stand for the figure."""
    medians = frame.groupby("group", sort=False)["score"].median()
    return "alt.raincloud", {"n": len(frame), "n_groups": len(medians), "first": str(medians.index[0]),
                             "median": float(medians.iloc[0])}
