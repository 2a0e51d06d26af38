"""Errors and tests that do not lean on normality, from a second pass over the rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from coachresearch.psychometrics.sem.matrices import FloatArray, Implied, Layout, directions, implied
from coachresearch.psychometrics.sem.maximum_likelihood import Seen


@dataclass(frozen=True, slots=True, eq=False)
class SecondPass:
    """What the second pass over the rows yields.

    Parameters
    ----------
    meat : array (q, q)
        Cross-products of the rows' slopes of the log-likelihood, all rows.
    centred : array (q, q)
        The same about their mean in each group.
    kurtosis : float
        Trace of the saturated model's inverse information times its cross-products, at the observed moments.
    weighted : float
        Trace of the fourth moments in the metric of the implied covariances.
    baseline : tuple of two floats
        Trace of the same for the baseline: at the observed moments less the model's, and in its own metric.
    """

    meat: FloatArray
    centred: FloatArray
    kurtosis: float
    weighted: float
    baseline: tuple[float, float]


def second_pass(
    layouts: Sequence[Layout], seen: Sequence[Seen], rows: Sequence[FloatArray], theta: FloatArray,
    predictors: Sequence[int], *, means: bool,
) -> SecondPass:
    """Pass over the rows of each group (n × k) once more, at the solution.

    The fourth moments are never written down: their traces are means over rows of squared distances, and a row's
    slope along a parameter that moves the covariance by x y' + y x' is a product of two projections.

    References
    ----------
    Yuan & Bentler (2000), Sociological Methodology 30, 165-200; Satorra & Bentler (1994), in von Eye & Clogg (eds.),
    Latent Variables Analysis, 399-419.
    """
    q = len(theta)
    meat, centred = np.zeros((q, q)), np.zeros((q, q))
    kurtosis = weighted = own = other = 0.0
    for where, data, values in zip(layouts, seen, rows, strict=True):
        found = implied(where, theta)
        scores = _scores(where, data, found, values, q, means=means)
        meat += scores.T @ scores
        about = scores - scores.mean(axis=0)
        centred += about.T @ about
        away = values - data.mean
        kurtosis += _trace(away, data.cov, data.cov, means=means)
        weighted += _trace(away, data.cov, found.cov, means=means)
        base = _baseline(away, data, predictors, means=means)
        own, other = own + base[0], other + base[1]
    return SecondPass(meat, centred, kurtosis, weighted, (own, other))


def _scores(
    where: Layout, data: Seen, found: Implied, values: FloatArray, q: int, *, means: bool
) -> FloatArray:
    """Slope of each row's log-likelihood along each free parameter (n, q)."""
    x, y, move = directions(where, found)
    weight = np.linalg.inv(found.cov)
    away = (values - (found.mean if means else data.mean)) @ weight
    entries = (away @ x) * (away @ y) - np.sum(x * (weight @ y), axis=0)
    if means:
        entries += away @ move
    scores = np.zeros((q, len(values)))
    np.add.at(scores, where.place, entries.T)
    return scores.T


def _trace(away: FloatArray, seen: FloatArray, cov: FloatArray, *, means: bool) -> float:
    """Trace of the normal-theory weight at `cov` times the covariance of the rows' squares and products."""
    weight = np.linalg.inv(cov)
    distance = np.einsum("ij,jk,ik->i", away, weight, away)
    inner = weight @ seen
    spread = float(np.mean(distance ** 2) - np.trace(inner @ inner)) / 2
    return spread + float(np.trace(inner)) if means else spread


def _baseline(away: FloatArray, data: Seen, predictors: Sequence[int], *, means: bool) -> tuple[float, float]:
    """Traces that belong to the misfit of uncorrelated variables, in the observed and in the baseline's metric."""
    k, given = len(data.cov), list(predictors)
    others = [i for i in range(k) if i not in given]
    cov = np.diag(np.diag(data.cov))
    cov[np.ix_(given, given)] = data.cov[np.ix_(given, given)]
    scaled = away[:, others] ** 2 / np.diag(data.cov)[others]
    free = float(np.sum(np.mean((scaled - 1) ** 2, axis=0))) / 2
    if given:
        free += _trace(away[:, given], data.cov[np.ix_(given, given)], data.cov[np.ix_(given, given)], means=False)
    free += k if means else 0
    return (_trace(away, data.cov, data.cov, means=means) - free, _trace(away, data.cov, cov, means=means) - free)
