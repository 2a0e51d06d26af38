"""Fit one model to many outcomes at once: simulated trials, parametric bootstrap, calibration."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from coachresearch.effects.mixed.criterion import evaluate, factor_of
from coachresearch.effects.mixed.crossproducts import Products, products, rows
from coachresearch.effects.mixed.factors import Factor, FloatArray, IntArray
from coachresearch.effects.mixed.fit import Problem, pose, split
from coachresearch.effects.mixed.optimise import minimise

_STEP = 1e-4
_FLAT = 1e-8
_CELLS = 300_000


@dataclass(frozen=True, slots=True, eq=False)
class ManyFits:
    """R fits of one design.

    Parameters
    ----------
    beta, std_error : array (R, p)
    df : array (R, p)
        Satterthwaite's degrees of freedom; NaN where they were not asked for.
    sigma : array (R)
    sd : tuple of array (R, q), one a factor
        Standard deviations of the random effects.
    factors : tuple of Factor
        In the order of `sd`.
    correlation : tuple of array (R, q, q)
    converged : array (R) of bool
    """

    beta: FloatArray
    std_error: FloatArray
    df: FloatArray
    sigma: FloatArray
    sd: tuple[FloatArray, ...]
    correlation: tuple[FloatArray, ...]
    factors: tuple[Factor, ...]
    converged: NDArray[np.bool_]


def fit_many(
    X: FloatArray, Y: FloatArray, factors: tuple[Factor, ...], *, reml: bool = True, freedom: bool = True,
) -> ManyFits:
    """Fit a linear mixed model to each of R outcomes on the same design.

    Parameters
    ----------
    X : array (n, p)
        Full column rank.
    Y : array (R, n)
    factors : tuple of Factor
    reml : bool
    freedom : bool
        Whether Satterthwaite's degrees of freedom of every fixed effect are computed.

    Notes
    -----
    One residual variance for all rows. The fits are those of `fit.fit_arrays`; they are searched side by side, so that
    the cost of a call is shared.
    """
    strata = np.zeros(X.shape[0], dtype=np.int64)
    problem = pose(X, Y, factors, reml=reml, strata=strata)
    given = products(rows(problem.layout, problem.Q, problem.residual))
    m, q = given.A.shape[:2]
    cells = m * q * (q + X.shape[1] + 3) + given.layout.n_entries + given.layout.n_columns * (X.shape[1] + 3)
    size = max(1, _CELLS // max(cells, 1))
    parts = [_some(problem, _chosen(given, np.arange(begin, min(begin + size, len(Y)))), problem.least_squares[
        begin:begin + size], freedom) for begin in range(0, len(Y), size)]
    return ManyFits(
        beta=np.concatenate([part.beta for part in parts]),
        std_error=np.concatenate([part.std_error for part in parts]),
        df=np.concatenate([part.df for part in parts]), sigma=np.concatenate([part.sigma for part in parts]),
        sd=tuple(np.concatenate(one) for one in zip(*(part.sd for part in parts), strict=True)),
        correlation=tuple(np.concatenate(one) for one in zip(*(part.correlation for part in parts), strict=True)),
        factors=problem.layout.factors, converged=np.concatenate([part.converged for part in parts]))


def _chosen(given: Products, which: IntArray) -> Products:
    return replace(given, Zy=given.Zy[which], A2y=given.A2y[which], Xy=given.Xy[which], yy=given.yy[which])


def _some(problem: Problem, given: Products, least_squares: FloatArray, freedom: bool) -> ManyFits:
    R, p = len(given.yy), given.p

    def objective(points: FloatArray, which: IntArray) -> tuple[FloatArray, FloatArray]:
        found = evaluate(given if len(which) == R else _chosen(given, which), points, reml=problem.reml)
        return found.deviance, found.gradient

    search = minimise(objective, np.tile(problem.start, (R, 1)), tolerance=1e-8)
    here = evaluate(given, search.point, reml=problem.reml)
    nu = given.n - p if problem.reml else given.n
    variance = here.rss / nu
    back = np.asarray(np.linalg.inv(problem.triangle), dtype=np.float64)
    errors = np.sqrt(variance[:, None] * np.einsum("ij,rjk,ik->ri", back, here.bread, back, optimize=True))
    df = _freedom(problem, given, search.point, here.bread, variance, nu, back) if freedom \
        else np.full((R, p), np.nan)
    sds, correlations = [], []
    for one, part, scale in zip(problem.layout.factors, _parts(search.point, problem), problem.scales, strict=True):
        lam = factor_of(one.pattern, one.q, part)
        cov = variance[:, None, None] * lam @ np.swapaxes(lam, 1, 2) / np.outer(scale, scale)
        sd = np.sqrt(np.diagonal(cov, axis1=1, axis2=2))
        sds.append(sd)
        with np.errstate(invalid="ignore", divide="ignore"):
            correlations.append(cov / (sd[:, :, None] * sd[:, None, :]))
    return ManyFits((least_squares + here.beta) @ back.T, errors, df, np.sqrt(variance), tuple(sds),
                    tuple(correlations), problem.layout.factors, search.converged)


def _parts(points: FloatArray, problem: Problem) -> list[FloatArray]:
    return [part.T for part in split(np.ascontiguousarray(points.T), problem.layout.factors)]


def _freedom(
    problem: Problem, given: Products, point: FloatArray, bread: FloatArray, variance: FloatArray, nu: int,
    back: FloatArray,
) -> FloatArray:
    """Satterthwaite's degrees of freedom (R, p), as in `fit` and `freedom`."""
    R, k = point.shape
    sigma = np.sqrt(variance)
    hessian, rss, moved = np.empty((R, k, k)), np.empty((R, k)), np.empty((R, k, given.p))
    for place in range(k):
        shift = np.zeros(k)
        shift[place] = _STEP
        up, down = (evaluate(given, point + sign * shift, reml=problem.reml) for sign in (1, -1))
        hessian[:, place] = (up.gradient - down.gradient) / (2 * _STEP)
        rss[:, place] = (up.rss - down.rss) / (2 * _STEP)
        change = (up.bread - down.bread) / (2 * _STEP)
        moved[:, place] = variance[:, None] * np.einsum("ij,rjk,ik->ri", back, change, back, optimize=True)
    plain = variance[:, None] * np.einsum("ij,rjk,ik->ri", back, bread, back, optimize=True)
    information = np.empty((R, k + 1, k + 1))
    information[:, :k, :k] = (hessian + np.swapaxes(hessian, 1, 2)) / 2 \
        + nu * rss[:, :, None] * rss[:, None, :] / (nu * variance[:, None, None]) ** 2
    information[:, :k, k] = information[:, k, :k] = -2 * rss / sigma[:, None] ** 3
    information[:, k, k] = 4 * nu / variance
    values, vectors = np.linalg.eigh(information / 2)
    kept = values > _FLAT * values[:, -1:]
    weights = np.where(kept, 1 / np.where(kept, values, 1.0), 0.0)
    slope = np.concatenate([moved, (2 * plain / sigma[:, None])[:, None]], axis=1)
    turned = np.einsum("rki,rkp->rip", vectors, slope)
    spread = np.einsum("ri,rip->rp", weights, turned ** 2)
    return 2 * plain ** 2 / spread
