"""Kenward and Roger's adjusted covariance of the fixed effects and their F test.

Everything is summed over blocks of rows that share no group, so that the matrices stay as small as the design allows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from coachresearch.core.errors import EstimationError
from coachresearch.effects.mixed.factors import BoolArray, Factor, FloatArray, IntArray
from coachresearch.effects.mixed.fit import Fit
from coachresearch.effects.mixed.freedom import Test

_LARGEST = 6000
_BATCH = 1_000_000


@dataclass(frozen=True, slots=True, eq=False)
class KenwardRoger:
    """What the adjustment needs.

    Parameters
    ----------
    vcov : array (p, p)
        Adjusted covariance of the fixed effects.
    plain : array (p, p)
        Large-sample covariance.
    parameters : array (K, K)
        Covariance of the variance components (expected information).
    P : array (K, p, p)
        Derivative of the information of the fixed effects by each variance component.
    """

    vcov: FloatArray
    plain: FloatArray
    parameters: FloatArray
    P: FloatArray


def kenward_roger(fit: Fit) -> KenwardRoger:
    """Compute the adjusted covariance of the fixed effects of a fit by restricted likelihood.

    Raises
    ------
    EstimationError
        For a fit by full likelihood, or for more than 6000 rows that hang together through crossed groups.

    References
    ----------
    Kenward & Roger (1997), Biometrics 53, 983-997. Halekoh & Hojsgaard (2014), Journal of Statistical Software 59(9),
    section 2.
    """
    if not fit.reml:
        raise EstimationError("Kenward and Roger's adjustment is defined for restricted likelihood",
                              remedy="Fit by reml, or ask for Satterthwaite's degrees of freedom.")
    K = sum(len(one.pattern) for one in fit.factors) + len(fit.ratios)
    p = fit.X.shape[1]
    P, Q, traces = np.zeros((K, p, p)), np.zeros((K, K, p, p)), np.zeros((K, K))
    for block in _blocks(fit):
        _add(fit, block, P, Q, traces)
    plain = fit.vcov
    bent = np.einsum("ij,kjl->kil", plain, P)
    information = traces - 2 * np.einsum("ij,rsji->rs", plain, Q) + np.einsum("rij,sji->rs", bent, bent)
    parameters = 2 * np.linalg.pinv((information + information.T) / 2, rcond=1e-10, hermitian=True)
    inner = np.einsum("rs,rsij->ij", parameters, Q - np.einsum("rij,jk,skl->rsil", P, plain, P))
    adjusted = plain + 2 * plain @ ((inner + inner.T) / 2) @ plain
    return KenwardRoger(adjusted, plain, parameters, P)


def _blocks(fit: Fit) -> list[IntArray]:
    """Rows (count, size) of blocks that share no group, padded with -1; blocks of similar size together."""
    from scipy import sparse
    from scipy.sparse.csgraph import connected_components

    n = len(fit.y)
    rows, groups, at = [np.arange(n)], [np.arange(n)], n
    for one in fit.factors:
        row, place = np.nonzero((one.codes >= 0) & (one.weights != 0))
        rows.append(row)
        groups.append(one.codes[row, place] + at)
        at += one.m
    ends = np.concatenate(rows[1:]), np.concatenate(groups[1:])
    graph = sparse.coo_array((np.ones(len(ends[0]), dtype=np.int8), ends), shape=(at, at)).tocsr()
    labels = np.unique(connected_components(graph, directed=False)[1][:n], return_inverse=True)[1]
    sizes = np.bincount(labels)
    if sizes.max() > _LARGEST:
        raise EstimationError(f"{sizes.max()} rows hang together through crossed groups; Kenward and Roger's "
                              f"adjustment is offered up to {_LARGEST}", remedy='Ask for df="satterthwaite".')
    steps = 2 ** np.floor(np.log2(np.maximum(sizes, 1)) - 1)
    padded = (np.ceil(sizes / np.maximum(steps, 1)) * np.maximum(steps, 1)).astype(np.int64)
    order = np.argsort(labels, kind="stable")
    starts = np.cumsum(sizes) - sizes
    out = []
    for size in np.unique(padded):
        members = np.flatnonzero(padded == size)
        width = int(sizes[members].max())
        place = np.arange(width)
        at_rows = starts[members][:, None] + np.minimum(place, sizes[members][:, None] - 1)
        block = np.where(place < sizes[members][:, None], order[at_rows], -1)
        out += np.array_split(block, max(1, int(np.ceil(len(block) * width ** 2 / _BATCH))))
    return out


def _add(fit: Fit, block: IntArray, P: FloatArray, Q: FloatArray, traces: FloatArray) -> None:
    there = block >= 0
    X = np.where(there[..., None], fit.X[block], 0.0)
    derivatives = _derivatives(fit, block, there)
    layers = [(there & (fit.strata[block] == h)).astype(float) for h in range(len(fit.ratios))]
    V = np.zeros((*block.shape, block.shape[1]))
    for value, one in zip(_components(fit), derivatives, strict=True):
        V += value * one
    diagonal = np.arange(block.shape[1])
    V[:, diagonal, diagonal] += ~there
    for value, inside in zip(fit.sigma ** 2 * fit.ratios, layers, strict=True):
        V[:, diagonal, diagonal] += value * inside
    inverted = np.linalg.inv(V)
    VX = inverted @ X
    moved = [inverted @ one for one in derivatives] + [inverted * inside[:, None, :] for inside in layers]
    GVX = [one @ VX for one in derivatives] + [inside[..., None] * VX for inside in layers]
    VGVX = [inverted @ one for one in GVX]
    for r in range(len(moved)):
        P[r] -= np.einsum("cip,ciq->pq", VX, GVX[r], optimize=True)
        turned = np.ascontiguousarray(np.swapaxes(moved[r], -1, -2))
        for s in range(r + 1):
            both = np.einsum("cip,ciq->pq", GVX[r], VGVX[s], optimize=True)
            trace = float(np.vdot(turned, moved[s]))
            Q[r, s] += both
            traces[r, s] += trace
            if r != s:
                Q[s, r] += both.T
                traces[s, r] += trace


def _components(fit: Fit) -> FloatArray:
    return np.array([cov[a, b] for one, cov in zip(fit.factors, fit.covariances, strict=True) for a, b in one.pattern])


def _derivatives(fit: Fit, block: IntArray, there: BoolArray) -> list[FloatArray]:
    """Derivatives (count, size, size) of the covariance of the rows by each component of the random effects."""
    out: list[FloatArray] = []
    for one in fit.factors:
        same = _shared(one, block, there)
        values = one.values[block]
        for a, b in one.pattern:
            product = values[..., :, None, a] * values[..., None, :, b]
            out.append(same * (product if a == b else product + np.swapaxes(product, -1, -2)))
    return out


def _shared(one: Factor, block: IntArray, there: BoolArray) -> FloatArray:
    codes = np.where(there[..., None], one.codes[block], -1)
    weights = one.weights[block]
    total = np.zeros((*block.shape, block.shape[1]))
    for i in range(codes.shape[2]):
        for j in range(codes.shape[2]):
            left, right = codes[..., :, None, i], codes[..., None, :, j]
            total += ((left == right) & (left >= 0)) * weights[..., :, None, i] * weights[..., None, :, j]
    return total


def kenward_roger_test(fit: Fit, found: KenwardRoger, contrasts: FloatArray, values: FloatArray) -> Test:
    """Test that contrasts (c, p) have given values (c): scaled F with Kenward and Roger's degrees of freedom."""
    from scipy import stats

    q = int(np.linalg.matrix_rank(contrasts))
    if q < len(contrasts):
        raise EstimationError(f"{len(contrasts)} contrasts say no more than {q} of them",
                              remedy="Leave out those that follow from the others.")
    scale, df2 = _scaling(found, contrasts, q)
    distance = contrasts @ fit.beta - values
    wald = float(distance @ np.linalg.solve(contrasts @ found.vcov @ contrasts.T, distance)) / q
    if q == 1:
        error = float(np.sqrt(contrasts[0] @ found.vcov @ contrasts[0]))
        t = float(distance[0]) / error
        return Test(float(contrasts[0] @ fit.beta), error, t, 1, df2, 2 * float(stats.t.sf(abs(t), df2)))
    statistic = scale * wald
    return Test(float("nan"), float("nan"), statistic, q, df2, float(stats.f.sf(statistic, q, df2)))


def _scaling(found: KenwardRoger, contrasts: FloatArray, q: int) -> tuple[float, float]:
    """Scale and denominator degrees of freedom, Kenward and Roger (1997), section 3."""
    plain = found.plain
    theta = contrasts.T @ np.linalg.solve(contrasts @ plain @ contrasts.T, contrasts)
    bent = np.einsum("ij,jk,rkl,lm->rim", theta, plain, found.P, plain)
    first = np.einsum("rii->r", bent)
    A1 = float(first @ found.parameters @ first)
    A2 = float(np.sum(found.parameters * np.einsum("rij,sji->rs", bent, bent)))
    if A2 <= 0:
        return 1.0, float("inf")
    B = (A1 + 6 * A2) / (2 * q)
    g = ((q + 1) * A1 - (q + 4) * A2) / ((q + 2) * A2)
    below = 3 * q + 2 * (1 - g)
    c1, c2, c3 = g / below, (q - g) / below, (q + 2 - g) / below
    V0, V1, V2 = 1 + c1 * B, 1 - c2 * B, 1 - c3 * B
    V0 = 0.0 if abs(V0) < 1e-10 else V0
    rho = _ratio(1 - A2 / q, V1) ** 2 * V0 / V2 / q
    df2 = 4 + (q + 2) / (q * rho - 1)
    return (1.0 if abs(df2 - 2) < 1e-2 else df2 * (1 - A2 / q) / (df2 - 2)), df2


def _ratio(above: float, below: float) -> float:
    return 1.0 if abs(above) < 1e-14 and abs(below) < 1e-14 else above / below
