"""The random-effects model of one effect a study: variance between studies, coefficients, fit."""

from __future__ import annotations

from dataclasses import dataclass
from math import log, nan, pi, sqrt
from typing import Literal

import numpy as np

from coachresearch.core.errors import EstimationError, NotConverged
from coachresearch.effects.sizes import FloatArray

Between = Literal["fixed", "dersimonian_laird", "reml", "ml", "paule_mandel", "sidik_jonkman", "hedges",
                  "hunter_schmidt"]
BETWEEN = ("fixed", "dersimonian_laird", "reml", "ml", "paule_mandel", "sidik_jonkman", "hedges", "hunter_schmidt")


@dataclass(frozen=True, slots=True, eq=False)
class Pooled:
    """A fit of p coefficients to k effects.

    Parameters
    ----------
    coefficients : array (p)
    covariance : array (p, p)
        Under the model, errors of the variances not counted.
    tau2, tau2_error : float
        Variance between studies, and its standard error.
    q, q_df : float
        Cochran's Q of the effects about the fixed-effect fit.
    typical : float
        Typical sampling variance of a study (Higgins & Thompson, 2002).
    spread : float
        Weighted mean square about the fit (Hartung & Knapp's factor).
    log_likelihood : float
        Restricted for ``reml``.
    weights : array (k)
    """

    coefficients: FloatArray
    covariance: FloatArray
    tau2: float
    tau2_error: float
    q: float
    q_df: int
    typical: float
    spread: float
    log_likelihood: float
    weights: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class _Weighted:
    w: FloatArray
    inverse: FloatArray
    coefficients: FloatArray
    residuals: FloatArray
    rss: float
    trace: float
    trace_squared: float


def pool(y: FloatArray, v: FloatArray, x: FloatArray, between: Between) -> Pooled:
    """Fit effects `y` (k) with variances `v` (k) on columns `x` (k, p).

    Raises
    ------
    EstimationError
        For an unknown method or too few studies.
    NotConverged
        Where the iterations do not settle.

    References
    ----------
    DerSimonian & Laird (1986); Hedges & Olkin (1985); Hunter & Schmidt (2004); Sidik & Jonkman (2005); Paule & Mandel
    (1982); Raudenbush (2009), in Cooper et al., The Handbook of Research Synthesis, ch. 16 (ML and REML).
    """
    k, p = x.shape
    if between not in BETWEEN:
        raise EstimationError(f"There is no method {between!r}", remedy=f"There are: {', '.join(BETWEEN)}.")
    if k < p or (between != "fixed" and k <= p):
        raise EstimationError(f"{k} effects are too few for {p} coefficients and a variance between studies",
                              remedy="Use fewer moderators, or show the studies one by one.")
    fixed = _weighted(y, v, x, 0.0)
    tau2, error = _between(y, v, x, between, fixed)
    best = _weighted(y, v, x, tau2)
    typical = (k - p) / fixed.trace if k > p else nan
    return Pooled(best.coefficients, best.inverse, tau2, error, fixed.rss, k - p, typical,
                  best.rss / (k - p) if k > p else nan, _log_likelihood(v, x, tau2, best, restricted=between == "reml"),
                  best.w)


def _weighted(y: FloatArray, v: FloatArray, x: FloatArray, tau2: float) -> _Weighted:
    w = 1 / (v + tau2)
    xw = x * w[:, None]
    inverse: FloatArray = np.asarray(np.linalg.inv(x.T @ xw), dtype=float)
    coefficients = inverse @ (xw.T @ y)
    residuals = y - x @ coefficients
    squared = xw.T @ xw
    cubed = (xw * w[:, None]).T @ xw
    inner = inverse @ squared
    return _Weighted(w, inverse, coefficients, residuals, float(w @ residuals ** 2),
                     float(w.sum() - np.trace(inner)),
                     float(w @ w - 2 * np.trace(inverse @ cubed) + np.trace(inner @ inner)))


def _rss(y: FloatArray, v: FloatArray, x: FloatArray, tau2: float) -> float:
    """Weighted sum of squares about the fit, and nothing else."""
    w = 1 / (v + tau2)
    if x.shape[1] == 1:
        u = x[:, 0]
        wu = w * u
        return float(w @ (y * y)) - float(wu @ y) ** 2 / float(wu @ u)
    xw = x * w[:, None]
    residuals = y - x @ np.linalg.solve(x.T @ xw, xw.T @ y)
    return float(w @ residuals ** 2)


def _between(
    y: FloatArray, v: FloatArray, x: FloatArray, between: Between, fixed: _Weighted
) -> tuple[float, float]:
    k, p = x.shape
    if between == "fixed":
        return 0.0, nan
    if between in ("dersimonian_laird", "hunter_schmidt"):
        below = fixed.trace if between == "dersimonian_laird" else float(fixed.w.sum())
        excess = fixed.rss - (k - p) if between == "dersimonian_laird" else fixed.rss - k
        tau2 = max(excess / below, 0.0)
        return tau2, sqrt(2 * (k - p) + 4 * tau2 * fixed.trace + 2 * tau2 ** 2 * fixed.trace_squared) / below
    if between in ("hedges", "sidik_jonkman"):
        return _unweighted(y, v, x, between)
    if between == "paule_mandel":
        tau2 = _paule_mandel(y, v, x)
        return tau2, sqrt(2 * k ** 2 / (k - p)) / float(_weighted(y, v, x, tau2).w.sum())
    return _likelihood(y, v, x, restricted=between == "reml")


def _unweighted(y: FloatArray, v: FloatArray, x: FloatArray, between: Between) -> tuple[float, float]:
    k, p = x.shape
    start = 0.0
    if between == "hedges":
        projection = np.eye(k) - x @ np.linalg.inv(x.T @ x) @ x.T
        scale = 1.0
    else:
        start = float(y.var(ddof=1)) * (k - 1) / k
        w = 1 / (v + start)
        projection = np.diag(w) - (x * w[:, None]) @ np.linalg.inv(x.T @ (x * w[:, None])) @ (x * w[:, None]).T
        scale = start
    rss = float(y @ projection @ y)
    tau2 = max((rss - float(np.diag(projection) @ v)) / (k - p), 0.0) if between == "hedges" else start * rss / (k - p)
    whole = projection * (v + tau2)
    return tau2, scale / (k - p) * sqrt(2 * float(np.sum(whole * whole.T)))


def _paule_mandel(y: FloatArray, v: FloatArray, x: FloatArray) -> float:
    from scipy.optimize import brentq

    k, p = x.shape

    def excess(tau2: float) -> float:
        return _rss(y, v, x, tau2) - (k - p)

    if excess(0.0) <= 0:
        return 0.0
    high = float(y.var(ddof=1)) + 1e-12
    while excess(high) > 0:
        high *= 2
    return float(brentq(excess, 0.0, high, xtol=1e-12))


def _likelihood(y: FloatArray, v: FloatArray, x: FloatArray, *, restricted: bool) -> tuple[float, float]:
    """Maximise by Fisher scoring, halving steps that would lose height or leave zero."""
    k, p = x.shape
    fixed = _weighted(y, v, x, 0.0)
    tau2 = max((fixed.rss - (k - p)) / fixed.trace, 0.0) + 0.1 * float(v.min())
    here = _weighted(y, v, x, tau2)
    height = _log_likelihood(v, x, tau2, here, restricted=restricted)
    for _ in range(200):
        pull = float(here.w ** 2 @ here.residuals ** 2)
        trace, squared = (here.trace, here.trace_squared) if restricted \
            else (float(here.w.sum()), float(here.w @ here.w))
        step = (pull - trace) / squared
        while True:
            ahead = max(tau2 + step, 0.0)
            there = _weighted(y, v, x, ahead)
            reached = _log_likelihood(v, x, ahead, there, restricted=restricted)
            if reached >= height - 1e-12 * (1 + abs(height)) or abs(step) < 1e-14:
                break
            step /= 2
        done = abs(ahead - tau2) <= 1e-11 * (1 + tau2)
        tau2, here, height = ahead, there, reached
        if done:
            squared = here.trace_squared if restricted else float(here.w @ here.w)
            return tau2, sqrt(2 / squared)
    raise NotConverged(f"The variance between {k} studies did not settle", remedy='Use between="paule_mandel".')


def _log_likelihood(v: FloatArray, x: FloatArray, tau2: float, at: _Weighted, *, restricted: bool) -> float:
    k, p = x.shape
    value = -0.5 * float(np.log(v + tau2).sum()) - 0.5 * at.rss
    if not restricted:
        return value - k / 2 * log(2 * pi)
    return value - (k - p) / 2 * log(2 * pi) + 0.5 * float(np.linalg.slogdet(x.T @ x)[1]) \
        + 0.5 * float(np.linalg.slogdet(at.inverse)[1])


def tau2_interval(y: FloatArray, v: FloatArray, x: FloatArray, conf_level: float) -> tuple[float, float]:
    """Interval of the variance between studies from the profile of Q (Viechtbauer, 2007, Statistics in Medicine 26)."""
    from scipy.optimize import brentq
    from scipy.special import chdtri

    df = x.shape[0] - x.shape[1]
    ends = []
    for q in ((1 + conf_level) / 2, (1 - conf_level) / 2):
        level = float(chdtri(df, 1 - q))
        if _rss(y, v, x, 0.0) < level:
            ends.append(0.0)
            continue
        high = float(y.var(ddof=1)) + 1.0
        while _rss(y, v, x, high) > level:
            high *= 2
        ends.append(float(brentq(lambda t, level=level: _rss(y, v, x, t) - level, 0.0, high, xtol=1e-12)))
    return ends[0], ends[1]
