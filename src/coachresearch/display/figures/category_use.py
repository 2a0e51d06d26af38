"""Category use: how often each answer was chosen, item by item, with the share printed in the cell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from coachresearch.display.figures.style import INK, WIDTH, calm, column
from coachresearch.display.numbers import percent
from coachresearch.display.text import sentence

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


def category_frame(items: Sequence[str], values: Sequence[int], counts: np.ndarray) -> pd.DataFrame:
    """Return the frame of this figure.

    Parameters
    ----------
    items : sequence of str
        Names of the items.
    values : sequence of int
        The answers offered, in order.
    counts : array of shape (items, values)
        How often each was chosen.
    """
    import pandas as pd

    table = np.asarray(counts, dtype=float)
    answered = table.sum(axis=1, keepdims=True)
    shares = np.divide(table, answered, out=np.zeros_like(table), where=answered > 0)
    return pd.DataFrame({
        "item": np.repeat(list(items), len(values)),
        "value": np.tile(list(values), len(items)),
        "count": table.ravel().astype(int),
        "share": shares.ravel(),
    })


def size(frame: pd.DataFrame) -> tuple[float, float]:
    """Width and height in inches."""
    return WIDTH, 1.0 + 0.32 * frame["item"].nunique()


def draw(frame: pd.DataFrame, ax: Axes, *, language: str = "en") -> Axes:
    """Draw items (rows) by answers (columns).

    Parameters
    ----------
    frame : pandas.DataFrame
        Columns ``item``, ``value``, ``count``, ``share``; one row per item and answer, see `category_frame`.
    ax : matplotlib.axes.Axes
    language : str
    """
    items, values, shares = _cells(frame)
    ax.imshow(shares, cmap="Blues", vmin=0.0, vmax=1.1 * max(0.6, float(shares.max())), aspect="auto")
    for row in range(len(items)):
        for place in range(len(values)):
            cell = float(shares[row, place])
            ax.text(place, row, percent(cell), ha="center", va="center", fontsize=9,
                    color="white" if cell > 0.75 * max(0.6, float(shares.max())) else INK)
    ax.set_xticks(range(len(values)), [str(value) for value in values])
    ax.set_yticks(range(len(items)), items)
    ax.set_xlabel(sentence("figure.answer_axis", language), fontsize=9)
    ax.xaxis.set_label_position("top")
    ax.xaxis.tick_top()
    calm(ax, keep=())
    ax.tick_params(length=0)
    return ax


def alt(frame: pd.DataFrame) -> tuple[str, dict[str, Any]]:
    """Return code and numbers of the words that stand for the figure."""
    items, values, shares = _cells(frame)
    row, place = np.unravel_index(int(np.argmax(shares)), shares.shape)
    unused = int(np.sum(shares == 0))
    return "alt.category_use", {
        "n_items": len(items), "n_values": len(values), "item": items[row], "value": values[place],
        "share": float(shares[row, place]), "unused": unused,
    }


def _cells(frame: pd.DataFrame) -> tuple[list[str], list[int], np.ndarray]:
    items = [str(item) for item in dict.fromkeys(frame["item"])]
    values = sorted({int(value) for value in frame["value"]})
    shares = np.zeros((len(items), len(values)))
    for item, value, part in zip(frame["item"], frame["value"], column(frame, "share"), strict=True):
        shares[items.index(str(item)), values.index(int(value))] = part
    return items, values, shares
