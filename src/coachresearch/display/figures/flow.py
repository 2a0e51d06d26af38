"""Participant flow: how many people stand behind the numbers, by arm and step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coachresearch.display.figures.style import GREY, INK, WIDTH, group_style, wrapped
from coachresearch.display.text import sentence

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


def size(frame: pd.DataFrame) -> tuple[float, float]:
    """Width and height in inches."""
    return WIDTH, 0.5 + 1.15 * frame["step"].nunique()


def draw(frame: pd.DataFrame, ax: Axes, *, language: str = "en") -> Axes:
    """Draw one column of boxes per arm, one row per step.

    Parameters
    ----------
    frame : pandas.DataFrame
        Columns ``arm``, ``step``, ``n`` and ``missing`` (people of the arm who are not in this step); one row per arm
        and step, in order. An ``n`` that may not be shown is empty.
    ax : matplotlib.axes.Axes
    language : str
    """
    arms, steps = list(dict.fromkeys(frame["arm"])), list(dict.fromkeys(frame["step"]))
    for _, row in frame.iterrows():
        across, down = arms.index(row["arm"]), steps.index(row["step"])
        colour = group_style(across)[0]
        ax.text(across, -down, _words(row, language), ha="center", va="center", fontsize=9, color=INK, linespacing=1.35,
                bbox={"boxstyle": "round,pad=0.45", "facecolor": "white", "edgecolor": colour, "linewidth": 1.6})
    for across, arm in enumerate(arms):
        ax.plot((across, across), (0, 1 - len(steps)), color=GREY, linewidth=1.2, zorder=0)
        ax.text(across, 0.5, wrapped(str(arm), 22), ha="center", va="bottom", fontsize=10, color=INK, fontweight="bold")
    ax.set_xlim(-0.5, len(arms) - 0.5)
    ax.set_ylim(-len(steps) + 0.5, 0.95)
    ax.set_axis_off()
    return ax


def alt(frame: pd.DataFrame) -> tuple[str, dict[str, Any]]:
    """Return code and numbers of the words that stand for the figure."""
    steps = list(dict.fromkeys(frame["step"]))
    first, last = frame[frame["step"] == steps[0]], frame[frame["step"] == steps[-1]]
    if frame["n"].isna().any():
        return "alt.flow_hidden", {"n_arms": int(frame["arm"].nunique()), "n_steps": len(steps)}
    return "alt.flow", {
        "n_arms": int(frame["arm"].nunique()), "first": int(first["n"].sum()), "last": int(last["n"].sum()),
        "lost": int(first["n"].sum() - last["n"].sum()),
    }


def _words(row: pd.Series, language: str) -> str:
    step = wrapped(str(row["step"]), 24)
    if row.isna()["n"]:
        return f"{step}\n{sentence('figure.hidden', language)}"
    line = f"{step}\n{sentence('figure.people', language, n=int(row['n']))}"
    missing = int(row["missing"])
    return f"{line}\n{sentence('figure.not_in_step', language, n=missing)}" if missing else line
