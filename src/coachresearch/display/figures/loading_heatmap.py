"""Loadings as a table of shaded cells, the number printed in each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from coachresearch.display.figures.style import INK, WIDTH, calm, column
from coachresearch.display.numbers import share

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

_FAINT = 0.30


def size(frame: pd.DataFrame) -> tuple[float, float]:
    """Width and height in inches."""
    return WIDTH, 0.8 + 0.28 * frame["item"].nunique()


def draw(frame: pd.DataFrame, ax: Axes, *, language: str = "en") -> Axes:
    """Draw items (rows) by factors (columns).

    Parameters
    ----------
    frame : pandas.DataFrame
        Columns ``item``, ``factor``, ``loading``; one row per item and factor.
    ax : matplotlib.axes.Axes
    language : str
    """
    items, factors, cells = _cells(frame)
    ax.imshow(cells, cmap="PuOr_r", vmin=-1.0, vmax=1.0, aspect="auto")
    for row in range(len(items)):
        for place in range(len(factors)):
            value = float(cells[row, place])
            strong = abs(value) >= _FAINT
            ax.text(place, row, share(value), ha="center", va="center", fontsize=9 if strong else 8,
                    fontweight="bold" if strong else "normal", color="white" if abs(value) > 0.75 else INK)
    ax.set_xticks(range(len(factors)), factors)
    ax.set_yticks(range(len(items)), items)
    ax.xaxis.tick_top()
    calm(ax, keep=())
    ax.tick_params(length=0)
    return ax


def alt(frame: pd.DataFrame) -> tuple[str, dict[str, Any]]:
    """Return code and numbers of the words that stand for the figure."""
    items, factors, cells = _cells(frame)
    row, place = np.unravel_index(int(np.argmax(np.abs(cells))), cells.shape)
    crossing = int(np.sum(np.sum(np.abs(cells) >= _FAINT, axis=1) > 1))
    lone = int(np.sum(np.max(np.abs(cells), axis=1) < _FAINT))
    return "alt.loading_heatmap", {
        "n_items": len(items), "n_factors": len(factors), "item": items[row], "factor": factors[place],
        "loading": float(cells[row, place]), "crossing": crossing, "lone": lone,
    }


def _cells(frame: pd.DataFrame) -> tuple[list[str], list[str], np.ndarray]:
    items = [str(item) for item in dict.fromkeys(frame["item"])]
    factors = [str(factor) for factor in dict.fromkeys(frame["factor"])]
    cells = np.zeros((len(items), len(factors)))
    for item, factor, value in zip(frame["item"], frame["factor"], column(frame, "loading"), strict=True):
        cells[items.index(str(item)), factors.index(str(factor))] = value
    return items, factors, cells
