"""How alike two arms were before: standardised differences of the covariates, unweighted and weighted."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from coachresearch.core.estimate import Estimate
from coachresearch.display.figures.style import BLUE, GREY, VERMILLION, WIDTH, calm, column
from coachresearch.display.text import sentence

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

_LIMIT = 0.1


def love_frame(estimates: Iterable[Estimate]) -> pd.DataFrame:
    """Return the frame of this figure: one row a covariate, with the differences before and after weighting."""
    import pandas as pd

    rows: dict[str, dict[str, float]] = {}
    for one in estimates:
        if one.term in ("balance_before", "balance_after"):
            rows.setdefault(one.group, {})[one.term] = one.estimate
    return pd.DataFrame([{"label": name, "unweighted": values.get("balance_before", np.nan),
                          "weighted": values.get("balance_after", np.nan)} for name, values in rows.items()],
                        columns=["label", "unweighted", "weighted"])


def size(frame: pd.DataFrame) -> tuple[float, float]:
    """Width and height in inches."""
    return WIDTH, 1.3 + 0.34 * max(len(frame), 1)


def draw(frame: pd.DataFrame, ax: Axes, *, language: str = "en") -> Axes:
    """Draw a row for each covariate, squares before weighting and circles after, with the usual limits."""
    rows = np.arange(len(frame))[::-1]
    for limit in (-_LIMIT, _LIMIT):
        ax.axvline(limit, color=GREY, linewidth=0.8, linestyle=":")
    ax.axvline(0, color=GREY, linewidth=1, linestyle=(0, (4, 3)))
    ax.plot(column(frame, "unweighted"), rows, "s", color=VERMILLION, markersize=6,
            label=sentence("figure.unweighted", language))
    ax.plot(column(frame, "weighted"), rows, "o", color=BLUE, markersize=6, label=sentence("figure.weighted", language))
    ax.set_yticks(rows, [str(one) for one in frame["label"]], fontsize=8)
    ax.set_ylim(-0.7, len(frame) - 0.3)
    ax.set_xlabel(sentence("figure.balance_axis", language), fontsize=9)
    ax.legend(fontsize=8, frameon=False)
    calm(ax)
    return ax


def alt(frame: pd.DataFrame) -> tuple[str, dict[str, Any]]:
    """Return code and numbers of the words that stand for the figure."""
    before, after = (np.abs(column(frame, name)) for name in ("unweighted", "weighted"))
    if not len(frame):
        return "alt.love_empty", {}
    return "alt.love", {"n": len(frame), "before": float(np.nanmax(before)), "after": float(np.nanmax(after))}
