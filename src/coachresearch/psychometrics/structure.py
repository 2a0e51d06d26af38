"""Whether the items of a scale have one thing in common: fit of one factor, and factors beyond chance."""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from coachresearch.core.caution import caution
from coachresearch.core.errors import EstimationError
from coachresearch.core.estimate import Estimate
from coachresearch.core.gate import Gate, Verdict
from coachresearch.display.result import Result
from coachresearch.moments.moments import Moments
from coachresearch.psychometrics.efa import FactorSolution, exploratory_factors
from coachresearch.psychometrics.parallel import ParallelAnalysis, parallel_analysis
from coachresearch.psychometrics.rotation import Rotation
from coachresearch.psychometrics.rules import StructureRule, structure_rule

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Structure(Result):
    """One factor of a scale's items, and how many factors stand out from chance.

    Parameters
    ----------
    items : tuple of str
    n : int
        Complete rows.
    scale : str
        Identifier of the scale, for gates; the title if it is empty.
    one_factor : FactorSolution
    parallel : ParallelAnalysis
    """

    kind: ClassVar[str] = "structure"

    items: tuple[str, ...]
    n: int
    scale: str
    one_factor: FactorSolution
    parallel: ParallelAnalysis

    @property
    def figure_frame(self) -> pd.DataFrame:
        """Scree with parallel analysis."""
        return self.parallel.figure_frame


def structure(
    moments: Moments, *, rng: np.random.Generator, title: str = "", scale: str = "", draws: int = 100, source: str = ""
) -> Structure:
    """Fit one factor to the items of a scale, and count the factors that stand out from chance.

    Parameters
    ----------
    moments : Moments
        Keyed items (k ≥ 4 columns) of one scale, complete rows, not team means.
    rng : Generator
        Source of the random samples of the parallel analysis.
    title, scale : str
        Title and identifier of the scale.
    draws : int
        Random samples.
    source : str

    Returns
    -------
    Structure
        Estimates ``chi_square``, ``cfi``, ``tli``, ``rmsea`` (90 % interval) and ``srmr`` of one maximum-likelihood
        factor; ``n_factors`` and ``n_components`` beyond chance; one ``loading`` an item (group = item).

    Raises
    ------
    EstimationError
        With fewer than four items, no more rows than items, an item that does not vary, team means, or a singular
        matrix.
    NotConverged
        If the factor solution stops early.

    Notes
    -----
    A high alpha does not show that items measure one thing; this is the check that can. Answers are taken as numbers:
    with few options or skewed answers the fit is somewhat too bad.

    References
    ----------
    Browne & Cudeck (1993), in Bollen & Long (eds.), Testing Structural Equation Models, 136-162. Horn (1965),
    Psychometrika 30, 179-185. Schmitt (1996), Psychological Assessment 8, 350-353 (alpha is no evidence of one factor).
    """
    k = len(moments.columns)
    if k < 4:
        raise EstimationError(f"{k} items leave nothing to test about a single factor",
                              remedy="One factor can be tested from four items on.")
    if moments.unit == "team_mean":
        raise EstimationError("The structure of persons cannot be tested on team means",
                              remedy='Collect the persons themselves: collect(frame, unit="person").')
    one = exploratory_factors(moments, 1, title=title, rotation=Rotation("none"))
    parallel = parallel_analysis(moments, rng=rng, title=title, draws=draws)
    loadings = [Estimate("loading", float(value), item, n=moments.n, method="loading_ml")
                for item, value in zip(moments.columns, one.loadings[:, 0], strict=True)]
    counts = [estimate for estimate in parallel.estimates if estimate.term in ("n_factors", "n_components")]
    cautions = list(one.cautions)
    if parallel.n_factors > 1:
        cautions.append(caution("more_factors", n=parallel.n_factors))
    return Structure(
        title=title, estimates=(*one.fit.estimates(), *counts, *loadings), method="structure",
        cautions=tuple(cautions), source=source, items=moments.columns, n=moments.n, scale=scale, one_factor=one,
        parallel=parallel)


def structure_gate(result: Structure, rule: str = "browne_cudeck1993") -> Gate:
    """Judge by a named rule whether one factor describes the items, looking at the interval of the RMSEA.

    ``pass``: the whole interval lies at or under the cut; ``fail``: the whole interval lies above it. An interval with
    values on both sides decides nothing unless the rule's number of people is reached; then the estimate decides.

    Parameters
    ----------
    result : Structure
    rule : str
        Code of a structure rule in `psychometrics.rules`.
    """
    chosen = structure_rule(rule)
    found = result.estimate("rmsea")
    verdict, reason = _verdict(found, chosen, result.n)
    return Gate(result.scale or result.title, "structure", verdict, "rmsea", found.estimate, chosen.code, result.n,
                reason)


def _verdict(found: Estimate, rule: StructureRule, n: int) -> tuple[Verdict, str]:
    if isnan(found.conf_low):
        return "not_assessable", "not_computed"
    if n < rule.fewest_people:
        return "not_assessable", "too_few_people"
    if found.conf_high <= rule.cut:
        return "pass", ""
    if found.conf_low > rule.cut:
        return "fail", ""
    if n < rule.many_people:
        return "not_assessable", "interval_straddles_cut"
    return ("pass" if found.estimate <= rule.cut else "fail"), ""
