"""What others have published on coaching, leadership programmes and ratings: figures, sources, confidence."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from math import nan
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from coachresearch.core.caution import caution
from coachresearch.core.errors import EstimationError
from coachresearch.core.estimate import Estimate
from coachresearch.display.result import Result

if TYPE_CHECKING:
    import pandas as pd

Seen = Literal["abstract", "text", "secondary", "derived", "recalled", "company_claim"]
Confidence = Literal["high", "medium", "low"]
_ORDER = ("low", "medium", "high")
_STANDARDISED = ("g", "d", "delta", "SMD")


@dataclass(frozen=True, slots=True)
class Published:
    """One published figure.

    Parameters
    ----------
    study, outcome, source : str
        Authors, what the figure is about, and where it stands.
    year : int or None
    k, n : int or None
        Studies (or effects) and people behind it.
    effect, conf_low, conf_high : float
        NaN where not known.
    metric : str
        ``g``, ``d``, ``delta`` (corrected for unreliability), ``r observed``, ``percent`` ...
    seen : str
        How the figure was seen: in the ``abstract`` or the ``text``; in a ``secondary`` source; ``derived`` from other
        figures; ``recalled`` and not looked up; a ``company_claim`` whose model is not published.
    confidence : {"high", "medium", "low"}
    interval_seen : str
        ``as_value``, ``recalled``, or empty without an interval.
    """

    study: str
    year: int | None
    outcome: str
    k: int | None
    n: int | None
    effect: float
    metric: str
    conf_low: float
    conf_high: float
    source: str
    seen: Seen
    confidence: Confidence
    interval_seen: str


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class BesidePublished(Result):
    """An effect beside published ones; built by `beside_published`."""

    kind: ClassVar[str] = "beside_published"

    @property
    def figure_frame(self) -> pd.DataFrame:
        """One row an effect, ours first."""
        rows = self.frame
        rows["label"] = rows["group"]
        return rows


def published_effects(*, least: Confidence = "low", metric: str | None = None) -> tuple[Published, ...]:
    """Return the library, or the part of it that is sure enough or in one metric.

    Parameters
    ----------
    least : {"low", "medium", "high"}
        Lowest confidence.
    metric : str, optional
        One metric alone.
    """
    if least not in _ORDER:
        raise EstimationError(f"There is no confidence {least!r}", remedy=f"There are: {', '.join(_ORDER)}.")
    return tuple(one for one in _library() if _ORDER.index(one.confidence) >= _ORDER.index(least)
                 and metric in (None, one.metric))


def beside_published(
    effect: Estimate, *, title: str, name: str, wanted: str = "coaching", least: Confidence = "medium"
) -> BesidePublished:
    """Show a standardised effect beside published pooled ones of coaching between people.

    Parameters
    ----------
    effect : Estimate
        ``hedges_g``, ``ancova_d`` or another difference between arms in standard deviations.
    title, name : str
        The outcome, and what to call one's own study.
    wanted : str
        Word that the study or the outcome of a published figure must hold; empty for all standardised ones.
    least : {"low", "medium", "high"}
        Lowest confidence of a published figure.

    Raises
    ------
    EstimationError
        For an effect that is not between arms in standard deviations, or if nothing fits.

    Notes
    -----
    The published figures mix designs, outcomes and corrections; a difference to them is no finding.
    """
    if effect.term not in ("hedges_g", "cohens_d", "ancova_d", "glass_delta", "d_ppc"):
        raise EstimationError(f"{effect.term!r} is not a difference between arms in standard deviations",
                              remedy="Hand over hedges_g, ancova_d or d_ppc.")
    fitting = [one for one in published_effects(least=least) if one.metric in _STANDARDISED
               and wanted.lower() in f"{one.study} {one.outcome} {one.source}".lower()]
    if not fitting:
        raise EstimationError(f"No published effect fits {wanted!r}", remedy='Try wanted="".')
    rows = [Estimate(effect.term, effect.estimate, name, effect.std_error, conf_low=effect.conf_low,
                     conf_high=effect.conf_high, conf_level=effect.conf_level, n=effect.n, method=effect.method)]
    rows += [Estimate("published", one.effect, f"{one.study} {one.year or ''}: {one.outcome}", conf_low=one.conf_low,
                      conf_high=one.conf_high, conf_level=0.95 if one.conf_low == one.conf_low else nan, n=one.n or 0,
                      method="published") for one in fitting]
    return BesidePublished(title=title, estimates=tuple(rows), method="beside_published",
                           cautions=(caution("published_mixed", n=len(fitting)),))


@cache
def _library() -> tuple[Published, ...]:
    with (Path(__file__).parent / "published_effects.csv").open(encoding="utf-8", newline="") as file:
        return tuple(_entry(row) for row in csv.DictReader(file))


def _entry(row: dict[str, str]) -> Published:
    return Published(
        row["study"], _count(row["year"]), row["outcome"], _count(row["k"]), _count(row["n"]), _number(row["effect"]),
        row["metric"], _number(row["ci_low"]), _number(row["ci_high"]), row["source"], row["seen"],  # type: ignore[arg-type]
        row["confidence"], row["interval_seen"])  # type: ignore[arg-type]


def _count(text: str) -> int | None:
    return int(text) if text else None


def _number(text: str) -> float:
    return float(text) if text else nan
