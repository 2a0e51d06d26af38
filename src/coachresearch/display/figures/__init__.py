"""Figures: one file each, frame to axes. This table says which kind of result is drawn by which."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType, ModuleType
from typing import TYPE_CHECKING

from coachresearch.display.figures import (
    category_use,
    caterpillar,
    decay,
    event_study,
    flow,
    forest,
    funnel,
    individual,
    interrupted,
    loading_heatmap,
    love,
    omega_drop,
    paired_slope,
    power_curve,
    raincloud,
    reliability,
    scree_parallel,
    studies,
    tipping,
)
from coachresearch.display.text import heading, sentence

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from coachresearch.display.result import Result
    from coachresearch.display.svg import Drawing

FIGURES: Mapping[str, ModuleType] = MappingProxyType({
    "item_analysis": category_use,
    "reliability": reliability,
    "change": paired_slope,
    "flow": flow,
    "forest": forest,
    "coach_effects": caterpillar,
    "growth": decay,
    "decay": decay,
    "parallel_analysis": scree_parallel,
    "structure": scree_parallel,
    "factor_solution": loading_heatmap,
    "omega_drop": omega_drop,
    "effect": forest,
    "individual_change": individual,
    "observed_effect": love,
    "event_study": event_study,
    "interrupted_series": interrupted,
    "meta_analysis": studies,
    "beside_published": forest,
    "funnel": funnel,
    "raincloud": raincloud,
    "tipping_point": tipping,
    "power": power_curve,
})
"""Kind of result, or of frame, to the module with its ``draw``, ``alt`` and ``size``."""


def has_figure(kind: str) -> bool:
    """Whether there is a figure for this kind."""
    return kind in FIGURES


def draw(result: Result, ax: Axes | None = None) -> Axes:
    """Draw the figure of a result.

    Parameters
    ----------
    result : Result
    ax : matplotlib.axes.Axes, optional
        Where to draw; a figure of its own is made if none is given.

    Raises
    ------
    KeyError
        If this kind of result has no figure; the message lists those that have.
    """
    return draw_frame(result.kind, result.figure_frame, ax)


def draw_frame(kind: str, frame: pd.DataFrame, ax: Axes | None = None, *, language: str = "en") -> Axes:
    """Draw a frame as the figure of this kind."""
    drawn: Axes = _module(kind).draw(frame, ax or _blank(kind, frame).subplots(), language=language)
    return drawn


def alt_text(kind: str, frame: pd.DataFrame, language: str = "en") -> str:
    """Return the words that stand for a figure, made from its numbers."""
    code, params = _module(kind).alt(frame)
    return sentence(code, language, **params)


def drawing(kind: str, frame: pd.DataFrame, *, id: str, title: str, language: str = "en") -> Drawing:
    """Return a figure as SVG, the same bytes on every run.

    Parameters
    ----------
    kind : str
    frame : pandas.DataFrame
    id : str
        Prefix of its ids on the page.
    title : str
    language : str
    """
    from coachresearch.display.svg import figure_svg, settled

    with settled(id):
        figure = _blank(kind, frame)
        draw_frame(kind, frame, figure.subplots(), language=language)
        return figure_svg(figure, id=id, title=title, description=alt_text(kind, frame, language))


def figure_of(result: Result, *, id: str = "figure", language: str = "en") -> Drawing:
    """Return the figure of a result as SVG."""
    return drawing(result.kind, result.figure_frame, id=id, title=heading(result, language), language=language)


def _blank(kind: str, frame: pd.DataFrame) -> Figure:
    from matplotlib.figure import Figure

    return Figure(figsize=_module(kind).size(frame))


def _module(kind: str) -> ModuleType:
    if kind not in FIGURES:
        raise KeyError(f"no figure for {kind!r}; there are: {', '.join(FIGURES)}")
    return FIGURES[kind]
