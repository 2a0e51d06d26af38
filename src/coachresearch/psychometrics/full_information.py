"""Means, spread and correlations of items with gaps, from everybody who answered anything."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan
from typing import ClassVar

import numpy as np

from coachresearch.core.caution import Caution, caution
from coachresearch.core.errors import EstimationError
from coachresearch.core.estimate import Estimate
from coachresearch.display.result import Result
from coachresearch.moments.em import FullInformation, em_moments
from coachresearch.moments.patterns import Patterns

_LITTLE_COVERAGE = 0.5


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class FullInformationMoments(Result):
    """Maximum-likelihood means, standard deviations and correlations of k items with gaps.

    Parameters
    ----------
    found : FullInformation
        Mean, covariance (divisor n), log-likelihood, coverage and rounds.
    """

    kind: ClassVar[str] = "full_information"

    found: FullInformation


def full_information(
    patterns: Patterns, *, conf_level: float = 0.95, title: str = "", source: str = ""
) -> FullInformationMoments:
    """Full-information means, standard deviations and correlations of items with gaps.

    Parameters
    ----------
    patterns : Patterns
        From ``collect(rows, into=Patterns)``.
    conf_level : float
        Level of the intervals of the means.
    title : str
        Title of the scale.
    source : str
        Where the answers come from.

    Returns
    -------
    FullInformationMoments
        Estimates ``mean`` and ``sd`` (group: the item; divisor n) and ``cor`` (group ``"x1 with x2"``).

    Raises
    ------
    EstimationError, NotConverged
        As `moments.em.em_moments`.

    Notes
    -----
    Gaps are missing at random given the other items, and the items normal. Standard errors of the means come from the
    expected information, which holds where gaps are missing completely at random.

    References
    ----------
    Little & Rubin (2002), Statistical Analysis with Missing Data, 2nd ed., ch. 11.2.
    """
    from scipy.special import ndtri

    if not 0 < conf_level < 1:
        raise EstimationError(f"conf_level is {conf_level:g}", remedy="Give a share between 0 and 1, such as 0.95.")
    found = em_moments(patterns)
    reach = float(ndtri((1 + conf_level) / 2))
    errors, spread, cor = np.sqrt(np.diag(found.mean_cov)), np.sqrt(np.diag(found.cov)), found.cor
    answered = np.rint(np.diag(found.coverage) * found.n).astype(int)
    estimates = []
    for at, item in enumerate(found.columns):
        mean, error = float(found.mean[at]), float(errors[at])
        estimates.append(Estimate("mean", mean, item, error, conf_low=mean - reach * error,
                                  conf_high=mean + reach * error, conf_level=conf_level, n=int(answered[at]),
                                  method="em_mean"))
        estimates.append(Estimate("sd", float(spread[at]), item, n=int(answered[at]), method="em"))
    both = np.rint(found.coverage * found.n).astype(int)
    estimates += [Estimate("cor", float(cor[i, j]), f"{found.columns[i]} with {found.columns[j]}", nan,
                           n=int(both[i, j]), method="em")
                  for i, j in zip(*np.triu_indices(len(found.columns), 1), strict=True)]
    return FullInformationMoments(title=title, estimates=tuple(estimates), method="em", source=source,
                                  cautions=_cautions(found), found=found)


def _cautions(found: FullInformation) -> tuple[Caution, ...]:
    cautions = []
    if found.n_left_out:
        cautions.append(caution("rows_without_answer", n=found.n_left_out, of=found.n + found.n_left_out))
    if found.n_complete < found.n:
        cautions.append(caution("rows_with_gaps_kept", n=found.n - found.n_complete, of=found.n))
    lowest = float(found.coverage.min())
    if lowest < _LITTLE_COVERAGE:
        at = np.unravel_index(int(np.argmin(found.coverage)), found.coverage.shape)
        cautions.append(caution("little_coverage", share=lowest, first=found.columns[int(at[0])],
                                second=found.columns[int(at[1])]))
    if found.unit == "rating":
        cautions.append(caution("ratings_not_independent", n=found.n))
    return tuple(cautions)
