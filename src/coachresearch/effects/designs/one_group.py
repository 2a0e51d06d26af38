"""One group, before and after: the change, and what of it would have come by itself."""

from __future__ import annotations

from dataclasses import replace
from math import isfinite, nan, sqrt
from typing import TYPE_CHECKING

from coachresearch.core.caution import caution
from coachresearch.core.errors import EstimationError
from coachresearch.core.estimate import Estimate
from coachresearch.effects.designs.effect import Effect
from coachresearch.effects.sizes import FloatArray, d_av, mean_change, normal_quantile, with_normal
from coachresearch.effects.waves import read_waves

if TYPE_CHECKING:
    import pandas as pd


def one_group(
    frame: pd.DataFrame, *, pre: str, post: str, title: str, stability: float | Estimate | None = None,
    population_mean: float | None = None, person: str | None = None, conf_level: float = 0.95, source: str = "",
) -> Effect:
    """Change of one group between two waves; nothing here can tell it from time passing.

    Parameters
    ----------
    frame : DataFrame
        One row a person.
    pre, post : str
        Columns of the two waves.
    title : str
        The outcome in the reader's words.
    stability : float or Estimate, optional
        Correlation of two scores of the same people without coaching (a retest reliability over the same time). A
        reliability at one time is an upper bound of it, so the regression shown with it is the least to be expected.
    population_mean : float, optional
        Mean of the people from whom these were selected for their score.
    person : str, optional
        Column that names the person; the index if not given.
    conf_level : float
        Level of the intervals.
    source : str
        Where the scores come from.

    Returns
    -------
    Effect
        ``mean_change``; with stability and population mean also ``expected_regression`` (what selection for a score
        brings by itself) and ``change_beyond_regression``; ``d_av`` where it is defined.

    Raises
    ------
    EstimationError
        With fewer than two people at both waves, or a stability out of range.

    References
    ----------
    Davis (1976), American Journal of Epidemiology 104, 493-498 (expected regression of a selected group);
    Campbell & Stanley (1963), Experimental and Quasi-Experimental Designs, design 2.
    """
    waves = read_waves(frame, pre=pre, post=post, arm=None, coached=None, comparison=None, person=person)
    before, after = waves.arms[0].pairs
    moved = mean_change(before, after, conf_level=conf_level)
    estimates = [moved]
    cautions = [caution("cannot_tell_from_time")]
    if len(before) < len(waves.arms[0].pre):
        cautions.append(caution("without_both_waves", n=len(waves.arms[0].pre) - len(before),
                                of=len(waves.arms[0].pre)))
    if stability is not None and population_mean is not None:
        estimates += _regression(before, after, moved, stability, population_mean, conf_level)
    else:
        cautions.append(caution("regression_not_known"))
    try:
        estimates.append(d_av(before, after, conf_level=conf_level))
    except EstimationError:
        cautions.append(caution("no_spread"))
    return Effect(title=title, estimates=tuple(estimates), method="one_group", cautions=tuple(cautions), source=source,
                  design="one_group", estimand="mean_change", recipe=(("pre", pre), ("post", post)))


def _regression(
    before: FloatArray, after: FloatArray, moved: Estimate, stability: float | Estimate, population_mean: float,
    conf_level: float,
) -> list[Estimate]:
    value = stability.estimate if isinstance(stability, Estimate) else float(stability)
    if not 0 <= value <= 1:
        raise EstimationError(f"The stability is {value:g}", remedy="It lies between 0 and 1.")
    away = population_mean - float(before.mean())
    ends: tuple[float, ...] = (nan, nan)
    of_stability = 0.0
    if isinstance(stability, Estimate) and isfinite(stability.conf_low + stability.conf_high):
        ends = tuple(sorted(((1 - stability.conf_low) * away, (1 - stability.conf_high) * away)))
        of_stability = (stability.conf_high - stability.conf_low) / (
            2 * normal_quantile((1 + stability.conf_level) / 2))
    expected = Estimate("expected_regression", (1 - value) * away, conf_low=ends[0], conf_high=ends[1],
                        conf_level=stability.conf_level if isinstance(stability, Estimate) and isfinite(ends[0])
                        else nan, n=moved.n, method="regression_to_mean")
    if not isfinite(moved.std_error):
        return [expected]
    # The mean before enters both: change - (1 - s)(m - before) = after - s before - (1 - s) m.
    of_change = float((after - value * before).var(ddof=1)) / moved.n
    beyond = with_normal(moved.estimate - expected.estimate, sqrt(of_change + (away * of_stability) ** 2), conf_level)
    return [expected, replace(moved, term="change_beyond_regression", estimate=beyond.value, std_error=beyond.std_error,
                              statistic=nan, df=nan, p_value=nan, conf_low=beyond.low, conf_high=beyond.high,
                              method="beyond_regression")]
