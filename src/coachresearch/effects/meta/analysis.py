"""Several studies together: their average effect, how much they differ, and what a new study may find."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import nan, sqrt
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from coachresearch.core.caution import Caution, caution
from coachresearch.core.errors import EstimationError
from coachresearch.core.estimate import Estimate
from coachresearch.display.result import Result
from coachresearch.effects.designs.effect import covariate_columns
from coachresearch.effects.meta.fit import Between, Pooled, pool, tau2_interval
from coachresearch.effects.sizes import FloatArray

if TYPE_CHECKING:
    import pandas as pd

Errors = Literal["normal", "hartung_knapp"]
_FEW = 5


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class MetaAnalysis(Result):
    """Studies pooled; built by `meta_analysis`.

    Parameters
    ----------
    studies : tuple of str (k)
    effects, variances : array (k)
    columns : array (k, p)
        What the effects were regressed on; a column of ones without moderators.
    names : tuple of str (p)
    fit : Pooled
    between, errors : str
        How the variance between studies was estimated, and how the errors were formed.
    conf_level : float
    """

    kind: ClassVar[str] = "meta_analysis"

    studies: tuple[str, ...]
    effects: FloatArray
    variances: FloatArray
    columns: FloatArray
    names: tuple[str, ...]
    fit: Pooled
    between: Between
    errors: Errors
    conf_level: float

    @property
    def figure_frame(self) -> pd.DataFrame:
        """One row a study, then the average with its interval and the interval for a new study."""
        from coachresearch.display.figures.studies import studies_frame

        return studies_frame(self.studies, self.effects, self.variances, self.estimates, self.conf_level,
                             self.fit.weights)


def meta_analysis(
    frame: pd.DataFrame, *, effect: str, variance: str, title: str, study: str | None = None,
    moderators: Sequence[str] = (), intercept: bool = True, between: Between = "reml", errors: Errors = "hartung_knapp",
    conf_level: float = 0.95, source: str = "",
) -> MetaAnalysis:
    """Pool one effect of each study.

    Parameters
    ----------
    frame : DataFrame
        One row a study; several effects of one study need `meta_multilevel`.
    effect, variance : str
        Columns of the effect and its sampling variance.
    title : str
        What the effects are about.
    study : str, optional
        Column that names the study; the index if not given.
    moderators : sequence of str
        Columns that the effect may depend on; words become one column for every level but the first.
    intercept : bool
        Whether there is an intercept; without one, words get a column for every level.
    between : str
        Estimator of the variance between studies; ``fixed`` for none.
    errors : {"normal", "hartung_knapp"}
        The latter uses t and the spread that is seen, and is the safer one with few studies.
    conf_level : float
        Level of the intervals.
    source : str
        Where the effects come from.

    Returns
    -------
    MetaAnalysis
        ``pooled`` (or a ``moderator_slope`` for each moderator, group = column, after ``intercept``), ``prediction``
        (interval
        for the effect in a new study), ``tau2`` and ``tau`` (profile of Q), ``i2``, ``h2``, ``heterogeneity`` (Q), with
        moderators ``moderators`` (test of all) and ``r2``.

    Raises
    ------
    EstimationError
        For columns that do not fit, variances of zero, a study twice, or too few studies.

    References
    ----------
    Hartung & Knapp (2001), Statistics in Medicine 20, 3875-3889; Riley, Higgins & Deeks (2011), BMJ 342, d549
    (prediction); Higgins & Thompson (2002), Statistics in Medicine 21, 1539-1558 (I2); Viechtbauer (2010), Journal of
    Statistical Software 36(3).
    """
    if errors not in ("normal", "hartung_knapp"):
        raise EstimationError(f"There are no errors {errors!r}", remedy="There are: normal, hartung_knapp.")
    y, v, x, names, studies, left_out = read_studies(frame, effect, variance, study, moderators, intercept)
    fit = pool(y, v, x, between)
    estimates = _coefficients(fit, names, moderators, errors, conf_level, len(y), between)
    if not moderators:
        estimates.append(_prediction(fit, errors, conf_level, len(y)))
    estimates += _heterogeneity(y, v, x, fit, between, conf_level)
    if moderators:
        estimates += _moderators(y, v, fit, names, errors, between, intercept)
    cautions = _cautions(len(y), left_out, moderators, between, errors)
    for array in (y, v, x):
        array.setflags(write=False)
    return MetaAnalysis(title=title, estimates=tuple(estimates), method=f"meta_{between}", cautions=cautions,
                        source=source, studies=studies, effects=y, variances=v, columns=x, names=names, fit=fit,
                        between=between, errors=errors, conf_level=conf_level)


def read_studies(
    frame: pd.DataFrame, effect: str, variance: str, study: str | None, moderators: Sequence[str], intercept: bool,
    *, once: bool = True,
) -> tuple[FloatArray, FloatArray, FloatArray, tuple[str, ...], tuple[str, ...], int]:
    """Check the studies and return effects, variances, columns and names; gaps are left out and counted."""
    named = [effect, variance, *([study] if study else []), *moderators]
    missing = [name for name in named if name not in frame.columns]
    if missing:
        raise EstimationError(f"There is no column {', '.join(map(repr, missing))}",
                              remedy=f"Columns are: {', '.join(map(str, frame.columns))}.")
    labels = tuple(str(one) for one in (frame[study] if study else frame.index))
    twice = sorted(one for one, n in Counter(labels).items() if n > 1)
    if once and twice:
        raise EstimationError(f"{len(twice)} studies have several effects: {', '.join(twice[:10])}",
                              remedy="Effects of one study are not independent: use meta_multilevel.")
    y, v = (frame[name].to_numpy(dtype=float, na_value=np.nan) for name in (effect, variance))
    columns, names = _columns(frame, moderators, intercept)
    kept = np.isfinite(y) & np.isfinite(v) & np.isfinite(columns).all(axis=1)
    if (v[kept] <= 0).any():
        raise EstimationError("A sampling variance is zero or negative", remedy="Correct it, or leave that study out.")
    if np.linalg.matrix_rank(columns[kept]) < columns.shape[1]:
        raise EstimationError("The moderators repeat each other or do not vary", remedy="Leave one of them out.")
    return (y[kept], v[kept], columns[kept], names,
            tuple(one for one, keep in zip(labels, kept, strict=True) if keep), int((~kept).sum()))


def _columns(frame: pd.DataFrame, moderators: Sequence[str], intercept: bool) -> tuple[FloatArray, tuple[str, ...]]:
    ones = np.ones((len(frame), 1))
    if not moderators:
        return ones, ("intercept",)
    columns, names = covariate_columns(frame, moderators, np.ones(len(frame), dtype=bool))
    if intercept:
        return np.column_stack([ones, columns]), ("intercept", *names)
    first = moderators[0]
    if getattr(frame[first].dtype, "kind", "O") in "biuf":
        return columns, names
    lowest = min(str(one) for one in frame[first].dropna())
    return (np.column_stack([(frame[first].astype(str) == lowest).to_numpy(dtype=float), columns]),
            (f"{first}={lowest}", *names))


def _coefficients(
    fit: Pooled, names: tuple[str, ...], moderators: Sequence[str], errors: Errors, conf_level: float, k: int,
    between: str,
) -> list[Estimate]:
    found = []
    for place, name in enumerate(names):
        term = "pooled" if not moderators else "intercept" if name == "intercept" else "moderator_slope"
        value = float(fit.coefficients[place])
        error, df = sqrt(float(fit.covariance[place, place])), nan
        if errors == "hartung_knapp":
            error, df = error * sqrt(fit.spread), float(fit.q_df)
        p, reach = _tested(value / error, df, conf_level)
        found.append(Estimate(term, value, "" if term != "moderator_slope" else name, error, value / error, df, p,
                              value - reach * error, value + reach * error, conf_level, k, f"meta_{errors}"))
    return found


def _tested(statistic: float, df: float, conf_level: float) -> tuple[float, float]:
    from scipy.special import ndtr, ndtri, stdtr, stdtrit

    if np.isfinite(df):
        return float(2 * stdtr(df, -abs(statistic))), float(stdtrit(df, (1 + conf_level) / 2))
    return float(2 * ndtr(-abs(statistic))), float(ndtri((1 + conf_level) / 2))


def _prediction(fit: Pooled, errors: Errors, conf_level: float, k: int) -> Estimate:
    variance = float(fit.covariance[0, 0])
    df = nan
    if errors == "hartung_knapp":
        variance, df = variance * fit.spread, float(fit.q_df)
    _, reach = _tested(0.0, df, conf_level)
    spread = sqrt(variance + fit.tau2)
    value = float(fit.coefficients[0])
    return Estimate("prediction", value, std_error=spread, df=df, conf_low=value - reach * spread,
                    conf_high=value + reach * spread, conf_level=conf_level, n=k, method="prediction")


def _heterogeneity(
    y: FloatArray, v: FloatArray, x: FloatArray, fit: Pooled, between: Between, conf_level: float
) -> list[Estimate]:
    from scipy.special import chdtrc

    k = len(y)
    if fit.q_df < 1:
        return []
    q = Estimate("heterogeneity", fit.q, statistic=fit.q, df=float(fit.q_df),
                 p_value=float(chdtrc(fit.q_df, fit.q)), n=k, method="cochran_q")
    if between == "fixed":
        return [q, Estimate("i2", max(0.0, (fit.q - fit.q_df) / fit.q), n=k, method="i2"),
                Estimate("h2", fit.q / fit.q_df, n=k, method="i2")]
    low, high = tau2_interval(y, v, x, conf_level)

    def of(term: str, turn: object, error: float = nan) -> Estimate:
        assert callable(turn)
        return Estimate(term, turn(fit.tau2), std_error=error, conf_low=turn(low), conf_high=turn(high),
                        conf_level=conf_level, n=k, method="tau2_q_profile")

    return [q, of("tau2", float, fit.tau2_error), of("tau", sqrt), of("i2", lambda t: t / (t + fit.typical)),
            of("h2", lambda t: t / fit.typical + 1)]


def _moderators(
    y: FloatArray, v: FloatArray, fit: Pooled, names: tuple[str, ...], errors: Errors, between: Between,
    intercept: bool,
) -> list[Estimate]:
    from scipy.stats import chi2, f

    at = [place for place, name in enumerate(names) if name != "intercept"]
    b, block = fit.coefficients[at], fit.covariance[np.ix_(at, at)]
    statistic = float(b @ np.linalg.solve(block, b))
    df, p = nan, float(chi2.sf(statistic, len(at)))
    if errors == "hartung_knapp":
        statistic, df = statistic / fit.spread / len(at), float(fit.q_df)
        p = float(f.sf(statistic, len(at), df))
    found = [Estimate("moderators", statistic, statistic=statistic, df=df, p_value=p, n=len(y),
                      method="meta_moderators")]
    if between != "fixed" and intercept:
        alone = pool(y, v, np.ones((len(y), 1)), between).tau2
        found.append(Estimate("r2", max(0.0, (alone - fit.tau2) / alone) if alone > 0 else nan, n=len(y),
                              method="meta_r2"))
    return found


def _cautions(k: int, left_out: int, moderators: Sequence[str], between: str, errors: str) -> tuple[Caution, ...]:
    found = []
    if left_out:
        found.append(caution("studies_incomplete", n=left_out, of=left_out + k))
    if k < _FEW:
        found.append(caution("few_studies", n=k, minimum=_FEW))
    if moderators and k < 10 * len(moderators):
        found.append(caution("few_studies_a_moderator", n=k, moderators=len(moderators)))
    if between == "fixed":
        found.append(caution("one_common_effect"))
    return tuple(found)
