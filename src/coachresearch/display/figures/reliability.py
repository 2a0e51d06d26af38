"""Dots with intervals: how precisely each scale is measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from coachresearch.display.figures.style import (
    GREY,
    INK,
    WIDTH,
    calm,
    column,
    group_style,
    note,
    wrapped,
)
from coachresearch.display.numbers import interval, share
from coachresearch.display.text import label, sentence

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


_TERMS = frozenset({"alpha", "omega_total", "omega_h", "retest_r", "icc", "icc1", "icc2"})


def size(frame: pd.DataFrame) -> tuple[float, float]:
    """Width and height in inches."""
    return WIDTH, 0.9 + 0.5 * len(_shown(frame))


def draw(frame: pd.DataFrame, ax: Axes, *, language: str = "en") -> Axes:
    """Draw reliabilities on their scale from 0 to 1.

    Parameters
    ----------
    frame : pandas.DataFrame
        Tidy estimates; the scale, where there are several, is named in ``group``. A column ``needed`` with the limit of
        the rule that was applied is drawn as a line. Terms that are no reliability (loadings, the standard error of
        measurement) are left out.
    ax : matplotlib.axes.Axes
    language : str
    """
    shown = _shown(frame)
    middle, low, high = (column(shown, name) for name in ("estimate", "conf_low", "conf_high"))
    rows = np.arange(len(shown))[::-1]
    terms = list(dict.fromkeys(shown["term"]))
    for place, (row, term, group) in enumerate(zip(rows, shown["term"], shown["group"].fillna(""), strict=True)):
        colour, marker, _ = group_style(terms.index(term))
        ax.hlines(row, low[place], high[place], color=colour, linewidth=2.4)
        ax.plot(middle[place], row, marker, color=colour, markersize=7)
        name = label(str(term), language)
        words = f"{group}, {name}" if group else name
        note(ax, f"{wrapped(words, 46)}: {share(middle[place])} {interval(low[place], high[place], bounded=True)}", row)
    _needed_line(shown, ax, language)
    lowest = float(np.nanmin(np.append(np.concatenate([middle, low]), 0.0)))
    ax.set_xlim(lowest, 1.0)
    ax.set_ylim(-0.5, len(shown) - 0.2)
    ax.set_yticks([])
    ax.set_xlabel(sentence("figure.reliability_axis", language), fontsize=9)
    calm(ax)
    return ax


def alt(frame: pd.DataFrame) -> tuple[str, dict[str, Any]]:
    """Return code and numbers of the words that stand for the figure."""
    shown = _shown(frame)
    middle = column(shown, "estimate")
    lowest = int(np.nanargmin(middle))
    row = shown.iloc[lowest]
    group = "" if shown["group"].isna().iloc[lowest] else str(row["group"])
    return "alt.reliability_of" if group else "alt.reliability", {
        "n_rows": len(shown), "name_code": f"label.{row['term']}", "group": group, "estimate": float(middle[lowest]),
        "low": float(column(shown, "conf_low")[lowest]), "high": float(column(shown, "conf_high")[lowest]),
        "n": int(row["n"]),
    }


def _shown(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[[str(term) in _TERMS for term in frame["term"]]]


def _needed_line(frame: pd.DataFrame, ax: Axes, language: str) -> None:
    if "needed" not in frame.columns:
        return
    for needed in sorted(set(column(frame, "needed")[np.isfinite(column(frame, "needed"))])):
        ax.axvline(needed, color=GREY, linewidth=1, linestyle=(0, (4, 3)))
        ax.annotate(sentence("figure.needed", language, needed=float(needed)), (needed, 1.0),
                    xycoords=("data", "axes fraction"), fontsize=8, color=INK, ha="right", va="bottom",
                    xytext=(-2, 0), textcoords="offset points")
