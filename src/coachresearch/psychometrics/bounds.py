"""Lower bounds of reliability: Guttman's, ten Berge's and the greatest; halves of a test."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import nan
from typing import ClassVar

import numpy as np

from coachresearch.core.caution import caution
from coachresearch.core.errors import EstimationError, NotConverged
from coachresearch.core.estimate import Estimate
from coachresearch.display.result import Result
from coachresearch.moments.moments import FloatArray, Moments
from coachresearch.psychometrics.cautions import row_cautions

_MOST_SPLIT_ITEMS = 16
_BARRIER_DONE = 1e-9
_SMALLEST_EIGENVALUE = 1e-10


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ReliabilityBounds(Result):
    """Lower bounds of the reliability of a sum or mean of items."""

    kind: ClassVar[str] = "reliability_bounds"

    items: tuple[str, ...]
    n: int


def reliability_bounds(moments: Moments, *, title: str = "", source: str = "") -> ReliabilityBounds:
    """Bounds that the reliability of a scale score cannot lie under, whatever the items have in common.

    Parameters
    ----------
    moments : Moments
        Keyed items (k ≥ 2 columns), complete rows, not team means.
    title, source : str

    Returns
    -------
    ReliabilityBounds
        Estimates ``guttman_1`` ... ``guttman_6`` (without the fourth, which is ``split_half_max``), ``tenberge_0`` to
        ``tenberge_3``, ``glb``; ``split_half_max``, ``split_half_min`` and ``split_half_mean`` over all splits into
        halves (up to 16 items); ``odd_even`` (Spearman-Brown) and ``flanagan_rulon``. All on the covariances; on the
        correlations where only these are known.

    Raises
    ------
    EstimationError
        For team means, one item, an item that does not vary, or a singular matrix.

    Notes
    -----
    In samples bounds that are searched for (``glb``, ``split_half_max``, ``guttman_6``) lie too high, the more so the
    fewer people and the more items there are.

    References
    ----------
    Guttman (1945), Psychometrika 10, 255-282. ten Berge & Zegers (1978), Psychometrika 43, 575-579. Woodhouse & Jackson
    (1977), Psychometrika 42, 579-591 (greatest lower bound). Rulon (1939), Harvard Educational Review 9, 99-103.
    """
    if moments.unit == "team_mean":
        raise EstimationError("The reliability of persons cannot be computed from team means",
                              remedy='Collect the persons themselves: collect(frame, unit="person").')
    cov, k = moments.cov, len(moments.columns)
    if k < 2:
        raise EstimationError(f"There is {k} item, so nothing to compare it with", remedy="Hand over one scale.")
    smallest = float(np.linalg.eigvalsh(moments.cor)[0])
    if smallest < _SMALLEST_EIGENVALUE:
        raise EstimationError(f"The correlations of {k} items from {moments.n} rows are singular",
                              remedy="Use more people than items, and drop items that repeat each other.")
    found = {f"guttman_{name}": value for name, value in guttman(cov).items()}
    found |= {f"tenberge_{place}": value for place, value in enumerate(ten_berge(cov))}
    found["glb"] = greatest_lower_bound(cov)
    if k <= _MOST_SPLIT_ITEMS:
        halves = split_halves(cov)
        found |= {"split_half_max": float(halves.max()), "split_half_min": float(halves.min()),
                  "split_half_mean": float(halves.mean())}
    odd = odd_even(cov)
    found |= {"odd_even": odd[1], "flanagan_rulon": odd[2]}
    cautions = [caution("bounds_too_high", n=moments.n, items=k)] if moments.n < 20 * k else []
    estimates = tuple(Estimate(term, value, n=moments.n, method="bounds") for term, value in found.items())
    return ReliabilityBounds(title=title, estimates=estimates, method="bounds", source=source,
                             cautions=(*row_cautions(moments), *cautions), items=moments.columns, n=moments.n)


def guttman(cov: FloatArray) -> dict[int, float]:
    """Guttman's lambdas 1, 2, 3, 5 and 6 of a covariance (or correlation) matrix."""
    k, total = len(cov), float(cov.sum())
    off = cov - np.diag(np.diag(cov))
    first = 1 - float(np.trace(cov)) / total
    return {
        1: first,
        2: first + float(np.sqrt(k / (k - 1) * np.sum(off ** 2))) / total,
        3: first * k / (k - 1),
        5: first + 2 * float(np.sqrt(np.max(np.sum(off ** 2, axis=0)))) / total,
        6: 1 - float(np.sum(1 / np.diag(np.linalg.inv(cov)))) / total,
    }


def ten_berge(cov: FloatArray) -> tuple[float, float, float, float]:
    """Ten Berge and Zegers' rising series mu 0 (alpha) to mu 3."""
    k, total = len(cov), float(cov.sum())
    off = cov - np.diag(np.diag(cov))
    powers = [float(np.sum(off ** (2 ** step))) for step in range(4)]
    found = []
    for depth in range(4):
        inner = (k / (k - 1) * powers[depth]) ** 0.5 if depth else k / (k - 1) * powers[0]
        for step in range(depth - 1, -1, -1):
            inner = (powers[step] + inner) if step == 0 else (powers[step] + inner) ** 0.5
        found.append(inner / total)
    return found[0], found[1], found[2], found[3]


def split_halves(matrix: FloatArray) -> FloatArray:
    """Coefficients 4 × (sum between the halves) / (sum of all), one for each distinct split into halves."""
    k = len(matrix)
    half = k // 2
    chosen = np.array([split for split in combinations(range(k), half) if k % 2 or split[0] == 0])
    signs = -np.ones((len(chosen), k))
    np.put_along_axis(signs, chosen, 1.0, axis=1)
    total = float(matrix.sum())
    difference = np.einsum("si,ij,sj->s", signs, matrix, signs)
    return np.asarray((total - difference) / total)


def odd_even(cov: FloatArray) -> tuple[float, float, float]:
    """Correlation of the odd with the even half, stepped up by Spearman-Brown, and Flanagan and Rulon's coefficient."""
    odd, even = cov[::2, ::2].sum(), cov[1::2, 1::2].sum()
    between = cov[::2, 1::2].sum()
    if odd <= 0 or even <= 0:
        return nan, nan, nan
    r = float(between / np.sqrt(odd * even))
    return r, 2 * r / (1 + r), float(2 * (1 - (odd + even) / cov.sum()))


def greatest_lower_bound(cov: FloatArray) -> float:
    """Largest reliability bound: as much error variance as leaves the rest a covariance matrix.

    Notes
    -----
    The largest trace of a diagonal Theta ≥ 0 with S - Theta positive semidefinite, by a barrier method.
    """
    scale = float(np.trace(cov)) / len(cov)
    matrix = cov / scale
    errors = np.full(len(cov), 0.5 * float(np.linalg.eigvalsh(matrix)[0]))
    weight = 1.0
    while weight * 2 * len(cov) > _BARRIER_DONE:
        errors = _centred(matrix, errors, weight)
        weight /= 5
    return 1 - float(errors.sum()) / float(matrix.sum())


def _centred(matrix: FloatArray, errors: FloatArray, weight: float) -> FloatArray:
    """Newton steps to the highest point of sum + weight × (log det(S - Theta) + sum of log Theta)."""
    for _ in range(100):
        inverse = np.linalg.inv(matrix - np.diag(errors))
        gradient = 1 - weight * np.diag(inverse) + weight / errors
        bend = weight * (inverse ** 2 + np.diag(1 / errors ** 2))
        step = np.linalg.solve(bend, gradient)
        if float(gradient @ step) < 1e-12 * weight:
            return errors
        size = 1.0
        while not _inside(matrix, errors + size * step):
            size *= 0.5
            if size < 1e-12:
                raise NotConverged("The greatest lower bound was not found",
                                   remedy="Check for items that repeat each other.")
        errors = errors + (size if size == 1.0 else 0.9 * size) * step
    return errors


def _inside(matrix: FloatArray, errors: FloatArray) -> bool:
    if (errors <= 0).any():
        return False
    try:
        np.linalg.cholesky(matrix - np.diag(errors))
    except np.linalg.LinAlgError:
        return False
    return True
