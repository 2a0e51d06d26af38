"""Intervals of a mixed model by its likelihood profile, and by simulating from it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import log, nan, pi
from typing import ClassVar

import numpy as np

from coachresearch.core.caution import Caution, caution
from coachresearch.core.errors import EstimationError
from coachresearch.core.estimate import Estimate
from coachresearch.display.result import Result
from coachresearch.effects.mixed.criterion import evaluate
from coachresearch.effects.mixed.crossproducts import products, rows
from coachresearch.effects.mixed.factors import Factor, FloatArray, IntArray
from coachresearch.effects.mixed.fit import Fit, fit_arrays, pose
from coachresearch.effects.mixed.many import fit_many
from coachresearch.effects.mixed.model import MixedModel
from coachresearch.effects.mixed.optimise import minimise

_STEP = 1e-5
_WIDEST = 60


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class MixedIntervals(Result):
    """Estimates of a mixed model with other intervals than those of its fixed effects' standard errors."""

    kind: ClassVar[str] = "mixed_intervals"


def profile_intervals(model: MixedModel, *, conf_level: float = 0.95) -> MixedIntervals:
    """Intervals from the profile of the full likelihood, for fixed effects, standard deviations and correlations.

    Parameters
    ----------
    model : MixedModel
        One residual variance for all rows. A model by REML is fitted again by full likelihood, whose estimates are
        then given.
    conf_level : float

    Returns
    -------
    MixedIntervals
        An end of 0 (a standard deviation) or of -1 or 1 (a correlation) is the edge of the range; NaN where the
        likelihood never falls far enough.

    Raises
    ------
    EstimationError
        For a model with residual variances by stratum.

    References
    ----------
    Bates, Maechler, Bolker & Walker (2015), Journal of Statistical Software 67(1), section 5.1.
    """
    from scipy import stats

    if len(model.fit.ratios) > 1:
        raise EstimationError("Profile intervals are offered for one residual variance",
                              remedy="Use bootstrap_intervals.")
    fit = fit_arrays(model.fit.X, model.fit.y, model.fit.factors, reml=False)
    drop = float(stats.chi2.isf(1 - conf_level, 1))
    found = []
    for place, name in enumerate(model.names):
        low, high = _fixed_profile(fit, place, drop)
        found.append(Estimate(name, float(fit.beta[place]), conf_low=low, conf_high=high, conf_level=conf_level,
                              n=len(fit.y), method="mixed_profile"))
    for at, one in enumerate(fit.factors):
        cov = fit.covariances[at]
        sd = np.sqrt(np.diag(cov))
        for a, effect in enumerate(one.effects):
            low, high = _spread_profile(fit, at, (a, a), float(sd[a]), drop)
            found.append(Estimate("random_sd", float(sd[a]), group=f"{one.name}: {effect}", conf_low=low,
                                  conf_high=high, conf_level=conf_level, n=one.m, method="mixed_profile"))
        for a, b in one.pattern:
            if a == b or not _whole(one) or sd[a] * sd[b] == 0:
                continue
            value = float(cov[a, b] / (sd[a] * sd[b]))
            low, high = _spread_profile(fit, at, (a, b), value, drop)
            found.append(Estimate("random_correlation", value, group=f"{one.name}: {one.effects[b]}, {one.effects[a]}",
                                  conf_low=low, conf_high=high, conf_level=conf_level, n=one.m,
                                  method="mixed_profile"))
    low, high = _spread_profile(fit, -1, (0, 0), fit.sigma, drop)
    found.append(Estimate("residual_sd", fit.sigma, conf_low=low, conf_high=high, conf_level=conf_level, n=len(fit.y),
                          method="mixed_profile"))
    return MixedIntervals(title=model.title, estimates=tuple(found), method="mixed_ml")


def _whole(one: Factor) -> bool:
    return len(one.pattern) == one.q * (one.q + 1) // 2


def _ends(
    drop: float, centre: float, scale: float, height: _Height, floor: float, ceiling: float
) -> tuple[float, float]:
    """Where the profile has risen by `drop` on either side of the estimate, or the edge of the range."""
    from scipy.optimize import brentq

    ends = []
    for sign, edge in ((-1, floor), (1, ceiling)):
        length, inner = scale, centre
        outer = nan
        height.restart()
        for _ in range(_WIDEST):
            tried = centre + sign * length
            if sign * (tried - edge) >= 0:
                tried = edge - sign * 1e-9 * max(abs(edge), scale)
            if height(tried) > drop:
                outer = tried
                break
            if sign * (tried + sign * 2e-9 * max(abs(edge), scale) - edge) >= 0:
                break
            inner, length = tried, 1.5 * length
        if np.isnan(outer):
            ends.append(edge if np.isfinite(edge) else nan)
        else:
            ends.append(float(brentq(lambda x: height(x) - drop, *sorted((inner, outer)), xtol=1e-6 * scale,
                                     rtol=1e-9)))
    return ends[0], ends[1]


class _Height:
    """How far the deviance, minimised over everything else, lies above its minimum."""

    def restart(self) -> None:
        raise EstimationError("a profile needs a criterion")

    def __call__(self, value: float) -> float:
        raise EstimationError("a profile needs a criterion")


class _FixedHeight(_Height):
    def __init__(self, fit: Fit, place: int) -> None:
        self.fit, self.place = fit, place
        self.others = np.delete(fit.X, place, axis=1)

    def restart(self) -> None:
        return

    def __call__(self, value: float) -> float:
        fit = self.fit
        y = fit.y - value * fit.X[:, self.place]
        problem = pose(self.others, y[None], fit.factors, reml=False, strata=fit.strata)
        given = products(rows(problem.layout, problem.Q, problem.residual))

        def objective(points: FloatArray, _: IntArray) -> tuple[FloatArray, FloatArray]:
            found = evaluate(given, points, reml=False)
            return found.deviance, found.gradient

        return float(minimise(objective, problem.start[None]).value[0]) - fit.deviance


def _fixed_profile(fit: Fit, place: int, drop: float) -> tuple[float, float]:
    error = float(np.sqrt(fit.vcov[place, place]))
    return _ends(drop, float(fit.beta[place]), 1.5 * error, _FixedHeight(fit, place), -np.inf, np.inf)


class _SpreadHeight(_Height):
    """Profile of one standard deviation or correlation; every factor's row is a length and angles."""

    def __init__(self, fit: Fit, at: int, cell: tuple[int, int]) -> None:
        turned = [_turned(one, cell) if place == at else one for place, one in enumerate(fit.factors)]
        self.fit = fit
        self.problem = pose(fit.X, fit.y[None], tuple(turned), reml=False, strata=fit.strata)
        self.given = products(rows(self.problem.layout, self.problem.Q, self.problem.residual))
        name = fit.factors[at].name if at >= 0 else ""
        a, b = cell
        self.fixed: tuple[str, int, int] = ("", 0, 0)
        self.scale = 1.0
        for one, scale in zip(self.problem.layout.factors, self.problem.scales, strict=True):
            if one.name == name:
                row = one.effects.index(fit.factors[at].effects[a])
                self.fixed = (name, row, 0 if a != b else -1)
                self.scale = float(scale[row])
        self.start = self._start()
        self.restart()

    def restart(self) -> None:
        self.last = self.start.copy()

    def _start(self) -> FloatArray:
        """The fit itself: log sigma, then lengths and angles of every factor's rows, the fixed one left out."""
        values = [log(self.fit.sigma)]
        known = {one.name: (one, cov) for one, cov in zip(self.fit.factors, self.fit.covariances, strict=True)}
        for one, scale in zip(self.problem.layout.factors, self.problem.scales, strict=True):
            before, cov = known[one.name]
            order = [before.effects.index(effect) for effect in one.effects]
            scaled = cov[np.ix_(order, order)] * np.outer(scale, scale)
            size = max(float(np.trace(scaled)), 1e-6 * self.fit.sigma ** 2)
            lower = np.linalg.cholesky(scaled + 1e-8 * size * np.eye(one.q))
            for a, columns in _rows_of(one):
                length = float(np.linalg.norm(lower[a, :a + 1]))
                if self.fixed != (one.name, a, -1):
                    values.append(length)
                rest = length
                for b in columns[:-1]:
                    angle = float(np.arccos(np.clip(lower[a, b] / max(rest, 1e-300), -1, 1)))
                    if self.fixed != (one.name, a, b):
                        values.append(angle)
                    rest *= float(np.sin(angle))
        if self.fixed[0] == "":
            values = values[1:]
        return np.array(values)

    def _theta(self, points: FloatArray, value: float) -> tuple[FloatArray, FloatArray]:
        """Relative parameters (R, k) and log sigma (R) of points of the search."""
        R = len(points)
        at = 0
        if self.fixed[0] == "":
            logs = np.full(R, log(value))
        else:
            logs, at = points[:, 0], 1
        theta = []
        for one in self.problem.layout.factors:
            entries = {}
            for a, columns in _rows_of(one):
                if self.fixed == (one.name, a, -1):
                    rest = np.full(R, value * self.scale)
                else:
                    rest, at = points[:, at], at + 1
                for b in columns[:-1]:
                    if self.fixed == (one.name, a, b):
                        cosine = np.full(R, value)
                        sine = np.full(R, np.sqrt(max(1 - value ** 2, 0.0)))
                    else:
                        cosine, sine, at = np.cos(points[:, at]), np.sin(points[:, at]), at + 1
                    entries[a, b] = rest * cosine
                    rest = rest * sine
                entries[a, a] = rest
            theta += [entries[cell] for cell in one.pattern]
        return np.stack(theta, axis=1) / np.exp(logs)[:, None], logs

    def _deviance(self, points: FloatArray, value: float) -> FloatArray:
        theta, logs = self._theta(points, value)
        found = evaluate(self.given, theta, reml=False)
        n = self.given.n
        return found.deviance - n * (1 + np.log(2 * pi * found.rss / n)) \
            + n * (log(2 * pi) + 2 * logs) + found.rss / np.exp(2 * logs)

    def __call__(self, value: float) -> float:
        k = len(self.last)
        shifts = _STEP * np.concatenate([np.zeros((1, k)), np.eye(k), -np.eye(k)])

        def objective(points: FloatArray, _: IntArray) -> tuple[FloatArray, FloatArray]:
            many = (points[:, None] + shifts).reshape(-1, k)
            heights = self._deviance(many, value).reshape(len(points), -1)
            return heights[:, 0], (heights[:, 1:k + 1] - heights[:, k + 1:]) / (2 * _STEP)

        if not k:
            return float(self._deviance(np.zeros((1, 0)), value)[0]) - self.fit.deviance
        found = minimise(objective, self.last[None], tolerance=1e-8)
        if not found.converged[0]:
            again = minimise(objective, self.start[None], tolerance=1e-8)
            found = again if again.value[0] < found.value[0] else found
        self.last = found.point[0]
        return float(found.value[0]) - self.fit.deviance


def _rows_of(one: Factor) -> list[tuple[int, list[int]]]:
    return [(a, sorted(b for row, b in one.pattern if row == a)) for a in range(one.q)]


def _turned(one: Factor, cell: tuple[int, int]) -> Factor:
    """Put the two effects of a correlation first, so that one angle holds it."""
    a, b = cell
    if a == b or not _whole(one):
        return one
    order = [b, a, *(place for place in range(one.q) if place not in cell)]
    return replace(one, effects=tuple(one.effects[place] for place in order), values=one.values[:, order])


def _spread_profile(fit: Fit, at: int, cell: tuple[int, int], centre: float, drop: float) -> tuple[float, float]:
    height = _SpreadHeight(fit, at, cell)
    if cell[0] != cell[1]:
        return _ends(drop, centre, 0.1, height, -1.0, 1.0)
    scale = max(0.3 * centre, 1e-3 * fit.sigma / height.scale)
    return _ends(drop, centre, scale, height, 0.0, np.inf)


def bootstrap_intervals(
    model: MixedModel, *, rng: np.random.Generator, draws: int = 500, conf_level: float = 0.95
) -> MixedIntervals:
    """Percentile intervals from simulating outcomes of the fitted model and fitting it to each (parametric bootstrap).

    Parameters
    ----------
    model : MixedModel
        One residual variance for all rows.
    rng : Generator
    draws : int
        At least 100.
    conf_level : float

    Raises
    ------
    EstimationError
        For fewer than 100 draws, or a model with residual variances by stratum.

    References
    ----------
    Davison & Hinkley (1997), Bootstrap Methods and their Application, section 5.3.
    """
    if draws < 100:
        raise EstimationError(f"{draws} draws are too few for the ends of an interval", remedy="Ask for at least 100.")
    if len(model.fit.ratios) > 1:
        raise EstimationError("The bootstrap is offered for one residual variance", remedy="Leave residual_by out.")
    fit = model.fit
    Y = simulate(fit, rng, draws)
    found = fit_many(fit.X, Y, fit.factors, reml=fit.reml, freedom=False)
    ends = np.array([(1 - conf_level) / 2, (1 + conf_level) / 2])
    made = [_percentiles(name, "", float(fit.beta[place]), found.beta[:, place], ends, len(fit.y))
            for place, name in enumerate(model.names)]
    for one, cov in zip(fit.factors, fit.covariances, strict=True):
        at = [other.name for other in found.factors].index(one.name)
        for a, effect in enumerate(one.effects):
            made.append(_percentiles("random_sd", f"{one.name}: {effect}", float(np.sqrt(cov[a, a])),
                                     found.sd[at][:, a], ends, one.m))
    made.append(_percentiles("residual_sd", "", fit.sigma, found.sigma, ends, len(fit.y)))
    return MixedIntervals(title=model.title, estimates=tuple(made), method=model.method,
                          cautions=_unfinished(int((~found.converged).sum()), draws))


def simulate(fit: Fit, rng: np.random.Generator, draws: int) -> FloatArray:
    """Draw outcomes (draws, n) from a fitted model, new groups each time."""
    Y = np.tile(fit.X @ fit.beta, (draws, 1))
    for one, lam in zip(fit.factors, fit.relative, strict=True):
        effects = fit.sigma * rng.standard_normal((draws, one.m, one.q)) @ lam.T
        Y += (one.matrix() @ effects.reshape(draws, -1).T).T
    return Y + fit.sigma * np.sqrt(fit.ratios[fit.strata]) * rng.standard_normal(Y.shape)


def _percentiles(term: str, group: str, value: float, drawn: FloatArray, ends: FloatArray, n: int) -> Estimate:
    low, high = np.quantile(drawn, ends)
    return Estimate(term, value, group=group, std_error=float(np.std(drawn, ddof=1)), conf_low=float(low),
                    conf_high=float(high), conf_level=float(ends[1] - ends[0]), n=n, method="mixed_bootstrap")


def _unfinished(n: int, draws: int) -> tuple[Caution, ...]:
    return (caution("mixed_draws_unfinished", n=n, of=draws),) if n else ()
