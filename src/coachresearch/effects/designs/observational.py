"""People chose, or were chosen: several analyses side by side, none of which makes up for chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isfinite, sqrt
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from coachresearch.core.caution import Caution, caution
from coachresearch.core.errors import EstimationError, NotConverged
from coachresearch.core.estimate import Estimate
from coachresearch.effects.designs.effect import Effect, Rows, coefficient, read_rows
from coachresearch.effects.designs.randomised import cautions_of
from coachresearch.effects.measurement_error import corrected_least_squares
from coachresearch.effects.propensity import (
    Propensity,
    Target,
    balance,
    common_range,
    doubly_robust,
    e_value,
    effective_n,
    propensity,
    weighted_difference,
    weights_of,
)
from coachresearch.effects.sizes import FloatArray, normal_quantile, with_normal, with_t

if TYPE_CHECKING:
    import pandas as pd

_BALANCED = 0.1
_LEAST_SHARE = 0.5


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Observed(Effect):
    """An effect among people who were not assigned by chance; built by `self_selected`.

    Parameters
    ----------
    chance : array (n)
        Chance of being coached; empty where it could not be estimated.
    coached : array (n) of 0 and 1
    """

    kind: ClassVar[str] = "observed_effect"

    chance: FloatArray
    coached: FloatArray

    @property
    def figure_frame(self) -> pd.DataFrame:
        """Standardised differences of the covariates before and after weighting."""
        from coachresearch.display.figures.love import love_frame

        return love_frame(self.estimates)


def self_selected(
    frame: pd.DataFrame, *, pre: str, post: str, arm: str, coached: str, comparison: str, title: str,
    covariates: Sequence[str] = (), reliability: float | Estimate | None = None, cluster: str | None = None,
    target: Target = "everyone", design: Literal["self_selected", "matched"] = "self_selected", pair: str | None = None,
    conf_level: float = 0.95, source: str = "",
) -> Observed:
    """Difference between people who were coached and others who were not, where chance did not decide.

    Parameters
    ----------
    frame : DataFrame
        One row a person (index).
    pre, post : str
        Columns of the two waves.
    arm, coached, comparison : str
        Column of the arm, and the two arms compared.
    title : str
        The outcome in the reader's words.
    covariates : sequence of str
        What else was known before the coaching.
    reliability : float or Estimate, optional
        Reliability of the score before, in all these people: brings the difference adjusted for the true score.
    cluster : str, optional
        Column of team, coach or site.
    target : {"everyone", "coached", "overlap"}
        For whom the weighted difference is.
    design : {"self_selected", "matched"}
        How the arms came about.
    pair : str, optional
        Column that names matched pairs (or sets); errors are then by pair.
    conf_level : float
        Level of the intervals.
    source : str
        Where the scores come from.

    Returns
    -------
    Observed
        ``ancova_difference`` first, ``change_difference`` beside it (they answer different questions: Lord's paradox),
        ``ancova_true_score``, ``weighted_difference``, ``doubly_robust``, ``e_value`` and ``e_value_limit``; for each
        covariate ``balance_before`` and ``balance_after`` (group = covariate); ``share_overlap`` and ``effective_n``.

    Raises
    ------
    EstimationError
        For columns or arms that do not fit.

    Notes
    -----
    Where the covariates separate the arms perfectly, weighting is left out and a caution says so.

    References
    ----------
    Lord (1967), Psychological Bulletin 68, 304-305; Fuller (1987), Measurement Error Models, sect. 2.2; Lunceford &
    Davidian (2004), Statistics in Medicine 23, 2937-2960; VanderWeele & Ding (2017), Annals of Internal Medicine 167,
    268-274.
    """
    rows = read_rows(frame, outcome=post, arm=arm, coached=coached, comparison=comparison,
                     covariates=(pre, *covariates), cluster=pair or cluster)
    group = f"{coached} - {comparison}"
    cautions = [caution("not_by_chance"), *cautions_of(rows, pair or cluster)]
    estimates = _side_by_side(rows, group, conf_level)
    _disagreement(estimates, cautions)
    if reliability is not None:
        estimates += _true_score(rows, reliability, group, conf_level, cautions)
    chance = _weighted(rows, target, group, conf_level, estimates, cautions)
    estimates += _e_values(rows, estimates[0])
    here = rows.coached.copy()
    for array in (chance, here):
        array.setflags(write=False)
    return Observed(title=title, estimates=tuple(estimates), method="observational", cautions=tuple(cautions),
                    source=source, design=design, estimand="difference_adjusted", chance=chance, coached=here,
                    recipe=(("pre", pre), ("post", post), ("arm", arm), ("coached", coached),
                            ("comparison", comparison), ("covariates", " + ".join(covariates))))


def _side_by_side(rows: Rows, group: str, conf_level: float) -> list[Estimate]:
    ones = np.ones(len(rows.outcome))
    centred = rows.covariates - rows.covariates.mean(axis=0)
    adjusted = np.column_stack([ones, rows.coached, centred])
    plain = np.column_stack([ones, rows.coached, centred[:, 1:]])
    return [coefficient(adjusted, rows.outcome, 1, "ancova_difference", clusters=rows.clusters, conf_level=conf_level,
                        model="ancova", group=group),
            coefficient(plain, rows.outcome - rows.covariates[:, 0], 1, "change_difference", clusters=rows.clusters,
                        conf_level=conf_level, model="change_scores", group=group)]


def _disagreement(estimates: list[Estimate], cautions: list[Caution]) -> None:
    first, second = estimates[:2]
    signs = [1 if one.conf_low > 0 else -1 if one.conf_high < 0 else 0 for one in (first, second)]
    if signs[0] != signs[1]:
        cautions.append(caution("lords_paradox", ancova=first.estimate, change=second.estimate))


def _true_score(
    rows: Rows, reliability: float | Estimate, group: str, conf_level: float, cautions: list[Caution]
) -> list[Estimate]:
    value = reliability.estimate if isinstance(reliability, Estimate) else float(reliability)
    if not 0 < value <= 1:
        raise EstimationError(f"The reliability is {value:g}", remedy="It lies above 0 and goes up to 1.")
    pre = rows.covariates[:, 0]
    centred = rows.covariates - rows.covariates.mean(axis=0)
    design = np.column_stack([np.ones(len(pre)), rows.coached, centred])

    def fit(at: float) -> tuple[float, float, int]:
        errors = np.zeros(design.shape[1])
        errors[2] = (1 - at) * float(pre.var(ddof=1))
        found = corrected_least_squares(design, rows.outcome, errors)
        return float(found.coefficients[1]), float(found.covariance[1, 1]), found.df

    try:
        middle, variance, df = fit(value)
        if isinstance(reliability, Estimate) and isfinite(reliability.conf_low + reliability.conf_high):
            ends = [fit(min(max(end, 0.05), 1.0))[0] for end in (reliability.conf_low, reliability.conf_high)]
            variance += ((ends[1] - ends[0]) / (2 * normal_quantile((1 + reliability.conf_level) / 2))) ** 2
        else:
            cautions.append(caution("adjustment_without_error", reliability=value))
    except EstimationError:
        cautions.append(caution("reliability_too_low", reliability=value))
        return []
    found = with_t(middle, sqrt(variance), float(df), conf_level)
    return [Estimate("ancova_true_score", found.value, group, found.std_error, found.statistic, found.df, found.p_value,
                     found.low, found.high, conf_level, len(pre), "errors_in_variables")]


def _weighted(
    rows: Rows, target: Target, group: str, conf_level: float, estimates: list[Estimate], cautions: list[Caution]
) -> FloatArray:
    try:
        fit = propensity(rows.coached, rows.covariates, rows.names)
    except NotConverged:
        cautions.append(caution("arms_separated", covariates=", ".join(rows.names)))
        return np.empty(0)
    spread = rows.covariates.std(axis=0)
    x = np.column_stack([np.ones(len(rows.outcome)), (rows.covariates - rows.covariates.mean(axis=0)) / spread])
    weights = weights_of(fit.chance, rows.coached, target)
    n = len(rows.outcome)
    for term, method, found in (
        ("weighted_difference", f"weighted_{target}", weighted_difference(rows.outcome, rows.coached, x, fit, target)),
        *((("doubly_robust", "doubly_robust", _attempt(rows, x, fit)),) if target == "everyone" else ()),
    ):
        if found is None:
            cautions.append(caution("too_many_covariates", n=len(rows.names)))
            continue
        one = with_normal(found[0], found[1], conf_level)
        estimates.append(Estimate(term, one.value, group, one.std_error, one.value / one.std_error,
                                  conf_low=one.low, conf_high=one.high, conf_level=conf_level, n=n, method=method))
    before, after = (balance(rows.covariates, rows.coached, w) for w in (None, weights))
    estimates += [Estimate(term, float(value), group=name, n=n, method="balance")
                  for term, values in (("balance_before", before), ("balance_after", after))
                  for name, value in zip(rows.names, values, strict=True)]
    share = float(common_range(fit.chance, rows.coached).mean())
    worth = sum(effective_n(weights[rows.coached == at]) for at in (0, 1))
    estimates += [Estimate("share_overlap", share, n=n, method="overlap"),
                  Estimate("effective_n", worth, n=n, method="effective_n")]
    uneven = [name for name, value in zip(rows.names, after, strict=True) if abs(value) > _BALANCED]
    if uneven:
        cautions.append(caution("still_unbalanced", covariates=", ".join(uneven), limit=_BALANCED))
    if worth < _LEAST_SHARE * n:
        cautions.append(caution("weights_uneven", worth=int(worth), n=n))
    return np.array(fit.chance)


def _attempt(rows: Rows, x: FloatArray, fit: Propensity) -> tuple[float, float] | None:
    try:
        return doubly_robust(rows.outcome, rows.coached, x, fit)
    except EstimationError:
        return None


def _e_values(rows: Rows, main: Estimate) -> list[Estimate]:
    here = rows.coached == 1
    spread = sqrt((float(rows.outcome[here].var(ddof=1)) + float(rows.outcome[~here].var(ddof=1))) / 2)
    if spread == 0:
        return []
    nearer = 0.0 if main.conf_low <= 0 <= main.conf_high else min(abs(main.conf_low), abs(main.conf_high))
    one = Estimate("e_value", e_value(main.estimate / spread), group=main.group, n=main.n, method="e_value")
    return [one, replace(one, term="e_value_limit", estimate=e_value(nearer / spread))]
