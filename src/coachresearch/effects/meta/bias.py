"""Are small studies different, and does one study carry the result?"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, nan, sqrt
from typing import ClassVar

import numpy as np

from coachresearch.core.caution import caution
from coachresearch.core.errors import EstimationError
from coachresearch.core.estimate import Estimate
from coachresearch.display.result import Result
from coachresearch.effects.meta.analysis import MetaAnalysis
from coachresearch.effects.meta.fit import pool
from coachresearch.effects.sizes import FloatArray, normal_quantile

_FEW = 10


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SmallStudies(Result):
    """Tests of small-study effects; built by `small_studies`.

    Parameters
    ----------
    side : str
        Side of the funnel on which studies were filled in: ``left`` or ``right``.
    """

    kind: ClassVar[str] = "small_studies"

    side: str


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LeaveOneOut(Result):
    """The result without each study in turn; built by `leave_one_out`."""

    kind: ClassVar[str] = "leave_one_out"


def small_studies(pooled: MetaAnalysis) -> SmallStudies:
    """Ask whether smaller studies found larger effects, and what that may hide.

    Parameters
    ----------
    pooled : MetaAnalysis
        Without moderators, at least three studies.

    Returns
    -------
    SmallStudies
        ``egger`` (random-effects regression on the standard error, z) with ``egger_limit`` (its value for a study
        without error), ``egger_weighted`` (classical weighted regression, t) with its limit, ``rank`` (Kendall's tau of
        Begg & Mazumdar), ``trim_and_fill`` (average after filling in mirror images, with ``filled``), ``fail_safe``.

    Raises
    ------
    EstimationError
        With moderators, or fewer than three studies, or studies all of one size.

    Notes
    -----
    None of these shows publication bias: small studies may differ for good reasons. Below ten studies they tell little.

    References
    ----------
    Egger et al. (1997), BMJ 315, 629-634; Sterne & Egger (2005); Begg & Mazumdar (1994), Biometrics 50, 1088-1101;
    Duval & Tweedie (2000), Biometrics 56, 455-463 (L0); Rosenthal (1979), Psychological Bulletin 86, 638-641.
    """
    y, v = pooled.effects, pooled.variances
    _check(pooled)
    error = np.sqrt(v)
    if np.ptp(error) < 1e-12 * float(error.max()):
        raise EstimationError("All studies are of the same size, so size explains nothing")
    found = [*_egger(y, v, error, pooled), *_weighted(y, error), _rank(y, v)]
    side, filled, again = _trim(y, v, pooled)
    found += [again, Estimate("filled", float(filled), n=len(y), method="trim_and_fill")]
    z = float(np.sum(y / error))
    found.append(Estimate("fail_safe", float(max(ceil((z / normal_quantile(0.95)) ** 2 - len(y)), 0)), n=len(y),
                          method="fail_safe"))
    cautions = [caution("small_studies_not_bias")]
    if len(y) < _FEW:
        cautions.append(caution("few_studies_for_funnel", n=len(y), minimum=_FEW))
    return SmallStudies(title=pooled.title, estimates=tuple(found), method="small_studies", cautions=tuple(cautions),
                        source=pooled.source, side=side)


def leave_one_out(pooled: MetaAnalysis) -> LeaveOneOut:
    """Pool again without each study: ``pooled`` and ``tau2`` (group = study left out).

    Raises
    ------
    EstimationError
        With moderators or fewer than three studies.
    """
    from coachresearch.effects.meta.analysis import meta_analysis

    _check(pooled)
    import pandas as pd

    frame = pd.DataFrame({"effect": pooled.effects, "variance": pooled.variances})
    found = []
    for place, name in enumerate(pooled.studies):
        rest = meta_analysis(frame.drop(index=place), effect="effect", variance="variance", title=pooled.title,
                             between=pooled.between, errors=pooled.errors, conf_level=pooled.conf_level)
        main = rest.estimate("pooled")
        found.append(Estimate("pooled", main.estimate, name, main.std_error, main.statistic, main.df, main.p_value,
                              main.conf_low, main.conf_high, main.conf_level, main.n, main.method))
        found.append(Estimate("tau2", rest.fit.tau2, name, n=main.n, method="tau2_q_profile"))
        found.append(Estimate("heterogeneity", rest.fit.q, name, statistic=rest.fit.q, df=float(rest.fit.q_df),
                              n=main.n, method="cochran_q"))
    whole = pooled.estimate("pooled")
    flips = sum((one.conf_low > 0 or one.conf_high < 0) != (whole.conf_low > 0 or whole.conf_high < 0)
                for one in found if one.term == "pooled")
    cautions = (caution("rests_on_one_study", n=flips),) if flips else ()
    return LeaveOneOut(title=pooled.title, estimates=tuple(found), method="leave_one_out", cautions=cautions,
                       source=pooled.source)


def shrunken(pooled: MetaAnalysis) -> tuple[Estimate, ...]:
    """Return each study's own effect, pulled towards the average by its error (empirical Bayes; group = study).

    References
    ----------
    Raudenbush & Bryk (1985), Journal of Educational Statistics 10, 75-98.
    """
    fit, y, v, x = pooled.fit, pooled.effects, pooled.variances, pooled.columns
    trust = fit.tau2 / (fit.tau2 + v)
    expected = x @ fit.coefficients
    factor = fit.spread if pooled.errors == "hartung_knapp" else 1.0
    variance = trust * v + (1 - trust) ** 2 * np.einsum("ij,jk,ik->i", x, fit.covariance * factor, x)
    reach = normal_quantile((1 + pooled.conf_level) / 2)
    return tuple(Estimate("shrunken", float(m), name, float(s), conf_low=float(m - reach * s),
                          conf_high=float(m + reach * s), conf_level=pooled.conf_level, n=1, method="empirical_bayes")
                 for m, s, name in zip(trust * y + (1 - trust) * expected, np.sqrt(variance), pooled.studies,
                                       strict=True))


def _check(pooled: MetaAnalysis) -> None:
    if pooled.columns.shape[1] > 1 or len(pooled.effects) < 3:
        raise EstimationError(f"This needs three studies or more, without moderators; there are {len(pooled.effects)}",
                              remedy="Pool them without moderators first.")


def _egger(y: FloatArray, v: FloatArray, error: FloatArray, pooled: MetaAnalysis) -> list[Estimate]:
    from scipy.stats import norm

    fit = pool(y, v, np.column_stack([np.ones(len(y)), error]), pooled.between)
    (limit, slope), (of_limit, of_slope) = fit.coefficients, np.sqrt(np.diag(fit.covariance))
    reach = normal_quantile((1 + pooled.conf_level) / 2) * float(of_limit)
    z = float(slope / of_slope)
    return [Estimate("egger", float(slope), "", float(of_slope), z, p_value=float(2 * norm.sf(abs(z))), n=len(y),
                     method="egger_random"),
            Estimate("egger_limit", float(limit), "", float(of_limit), conf_low=float(limit) - reach,
                     conf_high=float(limit) + reach, conf_level=pooled.conf_level, n=len(y), method="egger_random")]


def _weighted(y: FloatArray, error: FloatArray) -> list[Estimate]:
    from scipy.stats import t

    design = np.column_stack([1 / error, np.ones(len(y))])
    inverse = np.linalg.inv(design.T @ design)
    b = inverse @ (design.T @ (y / error))
    left = y / error - design @ b
    df = len(y) - 2
    of_slope = sqrt(float(left @ left) / df * float(inverse[1, 1]))
    statistic = float(b[1]) / of_slope
    return [Estimate("egger_weighted", float(b[1]), "", of_slope, statistic, float(df),
                     float(2 * t.sf(abs(statistic), df)), n=len(y), method="egger_weighted"),
            Estimate("egger_weighted_limit", float(b[0]), n=len(y), method="egger_weighted")]


def _rank(y: FloatArray, v: FloatArray) -> Estimate:
    from scipy.stats import kendalltau

    w = 1 / v
    centre = float(w @ y) / float(w.sum())
    left = (y - centre) / np.sqrt(v - 1 / float(w.sum()))
    ties = len(np.unique(left)) < len(y) or len(np.unique(v)) < len(y)
    law = "asymptotic" if ties else "exact"
    found = kendalltau(left, v, method=law)
    return Estimate("rank", float(found.statistic), p_value=float(found.pvalue), n=len(y), method="begg_rank")


def _trim(y: FloatArray, v: FloatArray, pooled: MetaAnalysis) -> tuple[str, int, Estimate]:
    ones = np.ones((len(y), 1))
    slope = float(pool(y, v, np.column_stack([ones, np.sqrt(v)]), pooled.between).coefficients[1])
    side, sign = ("right", -1.0) if slope < 0 else ("left", 1.0)
    order = np.argsort(sign * y, kind="stable")
    ys, vs, k = sign * y[order], v[order], len(y)
    filled, before = 0, -1
    for _ in range(100):
        if filled == before:
            break
        before = filled
        centre = float(pool(ys[: k - filled], vs[: k - filled], ones[: k - filled], pooled.between).coefficients[0])
        away = ys - centre
        ranks = np.empty(k)
        ranks[np.argsort(np.abs(away), kind="stable")] = np.arange(1, k + 1)
        above = float(ranks[away > 0].sum())
        filled = max(0, round((4 * above - k * (k + 1)) / (2 * k - 1)))
    mirrored = sign * (2 * centre - ys[k - filled:]) if filled else np.empty(0)
    everything, spread = np.concatenate([y, mirrored]), np.concatenate([v, vs[k - filled:] if filled else np.empty(0)])
    fit = pool(everything, spread, np.ones((len(everything), 1)), pooled.between)
    error = sqrt(float(fit.covariance[0, 0]))
    reach = normal_quantile((1 + pooled.conf_level) / 2) * error
    value = float(fit.coefficients[0])
    return side, filled, Estimate("trim_and_fill", value, "", error, nan, nan, nan, value - reach, value + reach,
                                  pooled.conf_level, len(everything), "trim_and_fill")
