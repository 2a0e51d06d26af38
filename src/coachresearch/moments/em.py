"""Mean and covariance of everybody, rows with gaps included: maximum likelihood by EM on patterns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coachresearch.core.errors import EstimationError, NotConverged
from coachresearch.moments.moments import FloatArray, Unit
from coachresearch.moments.patterns import Patterns

_CHUNK = 256
_SMALLEST = 1e-10


@dataclass(frozen=True, slots=True, eq=False)
class FullInformation:
    """Maximum-likelihood mean and covariance of k columns with gaps.

    Parameters
    ----------
    columns : tuple of str
        The k columns.
    mean : array (k)
        Means.
    cov : array (k, k)
        Covariances, divisor n (maximum likelihood).
    mean_cov : array (k, k)
        Covariance matrix of the estimated means, from the expected information.
    log_likelihood : float
        Of the normal model without restrictions.
    n : int
        Rows with at least one answer.
    n_left_out : int
        Rows without any answer.
    n_complete : int
        Rows without a gap.
    n_patterns : int
        Sets of answered items.
    coverage : array (k, k)
        Share of the n rows that answered both columns.
    steps : int
        Rounds until convergence.
    unit : {"person", "rating", "team_mean"}
        What a row is.

    Notes
    -----
    It is no Moments: it has no single n, and its precision differs from cell to cell.
    """

    columns: tuple[str, ...]
    mean: FloatArray
    cov: FloatArray
    mean_cov: FloatArray
    log_likelihood: float
    n: int
    n_left_out: int
    n_complete: int
    n_patterns: int
    coverage: FloatArray
    steps: int
    unit: Unit = "person"

    @property
    def cor(self) -> FloatArray:
        """Correlations (k × k)."""
        scale = np.sqrt(np.diag(self.cov))
        return np.asarray(self.cov / np.outer(scale, scale))


@dataclass(frozen=True, slots=True, eq=False)
class _Table:
    """Patterns as arrays: answered (p × k), counts (p), means and scatters over all k columns, zero at gaps."""

    answered: FloatArray
    n: FloatArray
    means: FloatArray
    scatters: FloatArray


def em_moments(patterns: Patterns, *, tolerance: float = 1e-8, most_steps: int = 5000) -> FullInformation:
    """Full-information maximum-likelihood mean and covariance.

    Parameters
    ----------
    patterns : Patterns
        From ``collect(rows, into=Patterns)``.
    tolerance : float
        The search ends when no mean moves by more than this share of its standard deviation, and no covariance by more
        than this share of the two standard deviations.
    most_steps : int
        Rounds after which it gives up.

    Returns
    -------
    FullInformation

    Raises
    ------
    EstimationError
        If a column has no answer or does not vary, or two columns have no common row; all are named.
    NotConverged
        If the rounds do not suffice, or the covariance becomes singular.

    Notes
    -----
    Gaps are missing at random given the other columns. Rounds are joined in pairs by squared extrapolation, taken back
    where the likelihood would fall.

    References
    ----------
    Dempster, Laird & Rubin (1977), Journal of the Royal Statistical Society B 39, 1-38; Little & Rubin (2002),
    Statistical Analysis with Missing Data, ch. 11.2; Varadhan & Roland (2008), Scandinavian Journal of Statistics 35,
    335-353 (extrapolation).
    """
    table = _table(patterns)
    coverage = table.answered.T @ (table.answered * table.n[:, None]) / max(patterns.n, 1)
    _check(patterns, table, coverage)
    try:
        mean, cov, steps = _search(table, patterns, tolerance, most_steps)
    except np.linalg.LinAlgError as singular:
        raise _not_converged(patterns) from singular
    value, information = _likelihood(table, mean, cov)
    mean_cov = np.asarray(np.linalg.inv(information), dtype=np.float64)
    for array in (mean, cov, mean_cov, coverage):
        array.setflags(write=False)
    return FullInformation(patterns.columns, mean, cov, mean_cov, value, patterns.n, patterns.n_left_out,
                           patterns.complete.n, len(patterns.parts), coverage, steps, patterns.unit)


def _table(patterns: Patterns) -> _Table:
    k, p = len(patterns.columns), len(patterns.parts)
    answered = patterns.answered
    means, scatters = np.zeros((p, k)), np.zeros((p, k, k))
    for place, part in enumerate(patterns.parts):
        there = np.flatnonzero(answered[place])
        means[place, there] = part.mean
        scatters[place][np.ix_(there, there)] = part.scatter
    return _Table(answered.astype(float), np.array([float(part.n) for part in patterns.parts]), means, scatters)


def _check(patterns: Patterns, table: _Table, coverage: FloatArray) -> None:
    columns = patterns.columns
    if not columns or not patterns.n:
        raise EstimationError(f"There is nothing to estimate from: {patterns.n} rows with answers",
                              remedy="Collect rows with at least one answer.")
    empty = [name for name, share in zip(columns, np.diag(coverage), strict=True) if share == 0]
    if empty:
        raise EstimationError(f"Nobody answered {', '.join(map(repr, empty))}", remedy="Leave it out with select.")
    apart = np.argwhere(np.triu(coverage == 0, 1))
    if len(apart):
        names = "; ".join(f"{columns[i]!r} and {columns[j]!r}" for i, j in apart[:5])
        raise EstimationError(f"No row answers both {names}, so their covariance cannot be estimated",
                              remedy="Leave one of them out with select.")
    flat = [name for name, spread in zip(columns, _start(table)[1], strict=True) if not spread > 0]
    if flat:
        raise EstimationError(f"Column {', '.join(map(repr, flat))} does not vary", remedy="Leave it out with select.")


def _start(table: _Table) -> tuple[FloatArray, FloatArray]:
    """Means and variances of all answers of each column."""
    n = table.answered.T @ table.n
    mean = np.divide(table.means.T @ table.n, n, out=np.zeros_like(n), where=n > 0)
    between = table.answered * (table.means - mean) ** 2 * table.n[:, None]
    squares = np.einsum("pii->i", table.scatters) + between.sum(axis=0)
    squares[squares <= 1e-20 * n * mean ** 2] = 0.0
    return mean, np.divide(squares, n, out=np.zeros_like(n), where=n > 0)


def _search(
    table: _Table, patterns: Patterns, tolerance: float, most_steps: int
) -> tuple[FloatArray, FloatArray, int]:
    mean, variance = _start(table)
    scale = np.sqrt(variance)
    now = (mean, np.diag(variance))
    steps = 0
    while steps < most_steps:
        one, _ = _step(table, *now)
        two, value = _step(table, *one)
        steps += 2
        if _moved(one, two, scale) < tolerance and _moved(now, one, scale) < tolerance:
            if float(np.linalg.eigvalsh(two[1] / np.outer(scale, scale))[0]) < _SMALLEST:
                break
            return (*two, steps)
        now = _leap(table, now, one, two, value)
    raise _not_converged(patterns)


def _not_converged(patterns: Patterns) -> NotConverged:
    return NotConverged(
        f"The mean and covariance of {len(patterns.columns)} columns from {patterns.n} rows with "
        f"{len(patterns.parts)} sets of answered items did not converge",
        remedy="Too few rows answer some columns together, or columns repeat each other; select fewer columns.")


def _moved(old: tuple[FloatArray, FloatArray], new: tuple[FloatArray, FloatArray], scale: FloatArray) -> float:
    return max(float(np.max(np.abs(new[0] - old[0]) / scale)),
               float(np.max(np.abs(new[1] - old[1]) / np.outer(scale, scale))))


def _leap(
    table: _Table, start: tuple[FloatArray, FloatArray], one: tuple[FloatArray, FloatArray],
    two: tuple[FloatArray, FloatArray], value: float,
) -> tuple[FloatArray, FloatArray]:
    """Extrapolate from two rounds (Varadhan & Roland, 2008, scheme S3), unless the likelihood is lower there."""
    first = [after - before for before, after in zip(start, one, strict=True)]
    second = [after - before - move for before, after, move in zip(one, two, first, strict=True)]
    bend = sum(float(np.sum(part ** 2)) for part in second)
    length = -np.sqrt(sum(float(np.sum(part ** 2)) for part in first) / bend) if bend > 0 else -1.0
    if length > -1.0:
        return two
    mean, cov = (begin - 2 * length * move + length ** 2 * turn
                 for begin, move, turn in zip(start, first, second, strict=True))
    if float(np.linalg.eigvalsh(cov)[0]) <= 0:
        return two
    return (mean, cov) if _likelihood(table, mean, cov)[0] >= value else two


def _step(
    table: _Table, mean: FloatArray, cov: FloatArray
) -> tuple[tuple[FloatArray, FloatArray], float]:
    """One round: expected sums given the answers, then their mean and covariance; with the likelihood before it."""
    k = len(mean)
    total, products, value = np.zeros(k), np.zeros((k, k)), 0.0
    n = table.n.sum()
    for at in range(0, len(table.n), _CHUNK):
        part = slice(at, at + _CHUNK)
        answered, count = table.answered[part], table.n[part]
        inverse, log_det = _inverses(cov, answered)
        onto = cov @ inverse + np.eye(k) * (1 - answered)[:, None, :]
        onto *= answered[:, None, :]
        off = answered * (table.means[part] - mean)
        filled = (onto @ off[:, :, None])[:, :, 0]
        residual = cov - onto @ (answered[:, :, None] * cov)
        scatter = table.scatters[part]
        total += filled.T @ count
        products += np.tensordot(onto @ scatter, onto, axes=([0, 2], [0, 2]))
        products += np.tensordot(count, residual, axes=1) + (filled * count[:, None]).T @ filled
        value += _log_likelihood(answered, count, off, scatter, inverse, log_det)
    shift = total / n
    new = products / n - np.outer(shift, shift)
    return (mean + shift, (new + new.T) / 2), value


def _likelihood(table: _Table, mean: FloatArray, cov: FloatArray) -> tuple[float, FloatArray]:
    value, information = 0.0, np.zeros_like(cov)
    for at in range(0, len(table.n), _CHUNK):
        part = slice(at, at + _CHUNK)
        answered, count = table.answered[part], table.n[part]
        inverse, log_det = _inverses(cov, answered)
        off = answered * (table.means[part] - mean)
        value += _log_likelihood(answered, count, off, table.scatters[part], inverse, log_det)
        information += np.tensordot(count, inverse, axes=1)
    return value, information


def _inverses(cov: FloatArray, answered: FloatArray) -> tuple[NDArray, NDArray]:
    """Inverse of each pattern's answered block, zero elsewhere (p × k × k), and the logarithm of its determinant."""
    both = answered[:, :, None] * answered[:, None, :]
    blocks = cov * both
    places = np.arange(len(cov))
    blocks[:, places, places] += 1 - answered
    roots = np.linalg.cholesky(blocks)
    return np.linalg.inv(blocks) * both, 2 * np.log(roots[:, places, places]).sum(axis=1)


def _log_likelihood(
    answered: FloatArray, count: FloatArray, off: FloatArray, scatter: FloatArray, inverse: FloatArray,
    log_det: FloatArray,
) -> float:
    nearness = (inverse @ off[:, :, None])[:, :, 0]
    distance = np.einsum("pij,pij->p", inverse, scatter) + count * (off * nearness).sum(axis=1)
    constant = count * (answered.sum(axis=1) * np.log(2 * np.pi) + log_det)
    return float(-0.5 * (constant + distance).sum())
