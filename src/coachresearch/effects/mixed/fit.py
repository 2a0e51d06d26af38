"""Fit a linear mixed model to arrays: estimates, their covariance, and the curvature that degrees of freedom need."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from coachresearch.core.errors import EstimationError, NotConverged
from coachresearch.effects.mixed.criterion import Criterion, evaluate, factor_of, restricted_constant
from coachresearch.effects.mixed.crossproducts import Layout, Products, entry_bases, lay_out, products, rows
from coachresearch.effects.mixed.factors import Factor, FloatArray, IntArray
from coachresearch.effects.mixed.optimise import minimise

_STEP = 1e-4
_FLAT = 1e-8
_CLOSE = 1e-8
_NO_RESIDUAL = 1e-12
_RUNAWAY = 1e6


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """A fitted model of n rows, p fixed effects and K parameters of the covariance.

    Parameters
    ----------
    X, y : array (n, p), array (n)
    factors : tuple of Factor
        In the order of `theta`.
    theta : array (n_theta)
        Relative covariance factors of all groupings, in the units of the data.
    sigma : float
        Residual standard deviation of the first stratum.
    ratios : array (strata)
        Residual variance of each stratum relative to the first.
    strata : array (n) of int
    beta, vcov : array (p), array (p, p)
    effects : tuple of array (m, q), one a factor
        Predicted random effects.
    given : tuple of array (m, q, q)
        Their covariance given the data, the parameters and the fixed effects.
    deviance : float
        Minus twice the (restricted) log likelihood.
    reml : bool
    moves : array (K, p, p)
        Derivative of `vcov` by each parameter: the theta in the units of the search, the log ratios, sigma.
    information : array (K, K)
        Half the Hessian of the deviance by the same parameters.
    decrement : float
        What one more Newton step would still take off the deviance.
    steps : int
    """

    X: FloatArray
    y: FloatArray
    factors: tuple[Factor, ...]
    theta: FloatArray
    sigma: float
    ratios: FloatArray
    strata: IntArray
    beta: FloatArray
    vcov: FloatArray
    effects: tuple[FloatArray, ...]
    given: tuple[FloatArray, ...]
    deviance: float
    reml: bool
    moves: FloatArray
    information: FloatArray
    decrement: float
    steps: int

    @property
    def relative(self) -> tuple[FloatArray, ...]:
        """Relative covariance factor (q, q) of each grouping."""
        return tuple(factor_of(one.pattern, one.q, part[None])[0]
                     for one, part in zip(self.factors, split(self.theta, self.factors), strict=True))

    @property
    def covariances(self) -> tuple[FloatArray, ...]:
        """Covariance matrix (q, q) of each grouping's random effects."""
        return tuple(self.sigma ** 2 * one @ one.T for one in self.relative)

    @property
    def parameter_covariance(self) -> FloatArray:
        """Large-sample covariance (K, K) of the parameters; directions without curvature are left out."""
        values, vectors = np.linalg.eigh(self.information)
        kept = values > _FLAT * max(float(values.max()), 1e-300)
        return (vectors[:, kept] / values[kept]) @ vectors[:, kept].T


def split(theta: FloatArray, factors: tuple[Factor, ...]) -> list[FloatArray]:
    """Cut a parameter vector into the groupings' parts."""
    return np.split(theta, np.cumsum([len(one.pattern) for one in factors])[:-1])


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """A model ready to be searched: orthonormal fixed effects, outcomes without them, effects of about unit size."""

    layout: Layout
    Q: FloatArray
    triangle: FloatArray
    least_squares: FloatArray
    residual: FloatArray
    scales: tuple[FloatArray, ...]
    strata: IntArray
    reml: bool

    @property
    def n_theta(self) -> int:
        """Parameters of the random effects."""
        return self.layout.n_theta

    @property
    def n_ratios(self) -> int:
        """Free residual variances relative to the first."""
        return int(self.strata.max())

    @property
    def start(self) -> FloatArray:
        """Starting point of the search: identity factors, equal residual variances."""
        diagonal = [1.0 if a == b else 0.0 for one in self.layout.factors for a, b in one.pattern]
        return np.array([*diagonal, *([0.0] * self.n_ratios)])


def pose(X: FloatArray, Y: FloatArray, factors: tuple[Factor, ...], *, reml: bool, strata: IntArray) -> Problem:
    """Prepare a model of R outcomes Y (R, n) on X (n, p) for the search."""
    scales = {one.name: one.scales() for one in factors}
    layout = lay_out(tuple(one.scaled(scales[one.name]) for one in factors))
    Q, triangle = np.linalg.qr(X)
    least_squares = Y @ Q
    residual = Y - least_squares @ Q.T
    return Problem(layout, Q, triangle, least_squares, residual, tuple(scales[one.name] for one in layout.factors),
                   strata, reml)


def _in_units(problem: Problem, theta: FloatArray) -> FloatArray:
    out = theta.copy()
    place = 0
    for one, scale in zip(problem.layout.factors, problem.scales, strict=True):
        signs = np.ones(one.q)
        for k, (a, b) in enumerate(one.pattern):
            if a == b and out[place + k] < 0:
                signs[a] = -1.0
        for k, (a, b) in enumerate(one.pattern):
            out[place + k] *= signs[b] / scale[a]
        place += len(one.pattern)
    return out


class _Objective:
    """The criterion of one outcome as a function of theta and the log variance ratios, products kept for the last."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.rows = rows(problem.layout, problem.Q, problem.residual)
        self.products = products(self.rows) if not problem.n_ratios else None

    def weigh(self, logs: FloatArray) -> Products:
        if self.products is not None:
            return self.products
        return products(self.rows, np.exp(np.concatenate([[0.0], logs]))[self.problem.strata])

    def criterion(self, points: FloatArray) -> Criterion:
        k = self.problem.n_theta
        return evaluate(self.weigh(points[0, k:]), points[:, :k], reml=self.problem.reml)

    def __call__(self, points: FloatArray, _: IntArray) -> tuple[FloatArray, FloatArray]:
        if np.abs(points[:, :self.problem.n_theta]).max() > _RUNAWAY:
            raise _no_rest()
        if not self.problem.n_ratios:
            found = self.criterion(points)
            return found.deviance, found.gradient
        parts = [self._with_ratios(point) for point in points]
        return np.array([value for value, _ in parts]), np.array([slope for _, slope in parts])

    def _with_ratios(self, point: FloatArray) -> tuple[float, FloatArray]:
        found = self.criterion(point[None])
        slope = []
        for place in range(self.problem.n_theta, len(point)):
            shift = np.zeros(len(point))
            shift[place] = _STEP
            up, down = (float(self.criterion((point + sign * shift)[None]).deviance[0]) for sign in (1, -1))
            slope.append((up - down) / (2 * _STEP))
        return float(found.deviance[0]), np.concatenate([found.gradient[0], slope])


def fit_arrays(
    X: FloatArray, y: FloatArray, factors: tuple[Factor, ...], *, reml: bool = True, strata: IntArray | None = None,
) -> Fit:
    """Fit a linear mixed model by (restricted) maximum likelihood.

    Parameters
    ----------
    X : array (n, p)
        Full column rank.
    y : array (n)
    factors : tuple of Factor
    reml : bool
    strata : array (n) of int, optional
        Rows with residual variances of their own, numbered from 0.

    Raises
    ------
    EstimationError
        If the fixed and random effects leave no residual.

    References
    ----------
    Bates, Maechler, Bolker & Walker (2015), Journal of Statistical Software 67(1), sections 3 and 5.
    """
    layers = np.zeros(len(y), dtype=np.int64) if strata is None else strata
    problem = pose(X, y[None], factors, reml=reml, strata=layers)
    _check_spread(y, problem.residual[0])
    objective = _Objective(problem)
    found = minimise(objective, problem.start[None])
    point, steps = found.point[0], found.steps
    look = _look_around(objective, point)
    for _ in range(5):
        if look.lowest > -_FLAT * look.highest and look.decrement < _CLOSE:
            point, look = _polished(objective, point, look)
            break
        point, more = _onward(objective, point, look)
        steps += more
        look = _look_around(objective, point)
    return _finish(problem, X, y, point, look, steps)


def _no_rest() -> EstimationError:
    return EstimationError("The groups explain the outcome without any rest, so there is no residual variance",
                           remedy="Check for repeated rows, or leave out a grouping.")


def _check_spread(y: FloatArray, residual: FloatArray) -> None:
    size = float(np.abs(y).max()) or 1.0
    if float(np.abs(residual).max()) <= 1e-10 * size:
        what = "The outcome does not vary" if np.ptp(y) <= 1e-10 * size \
            else "The fixed effects explain the outcome without any rest"
        raise EstimationError(what, remedy="There is nothing left for groups or for error to explain.")


@dataclass(frozen=True, slots=True, eq=False)
class _Look:
    """Slopes and curvature of the deviance at a point, and what moves with each parameter."""

    here: Criterion
    slope: FloatArray
    hessian: FloatArray
    bread: FloatArray
    rss: FloatArray
    lowest: float
    highest: float
    downhill: FloatArray
    decrement: float


def _look_around(objective: _Objective, point: FloatArray) -> _Look:
    k = len(point)
    shifts = _STEP * np.eye(k)
    points = np.concatenate([point + shifts, point - shifts])
    here = objective.criterion(point[None])
    if objective.products is not None:
        around = objective.criterion(points)
        slopes, slope, bread, rss = around.gradient, here.gradient, around.bread, around.rss
    else:
        _, slopes = objective(points, np.arange(2 * k))
        _, slope = objective(point[None], np.arange(1))
        each = [objective.criterion(one[None]) for one in points]
        bread, rss = np.concatenate([one.bread for one in each]), np.concatenate([one.rss for one in each])
    hessian = (slopes[:k] - slopes[k:]) / (2 * _STEP)
    hessian = (hessian + hessian.T) / 2
    if not np.isfinite(hessian).all():
        raise NotConverged("The search ran to where the residual variance is next to nothing",
                           remedy="Check for repeated rows, or leave out a random effect or a grouping.")
    values, vectors = np.linalg.eigh(hessian)
    turned = vectors.T @ slope[0]
    size = np.maximum(np.abs(values), _FLAT * max(float(np.abs(values).max()), 1.0))
    return _Look(here, slope[0], hessian, (bread[:k] - bread[k:]) / (2 * _STEP), (rss[:k] - rss[k:]) / (2 * _STEP),
                 float(values[0]), float(values[-1]), vectors[:, 0], float(np.sum(turned ** 2 / size)))


def _polished(objective: _Objective, point: FloatArray, look: _Look) -> tuple[FloatArray, _Look]:
    """Take a last Newton step, too short for the curvature to change."""
    values, vectors = np.linalg.eigh(look.hessian)
    size = np.maximum(np.abs(values), _FLAT * max(float(np.abs(values).max()), 1.0))
    new = point - (vectors / size) @ (vectors.T @ look.slope)
    _, slope = objective(new[None], np.arange(1))
    decrement = float(np.sum((vectors.T @ slope[0]) ** 2 / size))
    if not decrement < look.decrement:
        return point, look
    return new, replace(look, here=objective.criterion(new[None]), slope=slope[0], decrement=decrement)


def _onward(objective: _Objective, point: FloatArray, look: _Look) -> tuple[FloatArray, int]:
    """Take a Newton step, or leave a saddle along its downhill direction and search again."""
    if look.lowest > 0:
        new = point - np.linalg.solve(look.hessian, look.slope)
        if objective.criterion(new[None]).deviance[0] <= look.here.deviance[0]:
            return new, 1
    starts = np.stack([point + 0.1 * look.downhill, point - 0.1 * look.downhill])
    found = minimise(objective, starts)
    best = int(np.argmin(found.value))
    return (found.point[best], found.steps) if found.value[best] <= look.here.deviance[0] else (point, found.steps)


def _finish(
    problem: Problem, X: FloatArray, y: FloatArray, point: FloatArray, look: _Look, steps: int
) -> Fit:
    k, layout = problem.n_theta, problem.layout
    n, p = X.shape
    nu = n - p if problem.reml else n
    here = look.here
    variance = float(here.rss[0]) / nu
    if variance <= _NO_RESIDUAL * float(np.mean(problem.residual[0] ** 2)):
        raise _no_rest()
    sigma = float(np.sqrt(variance))
    back = np.linalg.inv(problem.triangle)
    vcov = variance * back @ here.bread[0] @ back.T
    beta = back @ (problem.least_squares[0] + here.beta[0])
    moves = np.concatenate([variance * back @ look.bread @ back.T, (2 / sigma * vcov)[None]])
    information = _information(look, nu, sigma)
    effects, given = _predictions(layout, problem, here, point[:k], variance)
    extra = restricted_constant(problem.triangle) if problem.reml else 0.0
    ratios = np.exp(np.concatenate([[0.0], point[k:]]))
    return Fit(X, y, tuple(one.scaled(1 / scale) for one, scale in zip(layout.factors, problem.scales, strict=True)),
               _in_units(problem, point[:k]), sigma, ratios, problem.strata, beta, vcov, effects, given,
               float(here.deviance[0]) + extra, problem.reml, moves, information, look.decrement, steps)


def _information(look: _Look, nu: int, sigma: float) -> FloatArray:
    """Half the Hessian of the deviance that is not profiled for sigma."""
    k = len(look.slope)
    rss = nu * sigma ** 2
    out = np.empty((k + 1, k + 1))
    out[:k, :k] = look.hessian + nu * np.outer(look.rss, look.rss) / rss ** 2
    out[:k, k] = out[k, :k] = -2 * look.rss / sigma ** 3
    out[k, k] = 4 * nu / sigma ** 2
    return out / 2


def _predictions(
    layout: Layout, problem: Problem, here: Criterion, theta: FloatArray, variance: float
) -> tuple[tuple[FloatArray, ...], tuple[FloatArray, ...]]:
    inside = here.inside
    effects, given = [], []
    flat = np.concatenate([one.reshape(-1) for one in inside.border_given]) if layout.border else np.zeros(0)
    place, base = entry_bases(layout)
    at = iter(layout.columns)
    for one, part, scale in zip(layout.factors, split(theta, layout.factors), problem.scales, strict=True):
        lam = factor_of(one.pattern, one.q, part[None])[0]
        if one is layout.first:
            score, cov = inside.first_score[0, :, :, -1], inside.first_given[0]
        else:
            column = next(at).reshape(one.m, one.q)
            score = inside.border_score[0, :, -1][column]
            cov = flat[base[column][:, :, None] + place[column][:, None, :]]
        effects.append(score @ (lam @ lam.T) / scale)
        given.append(variance * cov / np.outer(scale, scale))
    return tuple(effects), tuple(given)


def log_likelihood(fit: Fit) -> float:
    """Return the (restricted) log likelihood."""
    return -fit.deviance / 2
