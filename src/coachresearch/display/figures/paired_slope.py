"""Before and after: a grey line per person, the mean of each arm, and the changes with intervals on their own axis."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from coachresearch.core.estimate import Estimate
from coachresearch.display.figures.style import (
    GREY,
    INK,
    PALE,
    WIDTH,
    calm,
    column,
    group_style,
    note,
    shown_range,
    wrapped,
)
from coachresearch.display.numbers import interval, signed
from coachresearch.display.text import group_label, sentence

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

_COLUMNS = ("part", "arm", "pre", "post", "estimate", "conf_low", "conf_high", "n", "low", "high")


def change_frame(
    pre: np.ndarray, post: np.ndarray, arm: Sequence[str], changes: Iterable[Estimate],
    *, low: float, high: float, differences: Iterable[Estimate] = (),
) -> pd.DataFrame:
    """Return the frame of this figure.

    Parameters
    ----------
    pre, post : array of shape (people,)
        Scores before and after, on the response scale.
    arm : sequence of str
        Arm of each person; the order of first appearance is the order of the figure.
    changes : iterable of Estimate
        Mean change within each arm; `group` is the arm.
    low, high : float
        Ends of the response scale; NaN if it has none.
    differences : iterable of Estimate
        Differences between arms; `group` is ``coached - comparison``.
    """
    import pandas as pd

    people = pd.DataFrame({"part": "person", "arm": list(arm), "pre": np.asarray(pre, dtype=float),
                           "post": np.asarray(post, dtype=float)})
    rows = [_estimate_row("change", one) for one in changes] + [_estimate_row("difference", one) for one in differences]
    frame = pd.concat([people, pd.DataFrame(rows)], ignore_index=True) if rows else people
    frame["low"], frame["high"] = float(low), float(high)
    return frame.reindex(columns=list(_COLUMNS))


def _estimate_row(part: str, one: Estimate) -> dict[str, Any]:
    return {"part": part, "arm": one.group, "estimate": one.estimate, "conf_low": one.conf_low,
            "conf_high": one.conf_high, "n": one.n}


def size(frame: pd.DataFrame) -> tuple[float, float]:
    """Width and height in inches."""
    return WIDTH, 3.4 + 0.62 * int((frame["part"] != "person").sum())


def draw(frame: pd.DataFrame, ax: Axes, *, language: str = "en") -> Axes:
    """Draw scores before and after for each arm, and below them the changes and their difference.

    Parameters
    ----------
    frame : pandas.DataFrame
        See `change_frame`.
    ax : matplotlib.axes.Axes
        The lower part of its place is given to the axis of the changes.
    language : str
    """
    people, rows = frame[frame["part"] == "person"], frame[frame["part"] != "person"]
    arms = [str(arm) for arm in dict.fromkeys(people["arm"])]
    if len(rows):
        _split(ax, len(rows), language, rows, arms)
    ticks: list[float] = []
    for place, arm in enumerate(arms):
        left, right = 1.7 * place, 1.7 * place + 1
        ticks += [left, right]
        _arm(ax, people[people["arm"] == arm], (left, right), place)
        ax.text((left + right) / 2, 1.02, wrapped(arm, 26), transform=ax.get_xaxis_transform(), ha="center",
                va="bottom", fontsize=10, color=INK, fontweight="bold")
    ax.set_xticks(ticks, [sentence("figure.before", language), sentence("figure.after", language)] * len(arms))
    ax.set_xlim(-0.3, 1.7 * len(arms) - 0.4)
    low, high = float(column(frame, "low")[0]), float(column(frame, "high")[0])
    if np.isfinite(low) and np.isfinite(high):
        air = 0.03 * (high - low)
        ax.set_ylim(low - air, high + air)
        ax.spines["left"].set_bounds(low, high)
        if high - low <= 10:
            ax.set_yticks(np.arange(np.ceil(low), high + 0.5))
    ax.set_ylabel(sentence("figure.score_axis", language), fontsize=9)
    calm(ax, keep=("left",))
    ax.tick_params(axis="x", length=0)
    return ax


def _arm(ax: Axes, people: pd.DataFrame, ends: tuple[float, float], place: int) -> None:
    colour, marker, line = group_style(place)
    pre, post = column(people, "pre"), column(people, "post")
    both = np.isfinite(pre) & np.isfinite(post)
    ties = Counter(zip(pre[both].tolist(), post[both].tolist(), strict=True))
    for (before, after), times in sorted(ties.items()):
        ax.plot(ends, (before, after), color=PALE, linewidth=0.8 * times**0.5, solid_capstyle="round", zorder=1)
    if both.any():
        ax.plot(ends, (pre[both].mean(), post[both].mean()), color=colour, marker=marker, linestyle=line, linewidth=2.6,
                markersize=8, zorder=3)


def _split(ax: Axes, n_rows: int, language: str, rows: pd.DataFrame, arms: Sequence[str]) -> None:
    box = ax.get_position()
    whole = 3.4 + 0.62 * n_rows
    below = box.height * (0.62 * n_rows + 0.45) / whole
    ax.set_position((box.x0, box.y0 + below, box.width, box.height - below))
    under = ax.inset_axes((0.0, -below / (box.height - below), 1.0, (0.62 * n_rows / whole) * box.height
                           / (box.height - below) * 0.86))
    middle, low, high = (column(rows, name) for name in ("estimate", "conf_low", "conf_high"))
    under.axvline(0, color=GREY, linewidth=1, linestyle=(0, (4, 3)))
    for place, name in enumerate(rows["arm"]):
        row = n_rows - 1 - place
        colour, marker = group_style(arms.index(name))[:2] if name in arms else (INK, "D")
        under.hlines(row, low[place], high[place], color=colour, linewidth=2.4)
        under.plot(middle[place], row, marker, color=colour, markersize=7)
        code = "figure.difference_of" if name not in arms else "figure.change_in" if name else "figure.change_alone"
        words = sentence(code, language, name=group_label(str(name), language))
        note(under, f"{words}: {signed(middle[place])} {interval(low[place], high[place])}", row)
    under.set_xlim(*shown_range(np.concatenate([middle, low, high]), around=0.0))
    under.set_ylim(-0.4, n_rows - 0.1)
    under.set_yticks([])
    under.set_xlabel(sentence("figure.change_axis", language), fontsize=9)
    calm(under)


def alt(frame: pd.DataFrame) -> tuple[str, dict[str, Any]]:
    """Return code and numbers of the words that stand for the figure."""
    people = frame[frame["part"] == "person"]
    rows = frame[frame["part"] != "person"]
    params: dict[str, Any] = {"n": len(people), "n_arms": int(people["arm"].nunique())}
    if not len(rows):
        return "alt.slope_only", params
    between = rows[rows["part"] == "difference"]
    main = (between if len(between) else rows).iloc[[0]]
    params |= {"name": group_label(str(main["arm"].iloc[0])), "estimate": float(column(main, "estimate")[0]),
               "low": float(column(main, "conf_low")[0]), "high": float(column(main, "conf_high")[0])}
    if len(between):
        return "alt.slope_difference", params
    return ("alt.slope_change" if params["name"] else "alt.slope_alone"), params
