"""Errors of a weighted fit that hold whatever effects of one study share: CR2 with Satterthwaite degrees of freedom."""

from __future__ import annotations

import numpy as np

from coachresearch.effects.sizes import FloatArray


def robust_covariance(
    x: FloatArray, working: list[FloatArray], weights: list[FloatArray], residuals: FloatArray, rows: list[np.ndarray]
) -> tuple[FloatArray, FloatArray]:
    """Return the CR2 covariance of p coefficients and the degrees of freedom of each.

    Parameters
    ----------
    x : array (k, p)
    working : list of array (n_j, n_j)
        Covariance of the effects of each study under the working model.
    weights : list of array (n_j, n_j)
        Weight matrices of the fit.
    residuals : array (k)
    rows : list of array
        Rows of each study.

    References
    ----------
    Tipton (2015), Psychological Methods 20, 375-393; Pustejovsky & Tipton (2018), Journal of Business & Economic
    Statistics 36, 672-683, eq. 7-11.
    """
    p = x.shape[1]
    bread = np.linalg.inv(sum(x[at].T @ w @ x[at] for at, w in zip(rows, weights, strict=True)))
    inner = sum(x[at].T @ w @ phi @ w @ x[at] for at, w, phi in zip(rows, weights, working, strict=True))
    meat = np.zeros((p, p))
    pieces = []
    for at, phi, w in zip(rows, working, weights, strict=True):
        xj = x[at]
        # (I - H) Phi (I - H)' of this study's rows; with weights that are inverse to Phi it is Phi - X B X'.
        cross = xj @ bread @ xj.T @ w @ phi
        left = phi - cross - cross.T + xj @ bread @ inner @ bread @ xj.T
        upper = np.linalg.cholesky(phi).T
        values, vectors = np.linalg.eigh(upper @ left @ upper.T)
        roots = np.where(values > 1e-10 * values.max(), 1 / np.sqrt(np.maximum(values, 1e-300)), 0.0)
        adjust = upper.T @ ((vectors * roots) @ vectors.T) @ upper
        score = xj.T @ w @ adjust @ residuals[at]
        meat += np.outer(score, score)
        pieces.append(bread @ xj.T @ w @ adjust)
    df = np.array([_freedom([piece[j] for piece in pieces], x, working, weights, rows, bread, inner)
                   for j in range(p)])
    return bread @ meat @ bread, df


def _freedom(
    parts: list[FloatArray], x: FloatArray, working: list[FloatArray], weights: list[FloatArray],
    rows: list[np.ndarray], bread: FloatArray, inner: FloatArray,
) -> float:
    """Satterthwaite degrees of freedom from the quadratic forms of the studies under the working model."""
    own = np.array([part @ phi @ part for part, phi in zip(parts, working, strict=True)])
    seen = np.array([x[at].T @ part for part, at in zip(parts, rows, strict=True)])
    through = np.array([x[at].T @ w @ phi @ part
                        for part, at, w, phi in zip(parts, rows, weights, working, strict=True)])
    mixed = seen @ bread @ through.T
    whole = np.diag(own) - mixed - mixed.T + seen @ bread @ inner @ bread @ seen.T
    return float(np.trace(whole)) ** 2 / float(np.sum(whole ** 2))
