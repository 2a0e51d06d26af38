"""The profiled (restricted) likelihood of a linear mixed model and its gradient, for many parameter vectors at once.

Symbols are those of Bates, Maechler, Bolker & Walker (2015), Journal of Statistical Software 67(1), section 3: Lambda
is the relative covariance factor, theta its entries. `first` groups are integrated out one by one (their blocks
W = Lambda (I + Lambda'Z'Z Lambda)^-1 Lambda'), the border by dense matrices; T = Lambda Lambda'. The gradient follows
from d log|V| / dT = Z'V^-1 Z and d(r'V^-1 r) / dT = -(Z'V^-1 r)(Z'V^-1 r)', taken within the blocks.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log, pi

import numpy as np

from coachresearch.effects.mixed.crossproducts import Bucket, Products
from coachresearch.effects.mixed.factors import FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Inside:
    """Blocks of Z'V^-1 and of the covariance given the data, for random effects in the units of the relative factor.

    Parameters
    ----------
    first_score : array (R, m, q, p + 1)
        Z1'V^-1 [X, r].
    first_given : array (R, m, q, q)
        Relative covariance of each first group's effects, given the data and the fixed effects.
    border_score : array (R, columns, p + 1)
    border_given : tuple of array (R, count, size, size), one a bucket
    """

    first_score: FloatArray
    first_given: FloatArray
    border_score: FloatArray
    border_given: tuple[FloatArray, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Criterion:
    """Value of the criterion and what comes with it, for R parameter vectors.

    Parameters
    ----------
    deviance : array (R)
        Minus twice the profiled (restricted) log likelihood, without the constant of a rescaled X.
    gradient : array (R, n_theta)
    beta : array (R, p)
    bread : array (R, p, p)
        (X'V^-1 X)^-1 with V relative to the residual variance.
    rss : array (R)
        r'V^-1 r.
    inside : Inside
    """

    deviance: FloatArray
    gradient: FloatArray
    beta: FloatArray
    bread: FloatArray
    rss: FloatArray
    inside: Inside


def inverse(blocks: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Inverse and log determinant of positive definite blocks (..., k, k)."""
    k = blocks.shape[-1]
    if k == 1:
        return 1 / blocks, np.log(blocks[..., 0, 0])
    if k == 2:
        a, b, d = blocks[..., 0, 0], blocks[..., 0, 1], blocks[..., 1, 1]
        determinant = np.where(a * d - b * b > 0, a * d - b * b, np.nan)
        out = np.empty_like(blocks)
        out[..., 0, 0], out[..., 1, 1] = d / determinant, a / determinant
        out[..., 0, 1] = out[..., 1, 0] = -b / determinant
        return out, np.log(determinant)
    try:
        lower = np.linalg.cholesky(blocks)
    except np.linalg.LinAlgError:
        return _one_by_one(blocks)
    logs = 2 * np.log(np.diagonal(lower, axis1=-2, axis2=-1)).sum(-1)
    return np.asarray(np.linalg.inv(blocks), dtype=np.float64), logs


def _one_by_one(blocks: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Inverse and log determinant where some block has lost its last digits; NaN there, which no search accepts."""
    shape, k = blocks.shape[:-2], blocks.shape[-1]
    out, logs = np.full((*shape, k, k), np.nan), np.full(shape, np.nan)
    for place in np.ndindex(*shape):
        try:
            lower = np.linalg.cholesky(blocks[place])
        except np.linalg.LinAlgError:
            continue
        out[place], logs[place] = np.linalg.inv(blocks[place]), 2 * np.log(np.diag(lower)).sum()
    return out, logs


def _transposed(blocks: FloatArray) -> FloatArray:
    return np.swapaxes(blocks, -1, -2)


def factor_of(pattern: tuple[tuple[int, int], ...], q: int, theta: FloatArray) -> FloatArray:
    """Lower triangular factors (R, q, q) from parameters (R, k)."""
    out = np.zeros((len(theta), q, q))
    for place, (a, b) in enumerate(pattern):
        out[:, a, b] = theta[:, place]
    return out


def evaluate(given: Products, theta: FloatArray, *, reml: bool) -> Criterion:
    """Compute the criterion at R parameter vectors.

    Parameters
    ----------
    given : Products
        Sums of products; one outcome, or R of them.
    theta : array (R, n_theta)
    reml : bool
        Restricted rather than full likelihood.
    """
    R, p, layout = len(theta), given.p, given.layout
    first = layout.first
    m, q = given.A.shape[:2]
    k1 = len(first.pattern) if first is not None else 0
    lam = factor_of(first.pattern, q, theta[:, :k1])[:, None] if first is not None else np.zeros((R, 1, 1, 1))
    lamT = _transposed(lam)
    A = given.A[None]
    Z = np.concatenate([np.broadcast_to(given.ZX, (R, m, q, p)),
                        np.broadcast_to(given.Zy, (R, m, q))[..., None]], axis=-1)
    if q == 1:
        one = 1 + lam ** 2 * A
        W, logs = lam ** 2 / one, np.log(one[..., 0, 0])
        WZ = W * Z
        F = 1 - A * W
        E = F * A
    else:
        shrunk, logs = inverse(np.eye(q) + lamT @ A @ lam)
        W = lam @ shrunk @ lamT
        WZ = W @ Z
        F = np.eye(q) - A @ W
        E = F @ A
    total = _gram(given) - _outer(Z, WZ)
    determinant = logs.sum(-1)
    B, B2, pieces = np.zeros((0, R)), np.zeros((R, 0, p + 1)), []
    if layout.border:
        B, B2 = _border(given, W, WZ)
        for bucket in layout.buckets:
            piece = _solve(bucket, theta, B, B2)
            pieces.append(piece)
            total = total - piece.reduction
            determinant = determinant + piece.determinant
    XX, Xy = total[:, :p, :p], total[:, :p, p]
    bread, log_xx = inverse(XX) if p else (XX, np.zeros(R))
    beta = np.einsum("rij,rj->ri", bread, Xy)
    rss = total[:, p, p] - np.einsum("ri,ri->r", beta, Xy)
    rss = np.where(rss > 0, rss, np.nan)
    nu = given.n - p if reml else given.n
    deviance = determinant + given.log_weights + nu * (1 + np.log(2 * pi * rss / nu)) + (log_xx if reml else 0.0)
    turn = np.zeros((R, p + 1, p + 1))
    turn[:] = np.eye(p + 1)
    turn[:, :p, p] = -beta
    kernel = np.zeros((R, p + 1, p + 1))
    if reml:
        kernel[:, :p, :p] = bread
    kernel[:, p, p] = nu / rss
    return _with_gradient(given, theta, lam, W, F, E, Z, B, B2, pieces, turn, kernel,
                          (deviance, beta, bread, rss))


def _gram(given: Products) -> FloatArray:
    p = given.p
    out = np.empty((len(given.yy), p + 1, p + 1))
    out[:, :p, :p], out[:, p, p] = given.XX, given.yy
    out[:, :p, p] = out[:, p, :p] = given.Xy
    return out


def _times(blocks: FloatArray, square: FloatArray) -> FloatArray:
    """Blocks (R, ..., c) times one matrix (R, c, c) each."""
    product: FloatArray = blocks.reshape(len(square), -1, square.shape[-1]) @ square
    return product.reshape(blocks.shape)


def _outer(left: FloatArray, right: FloatArray) -> FloatArray:
    R, m, q, c = left.shape
    product: FloatArray = _transposed(left.reshape(R, m * q, c)) @ right.reshape(R, m * q, c)
    return product


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """One bucket of the border, solved."""

    factor: FloatArray
    inverse: FloatArray
    solved: FloatArray
    reduction: FloatArray
    determinant: FloatArray


def _border(given: Products, W: FloatArray, WZ: FloatArray) -> tuple[FloatArray, FloatArray]:
    R = len(W)
    width = given.p + 1
    A2 = np.concatenate([np.broadcast_to(given.A2X, (R, *given.A2X.shape)),
                         np.broadcast_to(given.A2y, (R, given.A2y.shape[1]))[..., None]], axis=-1)
    if given.P is None:
        return np.repeat(given.A22[:, None], R, axis=1), A2
    B = given.A22[:, None] - given.P @ W.reshape(R, -1).T
    flat = np.moveaxis(WZ.reshape(R, -1, width), 0, 1).reshape(-1, R * width)
    B2 = A2 - np.moveaxis((given.C.T @ flat).reshape(-1, R, width), 1, 0)
    return B, B2


def _square(bucket: Bucket, B: FloatArray) -> FloatArray:
    stop = bucket.entry + bucket.count * bucket.size ** 2
    return B[bucket.entry:stop].T.reshape(-1, bucket.count, bucket.size, bucket.size)


def _columns(bucket: Bucket, B2: FloatArray) -> FloatArray:
    stop = bucket.column + bucket.count * bucket.size
    return B2[:, bucket.column:stop].reshape(len(B2), bucket.count, bucket.size, B2.shape[-1])


def _factor(bucket: Bucket, theta: FloatArray) -> FloatArray:
    shape = (bucket.count, bucket.size) if bucket.diagonal else (bucket.count, bucket.size, bucket.size)
    out = np.zeros((len(theta), int(np.prod(shape))))
    for place, flat in bucket.places:
        out[:, flat] = theta[:, place, None]
    return out.reshape(len(theta), *shape)


def _solve(bucket: Bucket, theta: FloatArray, B: FloatArray, B2: FloatArray) -> Piece:
    square, right = _square(bucket, B), _columns(bucket, B2)
    factor = _factor(bucket, theta)
    if bucket.diagonal:
        matrix = factor[..., :, None] * square * factor[..., None, :]
        right = factor[..., None] * right
    else:
        matrix = _transposed(factor) @ square @ factor
        right = _transposed(factor) @ right
    diagonal = np.arange(bucket.size)
    matrix[..., diagonal, diagonal] += 1
    inverted, logs = inverse(matrix)
    solved = inverted @ right
    return Piece(factor, inverted, solved, _outer(right, solved), logs.sum(-1))


def _with_gradient(
    given: Products, theta: FloatArray, lam: FloatArray, W: FloatArray, F: FloatArray, E: FloatArray, Z: FloatArray,
    B: FloatArray, B2: FloatArray, pieces: list[Piece], turn: FloatArray, kernel: FloatArray,
    found: tuple[FloatArray, FloatArray, FloatArray, FloatArray],
) -> Criterion:
    R, m, q, width = Z.shape
    layout = given.layout
    gradient = np.zeros_like(theta)
    effect = np.zeros((R, layout.n_columns, width))
    score = np.zeros((R, layout.n_columns, width))
    N = np.zeros((layout.n_entries, R))
    givens = []
    for bucket, piece in zip(layout.buckets, pieces, strict=True):
        span = slice(bucket.column, bucket.column + bucket.count * bucket.size)
        square, right = _square(bucket, B), _columns(bucket, B2)
        if bucket.diagonal:
            scaled = square * piece.factor[..., None, :]
            back = piece.factor[..., None] * piece.solved
            core = piece.factor[..., :, None] * piece.inverse * piece.factor[..., None, :]
        else:
            scaled = square @ piece.factor
            back = piece.factor @ piece.solved
            core = piece.factor @ piece.inverse @ _transposed(piece.factor)
        u = _times(right - scaled @ piece.solved, turn)
        solved = _times(piece.solved, turn @ kernel)
        _border_gradient(bucket, gradient, scaled, piece.inverse, u, solved)
        effect[:, span] = back.reshape(R, -1, width)
        score[:, span] = u.reshape(R, -1, width)
        N[bucket.entry:bucket.entry + bucket.count * bucket.size ** 2] = core.reshape(R, -1).T
        givens.append(core)
    first_given = W
    if layout.first is None:
        u1 = np.zeros((R, 0, 1, width))
    else:
        linked = np.zeros((R, m, q, q))
        inner = Z
        if given.P is not None:
            linked = np.ascontiguousarray((given.PT @ N).T).reshape(R, m, q, q)
            flat = np.moveaxis(effect, 0, 1).reshape(-1, R * width)
            inner = Z - np.moveaxis((given.C @ flat).reshape(m * q, R, width), 1, 0).reshape(R, m, q, width)
        if q == 1:
            u1 = F * _times(inner, turn)
            slope = (E - F * linked * F).sum(1)
            first_given = W + W * linked * W
        else:
            u1 = F @ _times(inner, turn)
            slope = (E - F @ linked @ _transposed(F)).sum(1)
            first_given = W + W @ linked @ W
        side = np.swapaxes(_times(u1, kernel), 1, 2).reshape(R, q, -1)
        slope = slope - side @ _transposed(np.swapaxes(u1, 1, 2).reshape(R, q, -1))
        whole = 2 * slope @ lam[:, 0]
        for place, (a, b) in enumerate(layout.first.pattern):
            gradient[:, place] = whole[:, a, b]
    deviance, beta, bread, rss = found
    inside = Inside(u1, first_given, score, tuple(givens))
    return Criterion(deviance, gradient, beta, bread, rss, inside)


def _border_gradient(
    bucket: Bucket, gradient: FloatArray, scaled: FloatArray, inverted: FloatArray, u: FloatArray, solved: FloatArray
) -> None:
    R = len(gradient)
    if bucket.diagonal:
        value = np.einsum("...ij,...ji->...i", scaled, inverted) - np.einsum("...ic,...ic->...i", u, solved)
    else:
        value = scaled @ inverted - u @ _transposed(solved)
    value = 2 * value.reshape(R, -1)
    for place, flat in bucket.places:
        gradient[:, place] += value[:, flat].sum(-1)


def restricted_constant(triangle: FloatArray) -> float:
    """What the restricted criterion gains when X was replaced by the Q of X = QR."""
    return 2 * float(sum(log(abs(value)) for value in np.diag(triangle)))
