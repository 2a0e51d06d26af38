"""Many questions asked of one study: adjusted p values, and how the analysis departs from the plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isnan
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from coachresearch.core.caution import Caution, caution
from coachresearch.core.errors import EstimationError
from coachresearch.core.estimate import Estimate
from coachresearch.display.result import Result

Adjustment = Literal["holm", "hochberg", "bonferroni", "benjamini_hochberg", "benjamini_yekutieli"]
_KNOWN = ("holm", "hochberg", "bonferroni", "benjamini_hochberg", "benjamini_yekutieli")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Questions(Result):
    """Several outcomes with p values adjusted for their number; built by `many_questions`."""

    kind: ClassVar[str] = "questions"


@dataclass(frozen=True, slots=True)
class Planned:
    """What was registered before the data were seen.

    Parameters
    ----------
    primary, secondary : tuple of str
        Outcomes by id.
    analysis : str
        Code of the planned analysis; empty if none was named.
    n : int
        Planned number of people; 0 if none was named.
    """

    primary: tuple[str, ...]
    secondary: tuple[str, ...] = ()
    analysis: str = ""
    n: int = 0


def adjusted_p(p_values: ArrayLike, method: Adjustment = "holm") -> NDArray[np.float64]:
    """Adjust p values for the number of questions.

    Parameters
    ----------
    p_values : array (m)
        From 0 to 1; a NaN stays NaN and is not counted.
    method : {"holm", "hochberg", "bonferroni", "benjamini_hochberg", "benjamini_yekutieli"}
        The first three keep the chance of any false finding; the last two the share of false ones among findings.

    Raises
    ------
    EstimationError
        For a value outside 0 to 1, or an unknown method.

    References
    ----------
    Holm (1979), Scandinavian Journal of Statistics 6, 65-70; Hochberg (1988), Biometrika 75, 800-802; Benjamini &
    Hochberg (1995), JRSS B 57, 289-300; Benjamini & Yekutieli (2001), Annals of Statistics 29, 1165-1188.
    """
    if method not in _KNOWN:
        raise EstimationError(f"There is no adjustment {method!r}", remedy=f"There are: {', '.join(_KNOWN)}.")
    p = np.asarray(p_values, dtype=float)
    there = ~np.isnan(p)
    if ((p[there] < 0) | (p[there] > 1)).any():
        raise EstimationError("A p value lies outside 0 to 1", remedy="Hand over p values.")
    out = np.full(p.shape, np.nan)
    out[there] = _adjusted(p[there], method)
    return out


def _adjusted(p: NDArray[np.float64], method: Adjustment) -> NDArray[np.float64]:
    m = len(p)
    order = np.argsort(p, kind="stable")
    ranked, rank = p[order], np.arange(1, m + 1)
    if method == "bonferroni":
        done = ranked * m
    elif method == "holm":
        done = np.maximum.accumulate(ranked * (m - rank + 1))
    else:
        factor = {"hochberg": m - rank + 1.0, "benjamini_hochberg": m / rank,
                  "benjamini_yekutieli": m / rank * float(np.sum(1 / rank))}[method]
        done = np.minimum.accumulate((ranked * factor)[::-1])[::-1]
    out = np.empty(m)
    out[order] = np.minimum(done, 1.0)
    return out


def many_questions(
    primary: Sequence[tuple[str, Estimate]], secondary: Sequence[tuple[str, Estimate]] = (), *, title: str,
    planned: Planned | None = None, analysis: str = "", source: str = "",
) -> Questions:
    """Put the outcomes of a study side by side: primary ones by Holm, secondary ones by Benjamini and Hochberg.

    Parameters
    ----------
    primary, secondary : sequence of (id, Estimate)
        Outcomes as the study file names them; an estimate without a p value stays and is not counted.
    title : str
        The study in the reader's words.
    planned : Planned, optional
        What was registered; departures from it become cautions.
    analysis : str
        Code of the analysis that was done, compared with the planned one.
    source : str
        Where the estimates come from.

    Returns
    -------
    Questions
        The estimates (group = outcome id) with adjusted p values; intervals stay as they are, each at its own level.

    Raises
    ------
    EstimationError
        Without a primary outcome, or with one named twice.
    """
    names = [name for name, _ in (*primary, *secondary)]
    if not primary:
        raise EstimationError("No primary outcome is named", remedy="Name one in the study file.")
    if len(set(names)) < len(names):
        raise EstimationError(f"An outcome stands twice among {', '.join(names)}", remedy="Name each of them once.")
    found = [*_family(primary, "holm"), *_family(secondary, "benjamini_hochberg")]
    departures = _departures(planned, [name for name, _ in primary], [name for name, _ in secondary], analysis,
                             max((one.n for _, one in primary), default=0)) if planned else ()
    return Questions(title=title, estimates=tuple(found), method="many_questions", cautions=departures, source=source)


def _family(outcomes: Sequence[tuple[str, Estimate]], method: Adjustment) -> list[Estimate]:
    p = adjusted_p([one.p_value for _, one in outcomes], method)
    return [replace(one, group=name, p_value=float(value), method=one.method if isnan(value) else f"adjusted_{method}")
            for (name, one), value in zip(outcomes, p, strict=True)]


def _departures(
    planned: Planned, primary: list[str], secondary: list[str], analysis: str, n: int
) -> tuple[Caution, ...]:
    found = [caution("plan_primary_missing", outcome=name) for name in planned.primary if name not in primary]
    found += [caution("plan_primary_added", outcome=name) for name in primary if name not in planned.primary]
    found += [caution("plan_secondary_missing", outcome=name) for name in planned.secondary
              if name not in (*secondary, *primary)]
    found += [caution("plan_secondary_added", outcome=name) for name in secondary
              if name not in (*planned.secondary, *planned.primary)]
    if planned.analysis and analysis and planned.analysis != analysis:
        found.append(caution("plan_other_analysis", planned=planned.analysis, done=analysis))
    if planned.n and n < planned.n:
        found.append(caution("plan_fewer_people", planned=planned.n, n=n))
    return tuple(found)
