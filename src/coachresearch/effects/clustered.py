"""Errors of a linear model whose rows come in clusters: CR2 with Satterthwaite degrees of freedom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from coachresearch.core.errors import EstimationError
from coachresearch.effects.sizes import FloatArray

_NOTHING = 1e-8


@dataclass(frozen=True, slots=True, eq=False)
class Clustered:
    """Cluster-robust errors of p coefficients.

    Parameters
    ----------
    cr0, cr2 : array (p, p)
        Covariance without correction, and with the bias-reduced one.
    df : array (p)
        Satterthwaite degrees of freedom of each coefficient's t test with CR2.
    clusters : int
    """

    cr0: FloatArray
    cr2: FloatArray
    df: FloatArray
    clusters: int


def cluster_robust(design: FloatArray, residuals: FloatArray, clusters: Sequence[object]) -> Clustered:
    """Errors of a least-squares fit, robust to anything that rows of one cluster share.

    Parameters
    ----------
    design : array (n, p)
        Full column rank.
    residuals : array (n)
        Of the fit by ordinary least squares.
    clusters : sequence (n)
        Team, coach or person of each row.

    Raises
    ------
    EstimationError
        With fewer than two clusters.

    References
    ----------
    Bell & McCaffrey (2002), Survey Methodology 28, 169-181; Pustejovsky & Tipton (2018), Journal of Business &
    Economic Statistics 36, 672-683, eq. 5-7 (CR2 with a pseudo-inverse, Satterthwaite degrees of freedom).
    """
    codes, names = _codes(clusters)
    if len(names) < 2:
        raise EstimationError(f"Errors by cluster need at least 2 clusters; there are {len(names)}",
                              remedy="Name another column, or none.")
    p = design.shape[1]
    bread = np.linalg.inv(design.T @ design)
    root = np.linalg.cholesky(bread)
    scores = np.zeros((len(names), p))
    plain = np.zeros((len(names), p))
    own = np.zeros((p, len(names)))
    shared = np.zeros((p, len(names), p))
    order = np.argsort(codes, kind="stable")
    starts = np.searchsorted(codes[order], np.arange(len(names) + 1))
    for g in range(len(names)):
        rows = order[starts[g]:starts[g + 1]]
        x, e = design[rows], residuals[rows]
        left, s, _ = np.linalg.svd(x @ root, full_matrices=False)
        rest = 1 - s ** 2
        turn = np.where(rest > _NOTHING, 1 / np.sqrt(np.maximum(rest, _NOTHING)), 0.0) - 1
        plain[g], adjusted = x.T @ e, e + left @ (turn * (left.T @ e))
        scores[g] = x.T @ adjusted
        u = x @ bread
        u += left @ (turn[:, None] * (left.T @ u))
        own[:, g] = np.sum(u ** 2, axis=0)
        shared[:, g, :] = (x.T @ u).T
    df = np.array([_satterthwaite(np.diag(own[j]) - shared[j] @ bread @ shared[j].T) for j in range(p)])
    return Clustered(bread @ (plain.T @ plain) @ bread, bread @ (scores.T @ scores) @ bread, df, len(names))


def _codes(clusters: Sequence[object]) -> tuple[np.ndarray, list[str]]:
    labels = [str(one) for one in clusters]
    names = list(dict.fromkeys(labels))
    place = {name: at for at, name in enumerate(names)}
    return np.array([place[label] for label in labels]), names


def _satterthwaite(parts: FloatArray) -> float:
    below = float(np.sum(parts ** 2))
    return float(np.trace(parts)) ** 2 / below if below > 0 else float("nan")
