"""Repeated-measures analysis of variance of complete waves, with its corrections for unequal correlations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from coachresearch.core.caution import caution
from coachresearch.core.errors import EstimationError
from coachresearch.core.estimate import Estimate
from coachresearch.display.result import Result

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class WaveDifferences(Result):
    """F test of equal means of the waves, one group of people with every wave.

    The estimates hold ``f`` (groups: empty, ``greenhouse_geisser``, ``huynh_feldt``; degrees of freedom of the
    denominator), ``epsilon`` of both corrections and ``mauchly_w``.
    """

    kind: ClassVar[str] = "wave_differences"


def wave_differences(frame: pd.DataFrame, *, waves: tuple[str, ...], title: str = "") -> WaveDifferences:
    """Test whether the means of three or more waves are equal, by repeated-measures analysis of variance.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row a person; one numeric column a wave. People with a gap are left out and counted.
    waves : tuple of str
    title : str

    Raises
    ------
    EstimationError
        For fewer than three waves, columns that are missing or not numeric, or too few people.

    Notes
    -----
    A mixed model uses the people with gaps too; this analysis is given because readers ask for it.

    References
    ----------
    Greenhouse & Geisser (1959), Psychometrika 24, 95-112. Huynh & Feldt (1976), Journal of Educational Statistics 1,
    69-82. Mauchly (1940), Annals of Mathematical Statistics 11, 204-209.
    """
    from scipy import stats

    absent = [one for one in waves if one not in frame.columns]
    wrong = [one for one in waves if one in frame.columns and getattr(frame[one].dtype, "kind", "O") not in "iuf"]
    if absent or wrong or len(waves) < 3:
        raise EstimationError(f"{len(waves)} waves; missing columns: {', '.join(absent) or 'none'}; not numeric: "
                              f"{', '.join(wrong) or 'none'}", remedy="Name three or more numeric columns.")
    Y = frame[list(waves)].dropna().to_numpy(dtype=float)
    n, k = Y.shape
    if n <= k:
        raise EstimationError(f"{n} people have all of {k} waves", remedy=f"At least {k + 1} are needed.")
    centred = np.eye(k) - 1 / k
    contrasts = np.linalg.svd(centred)[0][:, :k - 1]
    T = Y @ contrasts
    mean = T.mean(axis=0)
    S = np.cov(T, rowvar=False)
    trace = float(np.trace(S))
    if trace <= 1e-20 * max(float(np.abs(Y).max()) ** 2, 1e-300):
        raise EstimationError("The waves differ by the same amount in everybody, so there is no error to test against")
    p = k - 1
    statistic = n * float(mean @ mean) / trace
    lower = trace ** 2 / (p * float(np.sum(S ** 2)))
    upper = min((n * p * lower - 2) / (p * (n - 1 - p * lower)), 1.0)
    mauchly = float(np.linalg.det(S)) / (trace / p) ** p
    found = [Estimate("f", statistic, group=group, statistic=statistic, df=eps * p * (n - 1),
                      p_value=float(stats.f.sf(statistic, eps * p, eps * p * (n - 1))), n=n)
             for group, eps in (("", 1.0), ("greenhouse_geisser", lower), ("huynh_feldt", upper))]
    found += [Estimate("epsilon", lower, group="greenhouse_geisser", n=n),
              Estimate("epsilon", upper, group="huynh_feldt", n=n),
              Estimate("mauchly_w", mauchly, n=n, p_value=_mauchly_p(mauchly, n, p))]
    gaps = len(frame) - n
    return WaveDifferences(title=title, estimates=tuple(found), method="repeated_anova",
                           cautions=(caution("mixed_incomplete_people", n=gaps, of=len(frame)),) if gaps else ())


def _mauchly_p(w: float, n: int, p: int) -> float:
    """Mauchly's test with the second-order term of Box's approximation."""
    from scipy import stats

    f = n - 1
    df = p * (p + 1) / 2 - 1
    rho = 1 - (2 * p ** 2 + p + 2) / (6 * p * f)
    omega = (p + 2) * (p - 1) * (p - 2) * (2 * p ** 3 + 6 * p ** 2 + 3 * p + 2) / (288 * (p * f * rho) ** 2)
    z = -f * rho * np.log(max(w, 1e-300))
    first = float(stats.chi2.sf(z, df))
    return first + omega * (float(stats.chi2.sf(z, df + 4)) - first)
