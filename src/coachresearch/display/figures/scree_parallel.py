"""Scree with parallel analysis: eigenvalues of the answers against those of answers without structure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from coachresearch.display.figures.style import BLUE, GREY, VERMILLION, WIDTH, calm, column
from coachresearch.display.text import sentence

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

_STYLES = {"components": (BLUE, "o"), "common": (VERMILLION, "s")}


def scree_frame(
    components: np.ndarray, components_random: np.ndarray, common: np.ndarray, common_random: np.ndarray
) -> pd.DataFrame:
    """Return the frame of this figure.

    Parameters
    ----------
    components, components_random : array (k)
        Eigenvalues of the correlations, falling, and the random ones they must exceed.
    common, common_random : array (k)
        The same with communalities in the diagonal.
    """
    import pandas as pd

    parts = [pd.DataFrame({"series": name, "position": np.arange(1, len(seen) + 1), "eigenvalue": seen,
                           "random": chance})
             for name, seen, chance in (("components", components, components_random),
                                        ("common", common, common_random))]
    return pd.concat(parts, ignore_index=True)


def size(frame: pd.DataFrame) -> tuple[float, float]:
    """Width and height in inches."""
    return WIDTH, 3.2


def draw(frame: pd.DataFrame, ax: Axes, *, language: str = "en") -> Axes:
    """Draw eigenvalues as marked lines, random ones as dashed lines without marks.

    Parameters
    ----------
    frame : pandas.DataFrame
        Columns ``series`` (``components`` or ``common``), ``position``, ``eigenvalue``, ``random``; see `scree_frame`.
    ax : matplotlib.axes.Axes
    language : str
    """
    for name, (colour, marker) in _STYLES.items():
        part = frame[frame["series"] == name]
        if part.empty:
            continue
        place, seen, chance = (column(part, one) for one in ("position", "eigenvalue", "random"))
        ax.plot(place, seen, color=colour, marker=marker, markersize=5, linewidth=1.6,
                label=sentence(f"figure.scree_{name}", language))
        ax.plot(place, chance, color=colour, linestyle=(0, (4, 3)), linewidth=1.2,
                label=sentence("figure.scree_random", language))
    ax.axhline(0, color=GREY, linewidth=0.8)
    positions = sorted({int(value) for value in column(frame, "position")})
    ax.set_xticks(positions if len(positions) <= 12 else positions[::max(1, len(positions) // 10)])
    ax.set_xlabel(sentence("figure.scree_axis", language), fontsize=9)
    ax.set_ylabel(sentence("figure.scree_height", language), fontsize=9)
    ax.legend(fontsize=8, frameon=False)
    calm(ax, keep=("bottom", "left"))
    return ax


def alt(frame: pd.DataFrame) -> tuple[str, dict[str, Any]]:
    """Return code and numbers of the words that stand for the figure."""
    found = {}
    for name in _STYLES:
        part = frame[frame["series"] == name]
        above = column(part, "eigenvalue") > column(part, "random")
        found[name] = int(len(above) if above.all() else np.argmin(above))
    first = frame[frame["series"] == "components"]
    return "alt.scree_parallel", {
        "n_items": len(first), "n_components": found["components"], "n_factors": found["common"],
        "first": float(column(first, "eigenvalue")[0]), "chance": float(column(first, "random")[0]),
    }
