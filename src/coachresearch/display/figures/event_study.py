"""Difference between coached and other units in each period, against the last one before coaching."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from coachresearch.core.estimate import Estimate
from coachresearch.display.figures.style import BLUE, GREY, INK, VERMILLION, WIDTH, calm, column
from coachresearch.display.text import sentence

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


def event_frame(estimates: Iterable[Estimate], periods: Sequence[str], start: str) -> pd.DataFrame:
    """Return the frame of this figure: one row a period in time order, the reference period without interval."""
    import pandas as pd

    by_period = {one.group: one for one in estimates if one.term in ("lead", "lag")}
    first = list(periods).index(start) if start in periods else next(
        (place for place, name in enumerate(periods) if name in by_period and by_period[name].term == "lag"), 0)
    rows = []
    for place, name in enumerate(periods):
        one = by_period.get(name, Estimate("lead", 0.0))
        rows.append({"period": name, "estimate": one.estimate, "conf_low": one.conf_low, "conf_high": one.conf_high,
                     "after": place >= first})
    return pd.DataFrame(rows)


def size(frame: pd.DataFrame) -> tuple[float, float]:
    """Width and height in inches."""
    return WIDTH, 3.2


def draw(frame: pd.DataFrame, ax: Axes, *, language: str = "en") -> Axes:
    """Draw dots with intervals over periods; squares before coaching, circles from then on."""
    places = np.arange(len(frame))
    middle, low, high = (column(frame, name) for name in ("estimate", "conf_low", "conf_high"))
    after = frame["after"].to_numpy(dtype=bool)
    ax.axhline(0, color=GREY, linewidth=1, linestyle=(0, (4, 3)))
    if after.any():
        ax.axvline(int(np.argmax(after)) - 0.5, color=INK, linewidth=0.8, linestyle=":")
    for chosen, colour, marker in ((~after, VERMILLION, "s"), (after, BLUE, "o")):
        ax.vlines(places[chosen], low[chosen], high[chosen], color=colour, linewidth=2)
        ax.plot(places[chosen], middle[chosen], marker, color=colour, markersize=6)
    ax.set_xticks(places, [str(one) for one in frame["period"]], fontsize=8)
    ax.set_ylabel(sentence("figure.event_axis", language), fontsize=9)
    calm(ax, keep=("left", "bottom"))
    return ax


def alt(frame: pd.DataFrame) -> tuple[str, dict[str, Any]]:
    """Return code and numbers of the words that stand for the figure."""
    after = frame["after"].to_numpy(dtype=bool)
    low, high = column(frame, "conf_low"), column(frame, "conf_high")
    clear = np.isfinite(low) & ((low > 0) | (high < 0))
    return "alt.event_study", {"n_before": int((~after).sum()), "n_after": int(after.sum()),
                               "clear_before": int((clear & ~after).sum()), "clear_after": int((clear & after).sum())}
