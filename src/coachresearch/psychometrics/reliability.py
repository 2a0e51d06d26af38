"""How much of the spread between people is signal: alpha, omega and the standard error of measurement."""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan, nan, sqrt
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from coachresearch.core.caution import Caution, caution
from coachresearch.core.errors import EstimationError, NotConverged
from coachresearch.core.estimate import Estimate
from coachresearch.core.gate import Gate, Verdict
from coachresearch.display.result import Result
from coachresearch.moments.collect import collect
from coachresearch.moments.moments import Moments, Unit
from coachresearch.psychometrics.coefficients import (
    AlphaInterval,
    Number,
    alpha_number,
    alphas,
    omega_number,
    sem_number,
)
from coachresearch.psychometrics.extraction import Estimator, FloatArray
from coachresearch.psychometrics.factor import Extraction, extract
from coachresearch.psychometrics.items import check_range
from coachresearch.psychometrics.rules import ReliabilityRule, ReliabilityStatistic, reliability_rule

if TYPE_CHECKING:
    import pandas as pd

ScoreRule = Literal["mean", "sum"]


_FLAT = 1e-12  # a total that varies less than this share of its items does not vary, but for rounding


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Reliability(Result):
    """How well a scale is measured.

    Parameters
    ----------
    items : tuple of str
        The k items, in order.
    n : int
        Complete rows.
    n_left_out : int
        Rows with a gap.
    scale : str
        Identifier of the scale, for gates; the title if it is empty.
    loadings : array (k, m)
        Standardised loadings of the factor solution behind omega; (k, 0) where there is none.
    uniquenesses : array (k)
        Their complements; empty where there is no factor solution.
    """

    kind: ClassVar[str] = "reliability"

    items: tuple[str, ...]
    n: int
    n_left_out: int
    scale: str
    loadings: FloatArray
    uniquenesses: FloatArray

    @property
    def n_items(self) -> int:
        """Number of items."""
        return len(self.items)

    @property
    def figure_frame(self) -> pd.DataFrame:
        """The coefficients of the scale as a whole, without the loadings of its items."""
        frame = self.frame
        return frame[frame["term"].isin(["alpha", "omega_total"])].reset_index(drop=True)


def alpha(
    moments: Moments, *, interval: AlphaInterval = "feldt", conf_level: float = 0.95, title: str = ""
) -> Reliability:
    """Coefficient alpha: reliability of a scale score if all items measure the same thing equally well.

    Parameters
    ----------
    moments : Moments
        Keyed items (k ≥ 2 columns), complete rows, not team means.
    interval : {"feldt", "bonett", "duhachek"}
        Exact for equally correlated normal items; its normal approximation; or from the covariances as they are, for
        many people.
    conf_level : float
        Level of the interval.
    title : str
        Title of the scale.

    Returns
    -------
    Reliability
        Estimates ``alpha`` (with interval) and ``alpha_standardised`` (from the correlations, without interval).
        For standardised Moments the second alone.

    Raises
    ------
    EstimationError
        For team means, one item, fewer than two complete rows, or a score without variance.

    Notes
    -----
    Missing data: complete rows only. Alpha is negative where items work against each other; it is then shown with a
    caution and not set to zero.

    References
    ----------
    Cronbach (1951), Psychometrika 16, 297-334. Feldt (1965), Psychometrika 30, 357-370; Bonett (2002),
    Journal of Educational and Behavioral Statistics 27, 335-340; Duhachek & Iacobucci (2004), Journal of Applied
    Psychology 89, 792-808 (intervals). By resampling people: `bootstrap_reliability`.
    """
    _check(moments, fewest=2)
    estimates = _alpha_estimates(moments, conf_level, interval)
    return _result(moments, title, "", "", estimates, "alpha", _item_cautions(moments), None)


def omega_total(
    moments: Moments, *, factors: int = 1, estimator: Estimator = "ml", conf_level: float = 0.95, title: str = ""
) -> Reliability:
    """McDonald's omega: share of scale-score variance due to all common factors.

    Parameters
    ----------
    moments : Moments
        Keyed items (k columns), complete rows, not team means. Standardised Moments give omega of the sum of
        standardised items.
    factors : int
        Number of common factors, at least 1. One factor needs three items.
    estimator : {"ml", "minres"}
        Maximum likelihood, with an interval; or minimum residual, without.
    conf_level : float
        Level of the interval.
    title : str
        Title of the scale.

    Returns
    -------
    Reliability
        Estimate ``omega_total`` and one ``loading`` an item and factor; `loadings` has shape (k, factors).

    Raises
    ------
    NotIdentified
        With too few items.
    EstimationError
        For team means, fewer than two complete rows, an item without variance, or a singular matrix.
    NotConverged
        If the factor solution stops early.

    Notes
    -----
    Missing data: complete rows only. The denominator is the model-implied variance. Interval: delta method on the
    logit, from the expected information under normality; none for a Heywood case.

    References
    ----------
    McDonald (1999), Test Theory: A Unified Treatment, ch. 6. Raykov & Marcoulides (2011), Introduction to
    Psychometric Theory, ch. 7 (logistic interval).
    """
    _check(moments, fewest=1)
    fit = extract(moments.cor, factors, estimator=estimator)
    estimates = _omega_estimates(moments, fit, conf_level)
    cautions = (*_item_cautions(moments), *_factor_cautions(moments, fit))
    return _result(moments, title, "", "", estimates, f"omega_{estimator}", cautions, fit)


def reliability(
    data: pd.DataFrame | Moments,
    *,
    title: str,
    scale: str = "",
    low: int | None = None,
    high: int | None = None,
    rule: ScoreRule = "mean",
    unit: Unit = "person",
    conf_level: float = 0.95,
    source: str = "",
) -> Reliability:
    """Reliability of a scale: alpha, omega, the standard error of measurement and the loadings.

    Parameters
    ----------
    data : DataFrame or Moments
        Keyed items (k columns), one row per unit, NaN for a gap; or their Moments.
    title, scale : str
        Title and identifier of the scale.
    low, high : int, optional
        Ends of the response scale; values of a frame beyond them are refused.
    rule : {"mean", "sum"}
        How items are joined to a score: the metric of ``sem``, ``scale_mean`` and ``scale_sd``.
    unit : {"person", "rating", "team_mean"}
        What a row of a frame is. Team means are refused.
    conf_level : float
        Level of all intervals.
    source : str
        Where the answers come from.

    Returns
    -------
    Reliability
        Estimates ``alpha``, ``alpha_standardised``, ``omega_total``, ``sem``, ``sdc`` (smallest detectable change of
        one person: the root of two times the standard error times the normal quantile), ``scale_mean``, ``scale_sd``,
        and one ``loading`` an item (group = item). What is not defined for these items is left out, and a caution says
        why.

    Raises
    ------
    EstimationError
        For team means, no item, fewer than two complete rows, no variance at all, or values beyond the ends.

    Notes
    -----
    ``sem`` is the standard deviation of the score times the root of one minus alpha, in score units; its interval is
    exact under the assumptions of Feldt's interval (equal error variances, normality).
    """
    if isinstance(data, Moments):
        moments = data
    else:
        check_range(data, low, high)
        moments = collect(data, unit=unit)
    _check(moments, fewest=1)
    cautions = list(_item_cautions(moments))
    estimates: list[Estimate] = []
    if len(moments.columns) > 1:
        estimates += _alpha_estimates(moments, conf_level)
    fit, refusal = _one_factor(moments)
    cautions += [refusal] if refusal else []
    if fit is not None:
        omega, *loadings = _omega_estimates(moments, fit, conf_level)
        estimates += [omega, *_score_estimates(moments, rule, conf_level), *loadings]
        cautions += _factor_cautions(moments, fit)
    else:
        estimates += _score_estimates(moments, rule, conf_level)
    return _result(moments, title, scale, source, tuple(estimates), "reliability", tuple(cautions), fit)


def reliability_gate(
    result: Reliability, rule: str = "nunnally1978", *, statistic: ReliabilityStatistic = "alpha"
) -> Gate:
    """Judge a reliability by a named rule, looking at its interval.

    ``pass``: the whole interval lies at or above the cut; ``fail``: the whole interval lies under it. An interval with
    values on both sides decides nothing (``not_assessable``) unless the rule's number of people is reached; then the
    estimate decides. Nothing is decided for scales of one or two items and for samples under the rule's smallest
    number.

    Parameters
    ----------
    result : Reliability
        From `reliability`, `alpha` or `omega_total`.
    rule : str
        Code of a rule in `psychometrics.rules`.
    statistic : {"alpha", "omega_total"}
        The deciding number.

    Returns
    -------
    Gate
        `reason` is one of ``too_few_items``, ``too_few_people``, ``not_computed``, ``interval_straddles_cut``.
    """
    chosen = reliability_rule(rule)
    found = next((one for one in result.estimates if one.term == statistic), None)
    verdict, reason = _verdict(found, chosen, result.n_items, result.n)
    value = found.estimate if found is not None else nan
    return Gate(result.scale or result.title, "reliability", verdict, statistic, value, chosen.code, result.n, reason)


def _verdict(found: Estimate | None, rule: ReliabilityRule, n_items: int, n: int) -> tuple[Verdict, str]:
    if n_items < rule.fewest_items:
        return "not_assessable", "too_few_items"
    if found is None or isnan(found.conf_low):
        return "not_assessable", "not_computed"
    if n < rule.fewest_people:
        return "not_assessable", "too_few_people"
    if found.conf_low >= rule.cut:
        return "pass", ""
    if found.conf_high < rule.cut:
        return "fail", ""
    if n < rule.many_people:
        return "not_assessable", "interval_straddles_cut"
    return ("pass" if found.estimate >= rule.cut else "fail"), ""


def _check(moments: Moments, *, fewest: int) -> None:
    if moments.unit == "team_mean":
        raise EstimationError(
            "The reliability of persons cannot be computed from team means: averaging has removed the differences "
            "between the members, and what is left mixes agreement, team size and item consistency",
            remedy='Collect the persons themselves: collect(frame, unit="person").')
    k = len(moments.columns)
    if k < fewest or k == 0:
        raise EstimationError(f"A reliability needs at least {max(fewest, 1)} items; there is "
                              f"{f'only {k}' if k else 'none'}", remedy="Hand over the keyed items of one scale.")
    if not moments.standardised and float(moments.cov.sum()) <= _FLAT * float(np.trace(moments.cov)):
        raise EstimationError(f"The score of {', '.join(moments.columns)} does not vary between {moments.n} rows, "
                              "so it has no reliability",
                              remedy="Check that the right rows and items were handed over.")


def _result(
    moments: Moments, title: str, scale: str, source: str, estimates: tuple[Estimate, ...], method: str,
    cautions: tuple[Caution, ...], fit: Extraction | None,
) -> Reliability:
    k = len(moments.columns)
    loadings = fit.loadings if fit is not None else np.empty((k, 0))
    unique = fit.uniquenesses if fit is not None else np.empty(0)
    loadings.setflags(write=False)
    unique.setflags(write=False)
    return Reliability(
        title=title, estimates=estimates, method=method, cautions=cautions, source=source, items=moments.columns,
        n=moments.n, n_left_out=moments.n_left_out, scale=scale, loadings=loadings, uniquenesses=unique)


def _alpha_estimates(
    moments: Moments, conf_level: float, interval: AlphaInterval = "feldt"
) -> tuple[Estimate, ...]:
    n, k = moments.n, len(moments.columns)
    estimates = []
    if not moments.standardised:
        found = alpha_number(moments.cov, n, conf_level, interval)
        estimates.append(Estimate("alpha", found.value, std_error=found.std_error, conf_low=found.low,
                                  conf_high=found.high, conf_level=conf_level, n=n, method=f"alpha_{interval}"))
    if not moments.constant:
        mean_r = float((moments.cor.sum() - k) / (k * (k - 1)))
        estimates.append(Estimate("alpha_standardised", k * mean_r / (1 + (k - 1) * mean_r), n=n,
                                  method="alpha_standardised"))
    return tuple(estimates)


def _omega_estimates(moments: Moments, fit: Extraction, conf_level: float) -> tuple[Estimate, ...]:
    sd = moments.sd
    found = omega_number(fit.loadings * sd[:, None], fit.uniquenesses * sd ** 2, moments.n, conf_level)
    if fit.estimator != "ml" or fit.improper.any():
        found = Number(found.value)
    level = conf_level if not isnan(found.low) else nan
    method = "omega_ml_logit" if not isnan(found.low) else f"omega_{fit.estimator}"
    omega = Estimate("omega_total", found.value, std_error=found.std_error, conf_low=found.low, conf_high=found.high,
                     conf_level=level, n=moments.n, method=method)
    single = fit.loadings.shape[1] == 1
    loadings = [
        Estimate("loading" if single else f"loading_{factor + 1}", float(fit.loadings[row, factor]), group=item,
                 n=moments.n, method=f"loading_{fit.estimator}")
        for factor in range(fit.loadings.shape[1]) for row, item in enumerate(moments.columns)]
    return (omega, *loadings)


def _one_factor(moments: Moments) -> tuple[Extraction | None, Caution | None]:
    k = len(moments.columns)
    if k < 3:
        return None, caution("omega_too_few_items", items=k)
    if moments.constant:
        return None, caution("omega_constant_item", item=", ".join(moments.constant))
    try:
        return extract(moments.cor), None
    except NotConverged:
        return None, caution("omega_not_converged", n=moments.n)
    except EstimationError:
        return None, caution("omega_singular", items=k, n=moments.n)


def _score_estimates(moments: Moments, rule: ScoreRule, conf_level: float) -> list[Estimate]:
    if moments.standardised:
        return []
    n, k = moments.n, len(moments.columns)
    share = 1 / k if rule == "mean" else 1.0
    spread = sqrt(float(moments.cov.sum())) * share
    estimates = []
    if k > 1:
        found = sem_number(float(alphas(moments.cov)), spread, n, k, conf_level)
        far = _detectable(conf_level)
        estimates += [
            Estimate("sem", found.value, conf_low=found.low, conf_high=found.high, conf_level=conf_level, n=n,
                     method="sem_alpha"),
            Estimate("sdc", far * found.value, conf_low=far * found.low, conf_high=far * found.high,
                     conf_level=conf_level, n=n, method="sdc")]
    centre = float(moments.mean.sum()) * share
    if not isnan(centre):
        estimates.append(Estimate("scale_mean", centre, std_error=spread / sqrt(n), n=n, method=f"scale_{rule}"))
    return [*estimates, Estimate("scale_sd", spread, n=n, method=f"scale_{rule}")]


def _detectable(conf_level: float) -> float:
    """Standard errors of measurement that a change of one person must exceed."""
    from scipy.stats import norm

    return sqrt(2) * float(norm.ppf((1 + conf_level) / 2))


def _item_cautions(moments: Moments) -> tuple[Caution, ...]:
    n, k = moments.n, len(moments.columns)
    found = []
    if moments.n_left_out:
        found.append(caution("rows_left_out", n=moments.n_left_out, of=n + moments.n_left_out))
    if moments.unit == "rating":
        found.append(caution("ratings_not_independent", n=n))
    if moments.standardised:
        found.append(caution("standardised_only"))
    if n <= k:
        found.append(caution("fewer_people_than_items", n=n, items=k))
    found += [caution("constant_item", item=item) for item in moments.constant]
    if k > 1:
        cov = moments.cov
        value = float(alphas(cov))
        found += [caution("negative_alpha", value=value)] if value < 0 else []
        against = cov.sum(axis=0) - np.diag(cov) < 0
        found += [caution("negative_item", item=item) for item, no in zip(moments.columns, against, strict=True) if no]
    return tuple(found)


def _factor_cautions(moments: Moments, fit: Extraction) -> tuple[Caution, ...]:
    named = tuple(enumerate(moments.columns))
    found = [caution("heywood", item=item) for row, item in named if fit.improper[row]]
    if fit.loadings.shape[1] == 1:
        found += [caution("negative_loading", item=item) for row, item in named if fit.loadings[row, 0] < 0]
    return tuple(found)
