"""The bivariate normal distribution, for many points at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

FAR = 40.0
"""A threshold so far out that nothing lies beyond it; stands for infinity without its arithmetic."""

_MODERATE = 0.75
_HIGH = 0.925
_NEGLIGIBLE = -100.0


def bivariate_density(a: FloatArray, b: FloatArray, rho: FloatArray) -> FloatArray:
    """Density of two standard normal variables with correlation `rho`; arrays are broadcast, |rho| < 1."""
    rest = 1 - rho ** 2
    return np.exp(-(a ** 2 - 2 * rho * a * b + b ** 2) / (2 * rest)) / (2 * np.pi * np.sqrt(rest))


def bivariate_cdf(a: FloatArray, b: FloatArray, rho: FloatArray) -> FloatArray:
    """Probability that two standard normal variables lie below `a` and `b`.

    Parameters
    ----------
    a : array (p, r, 1)
        First limits of p pairs.
    b : array (p, 1, c)
        Second limits.
    rho : array (p)
        Correlation of each pair, |rho| < 1.

    Returns
    -------
    array (p, r, c)
        Absolute error below 1e-14.

    References
    ----------
    Drezner & Wesolowsky (1990), Journal of Statistical Computation and Simulation 35, 101-107; Genz (2004), Statistics
    and Computing 14, 251-260, section 2.4 (Gauss-Legendre over the arcsine; an expansion for |rho| above .925).
    """
    found = np.empty(np.broadcast_shapes(a.shape, b.shape, (len(rho), 1, 1)))
    size = np.abs(rho)
    for some, nodes in ((size < _MODERATE, 12), ((size >= _MODERATE) & (size < _HIGH), 20)):
        if some.all():
            return _central(a, b, rho, nodes)
        if some.any():
            found[some] = _central(a[some], b[some], rho[some], nodes)
    high = size >= _HIGH
    if high.any():
        found[high] = _extreme(a[high], b[high], rho[high])
    return found


def _central(a: FloatArray, b: FloatArray, rho: FloatArray, nodes: int) -> FloatArray:
    """The product of the margins, plus the integral of the density over the arcsine of correlations from 0 to `rho`."""
    from scipy.special import ndtr

    points, weights = np.polynomial.legendre.leggauss(nodes)
    reach = np.arcsin(rho)
    squares, product = (a ** 2 + b ** 2) / 2, a * b
    total = np.zeros_like(product)
    term = np.empty_like(product)
    for point, weight in zip(points, weights, strict=True):
        sine = np.sin(reach * (1 + point) / 2)
        rest = 1 / (1 - sine ** 2)
        np.multiply(product, (sine * rest)[:, None, None], out=term)
        term -= squares * rest[:, None, None]
        np.exp(term, out=term)
        term *= weight
        total += term
    total *= (reach / (4 * np.pi))[:, None, None]
    total += ndtr(a) * ndtr(b)
    return total


def _extreme(a: FloatArray, b: FloatArray, rho: FloatArray) -> FloatArray:
    """Genz (2004), for correlations near 1 or -1; the upper tail beyond (-a, -b) is the lower one below (a, b)."""
    from scipy.special import ndtr

    turned = np.where(rho < 0, -1.0, 1.0)[:, None, None]
    h, k = np.broadcast_arrays(-a, -b * turned)
    hk = h * k
    rest = (1 - rho ** 2)[:, None, None]
    root, gap = np.sqrt(rest), (h - k) ** 2
    c, d = (4 - hk) / 8, (12 - hk) / 80
    lead = root * _exp(-(gap / rest + hk) / 2) * (1 - c * (gap - rest) * (1 - d * gap) / 3 + c * d * rest ** 2)
    far = np.sqrt(gap)
    lead -= _exp(-hk / 2) * np.sqrt(2 * np.pi) * ndtr(-far / root) * far * (1 - c * gap * (1 - d * gap) / 3)
    points, weights = np.polynomial.legendre.leggauss(20)
    total = np.zeros_like(lead)
    for point, weight in zip(points, weights, strict=True):
        x = (root / 2 * (1 + point)) ** 2
        r = np.sqrt(1 - x)
        series = 1 + c * x * (1 + 5 * d * x)
        inside = -(gap / x + hk) / 2
        kernel = _exp(inside) * series - _exp(inside - hk / 2 * x / (1 + r) ** 2) / r
        total += weight * np.where(inside > _NEGLIGIBLE, kernel, 0.0)
    tail = (root / 2 * total - lead) / (2 * np.pi)
    below = np.maximum(ndtr(k) - ndtr(h), 0.0)
    above = np.maximum(ndtr(-h) - ndtr(-k), 0.0)
    mirrored = np.where(h >= k, -tail, np.where(h < 0, below, above) - tail)
    return np.where(turned > 0, tail + ndtr(-np.maximum(h, k)), mirrored)


def _exp(exponent: FloatArray) -> FloatArray:
    return np.exp(np.where(exponent > 7 * _NEGLIGIBLE, np.minimum(exponent, -7 * _NEGLIGIBLE), 7 * _NEGLIGIBLE))
