"""Power (or width of the interval) over the number of people, a line for each size of effect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coachresearch.display.figures.style import GREY, WIDTH, calm, column, group_style
from coachresearch.display.text import sentence

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


def size(frame: pd.DataFrame) -> tuple[float, float]:
    """Width and height in inches."""
    return WIDTH, 3.2


def draw(frame: pd.DataFrame, ax: Axes, *, language: str = "en") -> Axes:
    """Draw power over people an arm.

    Parameters
    ----------
    frame : pandas.DataFrame
        Columns ``n``, ``effect`` and ``power``.
    ax : matplotlib.axes.Axes
    language : str
    """
    for place, effect in enumerate(dict.fromkeys(frame["effect"])):
        rows = frame[frame["effect"] == effect]
        colour, marker, line = group_style(place)
        ax.plot(column(rows, "n"), column(rows, "power"), color=colour, marker=marker, linestyle=line, markersize=4,
                label=sentence("figure.effect_of", language, effect=float(effect)))
    ax.axhline(0.8, color=GREY, linewidth=0.8, linestyle=":")
    ax.set_ylim(0, 1.02)
    ax.set_xlabel(sentence("figure.people_an_arm", language), fontsize=9)
    ax.set_ylabel(sentence("figure.power_axis", language), fontsize=9)
    ax.legend(fontsize=8, frameon=False, loc="lower right")
    calm(ax, keep=("left", "bottom"))
    return ax


def alt(frame: pd.DataFrame) -> tuple[str, dict[str, Any]]:
    """Return code and numbers of the words that stand for the figure."""
    last = frame.iloc[-1]
    return "alt.power", {"n_lines": int(frame["effect"].nunique()), "effect": float(last["effect"]),
                         "n": int(last["n"]), "power": float(last["power"])}
