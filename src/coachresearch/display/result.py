"""What an analysis returns: numbers, how they were made, and what to mind; its faces come from this room."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from coachresearch.core.caution import Caution
from coachresearch.core.estimate import Estimate

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from coachresearch.display.svg import Drawing


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Result:
    """Base of every result.

    Parameters
    ----------
    title : str
        The subject, in the user's words: the title of a scale, an outcome, a study.
    estimates : tuple of Estimate
        The one truth; every face is derived from it.
    method : str
        Code of the method; its sentence is ``method.<code>`` in the message catalogue.
    cautions : tuple of Caution
        What the reader must know; they travel with the numbers into every face.
    source : str
        What the numbers were computed from (a file, a wave, an arm), for provenance.
    """

    kind: ClassVar[str] = "result"
    """Names the catalogue entries and the figure of this type of result."""

    title: str
    estimates: tuple[Estimate, ...]
    method: str
    cautions: tuple[Caution, ...] = ()
    source: str = ""

    @property
    def frame(self) -> pd.DataFrame:
        """A fresh tidy frame: one row per Estimate, columns as in the `ESTIMATES` contract."""
        from coachresearch.display.tidy import estimates_frame

        return estimates_frame(self.estimates)

    @property
    def figure_frame(self) -> pd.DataFrame:
        """What the figure is drawn from; a kind of result with more to show than its estimates overrides this."""
        return self.frame

    def estimate(self, term: str, group: str = "") -> Estimate:
        """Return the one estimate with this term and group.

        Raises
        ------
        KeyError
            If there is none; the message lists what there is.
        """
        for found in self.estimates:
            if found.term == term and found.group == group:
                return found
        known = ", ".join(f"{one.term} [{one.group}]" if one.group else one.term for one in self.estimates)
        raise KeyError(f"no estimate {term!r} for group {group!r}; there are: {known}")

    def summary(self) -> str:
        """Return the result as plain text."""
        from coachresearch.display.text import summary

        return summary(self)

    def _repr_html_(self) -> str:
        from coachresearch.display.html import result_html

        return result_html(self)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the figure of this kind of result and return its axes."""
        from coachresearch.display.figures import draw

        return draw(self, ax)

    def figure(self) -> Drawing:
        """Return the figure as SVG with its words; a notebook shows it."""
        from coachresearch.display.figures import figure_of

        return figure_of(self)

    def __str__(self) -> str:
        return self.summary()
