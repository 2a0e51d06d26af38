"""Whether items share enough for factors, and how many: KMO, Bartlett's test, squared multiple correlations, MAP."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan
from typing import ClassVar

import numpy as np

from coachresearch.core.errors import EstimationError
from coachresearch.core.estimate import Estimate
from coachresearch.display.result import Result
from coachresearch.moments.moments import FloatArray, Moments
from coachresearch.psychometrics.cautions import row_cautions

_SMALLEST_EIGENVALUE = 1e-10


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Dimensions(Result):
    """How much items share, and how many components the minimum average partial keeps.

    Parameters
    ----------
    items : tuple of str
        The k items, in order.
    n : int
        Complete rows.
    eigenvalues : array (k)
        Of the correlations, falling.
    n_components_map : int
        Components at the smallest average squared partial correlation.
    """

    kind: ClassVar[str] = "dimensions"

    items: tuple[str, ...]
    n: int
    eigenvalues: FloatArray
    n_components_map: int


def dimensions(moments: Moments, *, title: str = "", source: str = "") -> Dimensions:
    """Whether items share enough to look for factors, and how many components the partial correlations ask for.

    Parameters
    ----------
    moments : Moments
        Items (k ≥ 2 columns), complete rows.
    title, source : str

    Returns
    -------
    Dimensions
        Estimates ``kmo`` (all, and one an item), ``bartlett`` (chi-square of no correlation at all), ``smc`` (one an
        item), ``determinant``, and ``map`` (group = number of components taken out, from 0).

    Raises
    ------
    EstimationError
        If an item does not vary, or the correlations are singular.

    References
    ----------
    Kaiser (1974), Psychometrika 39, 31-36. Bartlett (1951), Biometrika 38, 337-344. Velicer (1976), Psychometrika 41,
    321-327.
    """
    cor = moments.cor
    _check(cor, moments.n)
    each, whole = kmo(cor)
    chi, df, p = bartlett(cor, moments.n)
    partials = velicer(cor)
    at = {"n": moments.n}
    estimates = (
        Estimate("kmo", whole, n=at["n"], method="kmo"),
        *(Estimate("kmo", float(value), item, n=at["n"], method="kmo")
          for item, value in zip(moments.columns, each, strict=True)),
        Estimate("bartlett", chi, df=float(df), p_value=p, n=at["n"], method="bartlett_test"),
        *(Estimate("smc", float(value), item, n=at["n"], method="smc")
          for item, value in zip(moments.columns, smc(cor), strict=True)),
        Estimate("determinant", float(np.linalg.det(cor)), n=at["n"], method="determinant"),
        *(Estimate("map", float(value), str(taken), n=at["n"], method="map") for taken, value in enumerate(partials)),
    )
    roots = np.array(np.linalg.eigvalsh(cor)[::-1], dtype=np.float64)
    roots.setflags(write=False)
    return Dimensions(title=title, estimates=estimates, method="dimensions", cautions=row_cautions(moments),
                      source=source, items=moments.columns, n=moments.n, eigenvalues=roots,
                      n_components_map=int(np.argmin(partials)))


def kmo(cor: FloatArray) -> tuple[FloatArray, float]:
    """Sampling adequacy of each item (k) and of all: correlations against correlations with the others held."""
    inverse = np.linalg.inv(cor)
    scale = np.sqrt(np.diag(inverse))
    partial, plain = inverse / np.outer(scale, scale), np.array(cor)
    np.fill_diagonal(partial, 0.0)
    np.fill_diagonal(plain, 0.0)
    shared, alone = plain ** 2, partial ** 2
    total = shared.sum(axis=0) + alone.sum(axis=0)
    each = np.divide(shared.sum(axis=0), total, out=np.full(len(cor), nan), where=total > 0)
    whole = float(shared.sum() + alone.sum())
    return each, float(shared.sum()) / whole if whole > 0 else nan


def bartlett(cor: FloatArray, n: int) -> tuple[float, int, float]:
    """Chi-square, degrees of freedom and p value of the hypothesis that no two items correlate."""
    from scipy.stats import chi2

    k = len(cor)
    chi = -float(np.linalg.slogdet(cor)[1]) * (n - 1 - (2 * k + 5) / 6)
    df = k * (k - 1) // 2
    return chi, df, float(chi2.sf(chi, df))


def smc(cor: FloatArray) -> FloatArray:
    """Squared multiple correlation of each item with all others (k)."""
    return np.asarray(1 - 1 / np.diag(np.linalg.inv(cor)))


def velicer(cor: FloatArray) -> FloatArray:
    """Average squared partial correlation after taking out 0 to k - 1 principal components (k)."""
    k = len(cor)
    roots, vectors = np.linalg.eigh(cor)
    found = np.empty(k)
    for taken in range(k):
        weights = vectors[:, k - taken:] * np.sqrt(np.maximum(roots[k - taken:], 0.0))
        rest = cor - weights @ weights.T
        scale = np.sqrt(np.maximum(np.diag(rest), 1e-300))
        partial = rest / np.outer(scale, scale)
        found[taken] = (np.sum(partial ** 2) - k) / (k * (k - 1))
    return found


def _check(cor: FloatArray, n: int) -> None:
    k = len(cor)
    if k < 2:
        raise EstimationError(f"There is {k} item, which shares nothing", remedy="Hand over at least two items.")
    smallest = float(np.linalg.eigvalsh(cor)[0])
    if smallest < _SMALLEST_EIGENVALUE:
        raise EstimationError(
            f"The correlations of {k} items from {n} rows are singular (smallest eigenvalue {smallest:.2g})",
            remedy="Use more people than items, and drop items that repeat each other.")
