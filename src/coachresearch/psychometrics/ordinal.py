"""Two-step estimation of latent correlations from cross-tables: plain arrays, all pairs at once.

Shapes: k items, p pairs, c the most categories of any item, g = c - 1 thresholds. Items with fewer categories are
filled up with thresholds far out (`FAR`), beyond which no answer lies.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coachresearch.psychometrics.bivariate import FAR, bivariate_cdf, bivariate_density

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

BOUND = 0.9999
"""Size at which a correlation is held; a table that asks for more says that it is 1 or -1."""

_LEAST = 1e-16
_NEWTON_DONE = 1e-5
_DONE = 1e-10
_LONGEST_STEP = 0.7
_STEEP, _FLAT = 0.5, 1e-4
MOST_STEPS = 60


@dataclass(frozen=True, slots=True, eq=False)
class Margins:
    """Thresholds of each item from its own answers.

    Parameters
    ----------
    thresholds : array (k, g)
        Rising; `FAR` beyond an item's last one.
    counts : array (k, c)
        Answers of each category; zero beyond an item's last one.
    """

    thresholds: FloatArray
    counts: FloatArray

    @property
    def n(self) -> FloatArray:
        """Answers of each item (k)."""
        return self.counts.sum(axis=1)

    def influence(self) -> FloatArray:
        """How far one answer moves each threshold (k × c × g), times the number of answers."""
        from scipy.special import ndtr

        below = ndtr(self.thresholds)[:, None, :]
        places = np.arange(self.counts.shape[1])
        at_or_below = (places[:, None] <= places[None, :-1])[None]
        density = np.exp(-self.thresholds ** 2 / 2)[:, None, :] / np.sqrt(2 * np.pi)
        inside = (self.thresholds < FAR)[:, None, :]
        return np.divide(at_or_below - below, density, out=np.zeros((*self.counts.shape, below.shape[2])),
                         where=inside & (density > 0))


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """Correlations of p pairs.

    Parameters
    ----------
    rho : array (p)
    at_bound : array (p) of bool
        Pairs whose likelihood still rises at the bound.
    converged : array (p) of bool
    steps : int
        Rounds of the slowest pair.
    """

    rho: FloatArray
    at_bound: NDArray[np.bool_]
    converged: NDArray[np.bool_]
    steps: int


@dataclass(frozen=True, slots=True, eq=False)
class _Fit:
    value: FloatArray
    slope: FloatArray
    curvature: FloatArray
    information: FloatArray


def margins(counts: Sequence[NDArray]) -> Margins:
    """Return the thresholds of items whose categories were all chosen (one array of counts an item)."""
    from scipy.special import ndtri

    most = max(map(len, counts))
    table = np.zeros((len(counts), most))
    thresholds = np.full((len(counts), most - 1), FAR)
    for item, given in enumerate(counts):
        table[item, :len(given)] = given
        thresholds[item, :len(given) - 1] = ndtri(np.cumsum(given)[:-1] / np.sum(given))
    return Margins(thresholds, table)


def solve(first: FloatArray, second: FloatArray, counts: FloatArray) -> Solution:
    """Maximise the likelihood of each pair's correlation with its thresholds held, all pairs at once.

    Parameters
    ----------
    first, second : array (p, g)
        Thresholds of the items of each pair.
    counts : array (p, c, c)
        Cross-tables.

    References
    ----------
    Olsson (1979), Psychometrika 44, 443-460, section 4 (two-step). Newton's method on Fisher's z, with the expected
    information where the likelihood is not concave, and shorter steps where it would fall.
    """
    z = np.arctanh(_start(first, second, counts))
    limit = float(np.arctanh(BOUND))
    reached, value, step = z.copy(), np.full(len(z), -np.inf), np.zeros(len(z))
    at_bound, converged = np.zeros(len(z), dtype=bool), np.zeros(len(z), dtype=bool)
    open_pairs, rounds = np.arange(len(z)), 0
    while len(open_pairs) and rounds < MOST_STEPS:
        rounds += 1
        now = open_pairs
        rho = np.tanh(z[now])
        fit = _fit(first[now], second[now], counts[now], rho)
        lower = fit.value < value[now] - 1e-10 * np.abs(value[now])
        newton, move, flat = _step(fit, rho)
        step[now] = np.where(lower, step[now] / 2, move)
        reached[now] = np.where(lower, reached[now], z[now])
        value[now] = np.where(lower, value[now], fit.value)
        stuck = flat | (~lower & (np.abs(z[now]) >= limit) & (move * z[now] > 0))
        small = np.abs(step[now]) < np.where(newton & ~lower, _NEWTON_DONE, _DONE)
        z[now] = np.where(stuck, np.copysign(limit, z[now]), np.clip(reached[now] + step[now], -limit, limit))
        at_bound[now], converged[now] = stuck, small | stuck
        open_pairs = now[~(small | stuck)]
    return Solution(np.tanh(z), at_bound, converged, rounds)


def cells(first: FloatArray, second: FloatArray, rho: FloatArray) -> FloatArray:
    """Return the probability of each cell (p × c × c)."""
    from scipy.special import ndtr

    p, g = first.shape
    table = np.zeros((p, g + 2, g + 2))
    table[:, 1:-1, 1:-1] = bivariate_cdf(first[:, :, None], second[:, None, :], rho)
    table[:, 1:-1, -1] = ndtr(first)
    table[:, -1, 1:-1] = ndtr(second)
    table[:, -1, -1] = 1.0
    return _differences(table)


def influence(
    first: FloatArray, second: FloatArray, rho: FloatArray, counts: FloatArray, each: tuple[FloatArray, FloatArray],
    answers: tuple[FloatArray, FloatArray],
) -> FloatArray:
    """How far one row moves the correlation of each pair, by the row's two categories.

    Parameters
    ----------
    first, second, rho, counts
        As in `solve`, with its correlations.
    each : two arrays (p, c, g)
        Influence of an answer on the thresholds of either item (`Margins.influence`).
    answers : two arrays (p)
        Answers of either item, all rows.

    Returns
    -------
    array (p, c + 1, c + 1)
        The last row and column stand for a gap: such a row still moves the other item's thresholds.

    References
    ----------
    Muthén (1984), Psychometrika 49, 115-132, eqs. 28-32; observed cross-products of the scores.
    """
    chance = np.maximum(cells(first, second, rho), _LEAST)
    score = _derivative(first, second, rho) / chance
    weight = counts * score / chance
    cross_first = _threshold_cross(first, second, rho, weight)
    cross_second = _threshold_cross(second, first, rho, np.swapaxes(weight, 1, 2))
    information = np.maximum((counts * score ** 2).sum(axis=(1, 2)), _LEAST)
    moved_first = np.einsum("pcg,pg->pc", each[0], cross_first) / answers[0][:, None]
    moved_second = np.einsum("pcg,pg->pc", each[1], cross_second) / answers[1][:, None]
    p, c = moved_first.shape
    table = np.zeros((p, c + 1, c + 1))
    table[:, :-1, :-1] = score
    table[:, :-1, :] -= moved_first[:, :, None]
    table[:, :, :-1] -= moved_second[:, None, :]
    return table / information[:, None, None]


def likelihood_ratio(first: FloatArray, second: FloatArray, rho: FloatArray, counts: FloatArray) -> FloatArray:
    """Return G-squared of each pair (p): the distance of its table from two normal variables cut at the thresholds."""
    n = counts.sum(axis=(1, 2))[:, None, None]
    expected = np.maximum(cells(first, second, rho), _LEAST) * n
    ratio = np.divide(counts, expected, out=np.ones_like(counts), where=counts > 0)
    return 2 * (counts * np.log(ratio)).sum(axis=(1, 2))


def _start(first: FloatArray, second: FloatArray, counts: FloatArray) -> FloatArray:
    """The correlation whose covariance of category numbers, to first order, is the one of the table."""
    places = np.arange(counts.shape[1], dtype=float)
    n = counts.sum(axis=(1, 2))
    rows, columns = counts.sum(axis=2) @ places / n, counts.sum(axis=1) @ places / n
    cov = np.einsum("pij,i,j->p", counts, places, places) / n - rows * columns
    scale = np.exp(-first ** 2 / 2).sum(axis=1) * np.exp(-second ** 2 / 2).sum(axis=1) / (2 * np.pi)
    return np.clip(cov / np.maximum(scale, _LEAST), -0.9, 0.9)


def _fit(first: FloatArray, second: FloatArray, counts: FloatArray, rho: FloatArray) -> _Fit:
    chance = np.maximum(cells(first, second, rho), _LEAST)
    a, b = first[:, :, None], second[:, None, :]
    r = rho[:, None, None]
    density = bivariate_density(a, b, r)
    bend = density * (r / (1 - r ** 2) + (a * b * (1 + r ** 2) - r * (a ** 2 + b ** 2)) / (1 - r ** 2) ** 2)
    score = _bordered(density) / chance
    weighted = counts * score
    observed = (counts * _bordered(bend) / chance).sum(axis=(1, 2)) - (weighted * score).sum(axis=(1, 2))
    n = counts.sum(axis=(1, 2))
    return _Fit((counts * np.log(chance)).sum(axis=(1, 2)), weighted.sum(axis=(1, 2)), observed,
                n * (chance * score ** 2).sum(axis=(1, 2)))


def _step(fit: _Fit, rho: FloatArray) -> tuple[NDArray[np.bool_], FloatArray, NDArray[np.bool_]]:
    """Newton's step on Fisher's z where the likelihood is concave, a scoring step elsewhere.

    Also whether the likelihood has run out flat towards 1 or -1, with a standard error of Fisher's z beyond 100: then
    nothing holds the correlation below that.
    """
    rest = 1 - rho ** 2
    slope = fit.slope * rest
    curvature = fit.curvature * rest ** 2 - 2 * rho * rest * fit.slope
    newton = curvature < 0
    width = np.where(newton, -curvature, np.maximum(fit.information, _LEAST) * rest ** 2)
    flat = (np.abs(rho) > _STEEP) & (np.abs(curvature) < _FLAT) & (np.abs(slope) < _FLAT)
    return newton, np.clip(slope / width, -_LONGEST_STEP, _LONGEST_STEP), flat


def _derivative(first: FloatArray, second: FloatArray, rho: FloatArray) -> FloatArray:
    return _bordered(bivariate_density(first[:, :, None], second[:, None, :], rho[:, None, None]))


def _bordered(grid: FloatArray) -> FloatArray:
    """Return the differences over cells of a function that vanishes at the borders."""
    p, g, h = grid.shape
    table = np.zeros((p, g + 2, h + 2))
    table[:, 1:-1, 1:-1] = grid
    return _differences(table)


def _differences(table: FloatArray) -> FloatArray:
    return table[:, 1:, 1:] - table[:, :-1, 1:] - table[:, 1:, :-1] + table[:, :-1, :-1]


def _threshold_cross(own: FloatArray, other: FloatArray, rho: FloatArray, weight: FloatArray) -> FloatArray:
    """Cross-products of the scores of the correlation and of one item's thresholds (p × g)."""
    slopes = threshold_slopes(own, other, rho)
    return np.asarray((slopes * (weight[:, :-1, :] - weight[:, 1:, :])).sum(axis=2))


def threshold_slopes(own: FloatArray, other: FloatArray, rho: FloatArray) -> FloatArray:
    """Return how the cells below each threshold of one item grow with it (p × g × c); those above shrink as much."""
    from scipy.special import ndtr

    density = np.exp(-own ** 2 / 2) / np.sqrt(2 * np.pi)
    r = rho[:, None, None]
    inner = ndtr((other[:, None, :] - r * own[:, :, None]) / np.sqrt(1 - r ** 2))
    p, g = own.shape
    edged = np.zeros((p, g, other.shape[1] + 2))
    edged[:, :, 1:-1] = inner
    edged[:, :, -1] = 1.0
    return np.asarray(density[:, :, None] * np.diff(edged, axis=2))
