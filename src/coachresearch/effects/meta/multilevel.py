"""Several effects of one study: three levels, effects that share people, robust errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log, nan, pi, sqrt
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from coachresearch.core.caution import Caution, caution
from coachresearch.core.errors import EstimationError, NotConverged
from coachresearch.core.estimate import Estimate
from coachresearch.display.result import Result
from coachresearch.effects.meta.analysis import read_studies
from coachresearch.effects.meta.robust import robust_covariance
from coachresearch.effects.sizes import FloatArray, normal_quantile, with_t

if TYPE_CHECKING:
    import pandas as pd

Errors = Literal["model", "robust"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class MetaMultilevel(Result):
    """Dependent effects pooled; built by `meta_multilevel` and `meta_correlated`.

    Parameters
    ----------
    log_likelihood : float
        Restricted; NaN where none was maximised.
    """

    kind: ClassVar[str] = "meta_multilevel"

    log_likelihood: float = nan


@dataclass(frozen=True, slots=True, eq=False)
class _Blocks:
    y: FloatArray
    x: FloatArray
    rows: list[np.ndarray]
    sampling: list[FloatArray]
    shared: list[list[FloatArray]]

    def covariances(self, variances: FloatArray) -> list[FloatArray]:
        found: list[FloatArray] = []
        for block, parts in zip(self.sampling, self.shared, strict=True):
            whole = block.copy()
            for one, part in zip(variances, parts, strict=True):
                whole += one * part
            found.append(whole)
        return found


def meta_multilevel(
    frame: pd.DataFrame, *, effect: str, variance: str, levels: Sequence[str], title: str,
    moderators: Sequence[str] = (), intercept: bool = True, sampling_correlation: float = 0.0,
    errors: Errors = "robust", conf_level: float = 0.95, source: str = "",
) -> MetaMultilevel:
    """Pool effects that come several to a study (or laboratory, district, outcome).

    Parameters
    ----------
    frame : DataFrame
        One row an effect.
    effect, variance : str
        Columns of the effect and its sampling variance.
    levels : sequence of str
        Grouping columns from the outermost in; each has a variance of its own. With an inner column that numbers the
        effects, this is the three-level model.
    title : str
        What the effects are about.
    moderators, intercept
        As in `meta_analysis`.
    sampling_correlation : float
        Correlation of the sampling errors of effects of one outermost group (same people), 0 for different people.
    errors : {"model", "robust"}
        Under the model, by z; or CR2 by outermost group with Satterthwaite degrees of freedom.
    conf_level : float
    source : str

    Returns
    -------
    MetaMultilevel
        ``pooled`` (or ``intercept`` and ``moderator_slope``), ``sigma2`` for each level (group = column),
        ``heterogeneity``.

    Raises
    ------
    EstimationError
        For columns that do not fit, or fewer than two outermost groups.
    NotConverged
        Where the likelihood has no maximum that can be found.

    References
    ----------
    Konstantopoulos (2011), Research Synthesis Methods 2, 61-76; Van den Noortgate et al. (2013), Behavior Research
    Methods 45, 576-594; Tipton (2015), Psychological Methods 20, 375-393 (robust errors).
    """
    if not levels:
        raise EstimationError("No level is named", remedy="Name the column of the study, and of the effect within it.")
    if not -1 < sampling_correlation < 1:
        raise EstimationError(f"The sampling correlation is {sampling_correlation:g}",
                              remedy="It lies between -1 and 1.")
    wanted = [effect, variance, *levels, *moderators]
    clean = frame.dropna(subset=[one for one in wanted if one in frame.columns])
    y, v, x, names, _, _ = read_studies(clean, effect, variance, None, moderators, intercept, once=False)
    blocks = _cut(clean, y, v, x, levels, sampling_correlation)
    if len(blocks.rows) < 2 or len(y) <= x.shape[1]:
        raise EstimationError(f"There are {len(blocks.rows)} groups of {levels[0]!r}",
                              remedy="At least two are needed.")
    sigma2, height = _maximise(blocks, len(levels))
    working = blocks.covariances(sigma2)
    b, covariance, residuals = _solve(blocks, working)
    df = np.full(len(b), nan)
    if errors == "robust":
        weights = [np.asarray(np.linalg.inv(one), dtype=float) for one in working]
        covariance, df = robust_covariance(x, working, weights, residuals, blocks.rows)
    estimates = [_coefficient(name, bool(moderators), float(b[at]), float(covariance[at, at]), float(df[at]),
                              conf_level, len(y), f"multilevel_{errors}") for at, name in enumerate(names)]
    estimates += [Estimate("sigma2", float(one), group=name, n=len(y), method="sigma2_reml")
                  for one, name in zip(sigma2, levels, strict=True)]
    estimates.append(_heterogeneity(blocks))
    return MetaMultilevel(title=title, estimates=tuple(estimates), method="meta_multilevel", source=source,
                          cautions=_cautions(len(frame) - len(clean), len(frame), df), log_likelihood=height)


def meta_correlated(
    frame: pd.DataFrame, *, effect: str, variance: str, study: str, title: str, correlation: float = 0.8,
    conf_level: float = 0.95, source: str = "",
) -> MetaMultilevel:
    """Pool effects of the same people with weights by study and robust errors, without modelling their covariance.

    Parameters
    ----------
    frame : DataFrame
        One row an effect.
    effect, variance, study : str
        Columns.
    title : str
        What the effects are about.
    correlation : float
        Assumed correlation of effects within a study; enters the variance between studies alone.
    conf_level : float
    source : str

    References
    ----------
    Hedges, Tipton & Johnson (2010), Research Synthesis Methods 1, 39-65, sect. 5 (weights, variance between studies);
    Tipton (2015), Psychological Methods 20, 375-393 (small samples).
    """
    clean = frame.dropna(subset=[one for one in (effect, variance, study) if one in frame.columns])
    y, v, x, _, _, _ = read_studies(clean, effect, variance, None, (), True, once=False)
    rows = _cut(clean, y, v, x, (study,), 0.0).rows
    size, mean = np.array([len(at) for at in rows]), np.array([float(v[at].mean()) for at in rows])
    w = 1 / (size * mean)
    average = np.array([float(y[at].sum()) for at in rows])
    centre = float(w @ average) / float(w @ size)
    q = float(sum(w[j] * np.sum((y[at] - centre) ** 2) for j, at in enumerate(rows)))
    # With an intercept alone, X'WX = sum of w k; the trace terms of eq. 15 then reduce to these sums.
    whole = float(w @ size)
    expected = len(rows) - float(w ** 2 @ (size * mean * (1 + correlation * (size - 1)))) / whole
    tau2 = max((q - expected) / (whole - float(w ** 2 @ size ** 2) / whole), 0.0)
    spread = [np.diag(np.full(len(at), len(at) * (mean[j] + tau2))) for j, at in enumerate(rows)]
    weights = [np.linalg.inv(one) for one in spread]
    blocks = _Blocks(y, x, rows, spread, [[] for _ in rows])
    b, _, residuals = _solve(blocks, spread)
    covariance, df = robust_covariance(x, spread, weights, residuals, rows)
    main = _coefficient("intercept", False, float(b[0]), float(covariance[0, 0]), float(df[0]), conf_level, len(y),
                        "correlated_robust")
    return MetaMultilevel(title=title, method="meta_correlated", source=source,
                          estimates=(main, Estimate("tau2", tau2, n=len(rows), method="tau2_moments")),
                          cautions=_cautions(len(frame) - len(clean), len(frame), df))


def _cut(
    frame: pd.DataFrame, y: FloatArray, v: FloatArray, x: FloatArray, levels: Sequence[str], correlation: float
) -> _Blocks:
    missing = [name for name in levels if name not in frame.columns]
    if missing:
        raise EstimationError(f"There is no column {', '.join(map(repr, missing))}",
                              remedy=f"Columns are: {', '.join(map(str, frame.columns))}.")
    paths = [frame[list(levels[: depth + 1])].astype(str).agg("/".join, axis=1).to_numpy()
             for depth in range(len(levels))]
    rows = [np.flatnonzero(paths[0] == name) for name in dict.fromkeys(paths[0])]
    sampling = []
    for at in rows:
        error = np.sqrt(v[at])
        block = correlation * np.outer(error, error)
        np.fill_diagonal(block, v[at])
        sampling.append(block)
    shared = [[(path[at][:, None] == path[at]).astype(float) for path in paths] for at in rows]
    return _Blocks(y, x, rows, sampling, shared)


def _solve(blocks: _Blocks, working: list[FloatArray]) -> tuple[FloatArray, FloatArray, FloatArray]:
    p = blocks.x.shape[1]
    cross, right = np.zeros((p, p)), np.zeros(p)
    for at, phi in zip(blocks.rows, working, strict=True):
        weighted = np.linalg.solve(phi, np.column_stack([blocks.x[at], blocks.y[at]]))
        cross += blocks.x[at].T @ weighted[:, :p]
        right += blocks.x[at].T @ weighted[:, p]
    covariance = np.asarray(np.linalg.inv(cross), dtype=float)
    b = covariance @ right
    return b, covariance, blocks.y - blocks.x @ b


def _height(blocks: _Blocks, sigma2: FloatArray) -> float:
    """Restricted log likelihood."""
    k, p = blocks.x.shape
    working = blocks.covariances(sigma2)
    try:
        _, covariance, residuals = _solve(blocks, working)
    except np.linalg.LinAlgError:
        return -np.inf
    rss = sum(float(residuals[at] @ np.linalg.solve(phi, residuals[at]))
              for at, phi in zip(blocks.rows, working, strict=True))
    size = sum(float(np.linalg.slogdet(phi)[1]) for phi in working)
    return -(k - p) / 2 * log(2 * pi) + 0.5 * float(np.linalg.slogdet(blocks.x.T @ blocks.x)[1]) - 0.5 * size \
        + 0.5 * float(np.linalg.slogdet(covariance)[1]) - 0.5 * rss


def _maximise(blocks: _Blocks, levels: int) -> tuple[FloatArray, float]:
    from scipy.optimize import minimize

    scale = float(blocks.y.var(ddof=1))
    best, height = np.zeros(levels), -np.inf
    for start in (0.5, 0.05):
        found = minimize(lambda s: -_height(blocks, s ** 2 * scale), np.full(levels, sqrt(start / levels)),
                         method="L-BFGS-B", bounds=[(0.0, None)] * levels, options={"ftol": 1e-15, "gtol": 1e-9})
        if np.isfinite(found.fun) and -float(found.fun) > height:
            best, height = np.asarray(found.x) ** 2 * scale, -float(found.fun)
    if not np.isfinite(height):
        raise NotConverged("The variances between studies and effects could not be estimated",
                           remedy="Use fewer levels, or meta_correlated.")
    return best, height


def _coefficient(
    name: str, moderated: bool, value: float, variance: float, df: float, conf_level: float, k: int, method: str
) -> Estimate:
    term = "pooled" if not moderated else "intercept" if name == "intercept" else "moderator_slope"
    error = sqrt(variance)
    group = name if term == "moderator_slope" else ""
    if np.isfinite(df):
        one = with_t(value, error, df, conf_level)
        return Estimate(term, value, group, error, one.statistic, df, one.p_value, one.low, one.high, conf_level, k,
                        method)
    from scipy.stats import norm

    reach = normal_quantile((1 + conf_level) / 2) * error
    return Estimate(term, value, group, error, value / error, nan,
                    float(2 * norm.sf(abs(value / error))), value - reach, value + reach, conf_level, k, method)


def _heterogeneity(blocks: _Blocks) -> Estimate:
    from scipy.stats import chi2

    _, _, residuals = _solve(blocks, blocks.sampling)
    q = sum(float(residuals[at] @ np.linalg.solve(v, residuals[at]))
            for at, v in zip(blocks.rows, blocks.sampling, strict=True))
    df = len(blocks.y) - blocks.x.shape[1]
    return Estimate("heterogeneity", q, statistic=q, df=float(df), p_value=float(chi2.sf(q, df)), n=len(blocks.y),
                    method="cochran_q")


def _cautions(left_out: int, of: int, df: FloatArray) -> tuple[Caution, ...]:
    found = [caution("studies_incomplete", n=left_out, of=of)] if left_out else []
    if np.isfinite(df).any() and float(np.nanmin(df)) < 4:
        found.append(caution("few_degrees_of_freedom", df=float(np.nanmin(df))))
    return tuple(found)
