"""Studies one below another, their average, and the interval for a new study; and the funnel of the same studies."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from coachresearch.core.estimate import Estimate
from coachresearch.display.figures.style import BLUE, GREY, INK, VERMILLION, WIDTH, calm, column, shown_range
from coachresearch.display.numbers import interval, signed
from coachresearch.display.text import sentence

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


def studies_frame(
    studies: Sequence[str], effects: np.ndarray, variances: np.ndarray, estimates: Iterable[Estimate],
    conf_level: float, weights: np.ndarray,
) -> pd.DataFrame:
    """Return the frame of this figure: rows of part ``study``, then ``pooled`` and ``prediction``.

    Parameters
    ----------
    studies : sequence of str (k)
    effects, variances, weights : array (k)
    estimates : iterable of Estimate
        Of a meta-analysis.
    conf_level : float
    """
    import pandas as pd
    from scipy.stats import norm

    reach = float(norm.ppf((1 + conf_level) / 2)) * np.sqrt(variances)
    rows = pd.DataFrame({"part": "study", "label": list(studies), "estimate": effects, "conf_low": effects - reach,
                         "conf_high": effects + reach, "std_error": np.sqrt(variances),
                         "weight": weights / weights.sum()})
    whole = [{"part": one.term, "label": "", "estimate": one.estimate, "conf_low": one.conf_low,
              "conf_high": one.conf_high, "std_error": one.std_error, "weight": np.nan}
             for one in estimates if one.term in ("pooled", "prediction")]
    return pd.concat([rows, pd.DataFrame(whole)], ignore_index=True) if whole else rows


def size(frame: pd.DataFrame) -> tuple[float, float]:
    """Width and height in inches."""
    return WIDTH, 1.4 + 0.3 * len(frame)


def draw(frame: pd.DataFrame, ax: Axes, *, language: str = "en") -> Axes:
    """Draw squares as large as the weight of a study, a diamond for the average, a bar for a new study."""
    places = np.arange(len(frame))[::-1]
    ax.axvline(0, color=GREY, linewidth=1, linestyle=(0, (4, 3)))
    names = []
    for place, row in zip(places, frame.itertuples(), strict=True):
        if row.part == "study":
            ax.hlines(place, row.conf_low, row.conf_high, color=BLUE, linewidth=1.4)
            ax.plot(row.estimate, place, "s", color=BLUE, markersize=3 + 14 * float(row.weight) ** 0.5)
            names.append(str(row.label))
        elif row.part == "pooled":
            ax.fill([row.conf_low, row.estimate, row.conf_high, row.estimate],
                    [place, place + 0.32, place, place - 0.32], color=INK)
            names.append(sentence("figure.pooled", language))
        else:
            ax.hlines(place, row.conf_low, row.conf_high, color=VERMILLION, linewidth=4)
            names.append(sentence("figure.prediction", language))
    texts = [f"{name}  {signed(row.estimate)} {interval(row.conf_low, row.conf_high)}"
             for name, row in zip(names, frame.itertuples(), strict=True)]
    ax.set_yticks(places, texts, fontsize=7)
    ends = np.concatenate([column(frame, "conf_low"), column(frame, "conf_high")])
    ax.set_xlim(*shown_range(ends, around=0.0))
    ax.set_ylim(-0.7, len(frame) - 0.3)
    ax.set_xlabel(sentence("figure.difference_axis", language), fontsize=9)
    calm(ax)
    return ax


def alt(frame: pd.DataFrame) -> tuple[str, dict[str, Any]]:
    """Return code and numbers of the words that stand for the figure."""
    k = int((frame["part"] == "study").sum())
    parts = {part: frame[frame["part"] == part] for part in ("pooled", "prediction")}
    if parts["pooled"].empty or parts["prediction"].empty:
        return "alt.studies_only", {"n": k}
    found: dict[str, Any] = {"n": k, "estimate": float(column(parts["pooled"], "estimate")[0])}
    for part, (low, high) in (("pooled", ("low", "high")), ("prediction", ("new_low", "new_high"))):
        found |= {low: float(column(parts[part], "conf_low")[0]), high: float(column(parts[part], "conf_high")[0])}
    return "alt.studies", found
