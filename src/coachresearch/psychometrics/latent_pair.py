"""The latent correlation of one pair: two ordinal items, or an ordinal item and a number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import nan
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from coachresearch.core.caution import Caution, caution
from coachresearch.core.errors import EstimationError, NotConverged
from coachresearch.core.estimate import Estimate
from coachresearch.display.result import Result
from coachresearch.moments.pairs import PairTables
from coachresearch.moments.sources import frame_batch
from coachresearch.psychometrics.bivariate import bivariate_density
from coachresearch.psychometrics.ordinal import FloatArray, cells, likelihood_ratio, margins, threshold_slopes
from coachresearch.psychometrics.polychoric import polychoric

if TYPE_CHECKING:
    import pandas as pd

PairEstimator = Literal["two_step", "ml"]

_LEAST = 1e-16
_FLAT = 1e-9
_MOST_STEPS = 200
_STEP = 1e-5
_MOST_VALUES = 2


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LatentCorrelation(Result):
    """Latent correlation of one pair.

    Parameters
    ----------
    first, second : str
        The pair.
    thresholds_first, thresholds_second : arrays
        Thresholds of the ordinal items; empty for a number.
    g2, df : float
        Likelihood ratio of the cross-table against two normal variables, and its degrees of freedom; NaN for a number.
    n : int
        Rows that have both.
    """

    kind: ClassVar[str] = "latent_correlation"

    first: str
    second: str
    thresholds_first: FloatArray
    thresholds_second: FloatArray
    g2: float
    df: float
    n: int


@dataclass(frozen=True, slots=True, eq=False)
class _Fit:
    rho: float
    std_error: float
    first: FloatArray
    second: FloatArray


def polychoric_pair(
    tables: PairTables, first: str, second: str, *, estimator: PairEstimator = "ml", thresholds_known: bool = False,
    conf_level: float = 0.95, title: str = "", source: str = "",
) -> LatentCorrelation:
    """Polychoric correlation of two items from their cross-table alone.

    Parameters
    ----------
    tables : PairTables
        Counts.
    first, second : str
        The two items; only rows that answered both count, for the thresholds too.
    estimator : {"ml", "two_step"}
        Thresholds and correlation together, or thresholds first.
    thresholds_known : bool
        For ``two_step``: a standard error that takes the thresholds as known. It is too small.
    conf_level : float
        Level of the interval, symmetric on Fisher's z.
    title, source : str
        What the pair is about, and where it comes from.

    Returns
    -------
    LatentCorrelation
        Estimate ``cor``.

    Raises
    ------
    EstimationError
        If an item has a single category among these rows.
    NotConverged
        If the search stops early, as with a table that asks for a correlation of 1 or -1.

    References
    ----------
    Olsson (1979), Psychometrika 44, 443-460, sections 3 (full maximum likelihood) and 4 (two-step).
    """
    table = tables.table(first, second)
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    alone = _as_tables(tables, first, second, table)
    found = polychoric(alone, conf_level=conf_level)
    kept = table[np.ix_(rows > 0, columns > 0)].astype(float)
    start = _Fit(float(found.cor[0, 1]), float(found.std_errors[0, 1]), *found.thresholds)
    fit = start
    if estimator == "ml":
        fit = _joint(kept, start, f"{first} with {second}")
    elif thresholds_known:
        fit = _Fit(start.rho, _known_error(kept, start), start.first, start.second)
    g2 = float(likelihood_ratio(*_padded(fit, max(kept.shape)), np.array([fit.rho]), _square(kept)[None])[0])
    method = "polychoric_ml" if estimator == "ml" else f"polychoric_{'known' if thresholds_known else 'two_step'}"
    cautions = tuple(one for one in found.cautions if one.code != "not_positive_definite")
    return _result(first, second, fit, int(kept.sum()), method, conf_level, title, source, cautions, g2,
                   kept.size - sum(kept.shape))


def polyserial(
    rows: pd.DataFrame, *, number: str, ordinal: str, estimator: PairEstimator = "ml", conf_level: float = 0.95,
    title: str = "", source: str = "",
) -> LatentCorrelation:
    """Polyserial correlation of a number and an ordinal item.

    Parameters
    ----------
    rows : DataFrame
        Holds both columns; rows with a gap in one of them are left out and counted. The rows are needed, because the
        likelihood looks at each number.
    number, ordinal : str
        The two columns.
    estimator : {"ml", "two_step"}
        Thresholds and correlation together, with mean and standard deviation of the number from the sample; or all of
        them first, and their uncertainty in the standard error.
    conf_level : float
        Level of the interval, symmetric on Fisher's z.
    title, source : str
        What the pair is about, and where it comes from.

    Returns
    -------
    LatentCorrelation
        Estimate ``cor``.

    Raises
    ------
    EstimationError
        If a column does not vary, or the ordinal one does not hold whole numbers.
    NotConverged
        If the search stops early.

    References
    ----------
    Olsson, Drasgow & Dorans (1982), Psychometrika 47, 337-347.
    """
    batch = frame_batch(rows, [number, ordinal])
    values = batch.rows()
    complete = values[~np.isnan(values).any(axis=1)]
    x, codes, counts = _checked(complete, number, ordinal)
    z = (x - x.mean()) / x.std(ddof=1 if estimator == "ml" else 0)
    taus = margins([counts]).thresholds[0]
    name = f"{number} with {ordinal}"
    if estimator == "ml":
        point = _maximise(lambda at: _serial_scores(z, codes, at)[:2], np.concatenate([[_serial_start(z, codes, taus)],
                                                                                       taus]), name)
        error = float(np.sqrt(np.linalg.inv(_curvature(z, codes, point))[0, 0]))
        fit = _Fit(float(point[0]), error, np.empty(0), point[1:])
    else:
        point = _maximise(lambda at: _first_only(z, codes, at, taus), np.array([_serial_start(z, codes, taus)]), name)
        fit = _Fit(float(point[0]), _serial_error(z, codes, float(point[0]), taus), np.empty(0), taus)
    left_out = len(values) - len(complete)
    cautions = (caution("rows_left_out", n=left_out, of=len(values)),) if left_out else ()
    return _result(number, ordinal, fit, len(z), f"polyserial_{estimator}", conf_level, title, source, cautions,
                   nan, nan)


def _result(
    first: str, second: str, fit: _Fit, n: int, method: str, conf_level: float, title: str, source: str,
    cautions: tuple[Caution, ...], g2: float, df: float,
) -> LatentCorrelation:
    from scipy.special import ndtri

    reach = float(ndtri((1 + conf_level) / 2)) * fit.std_error / (1 - fit.rho ** 2)
    low, high = (float(np.tanh(np.arctanh(fit.rho) + sign * reach)) for sign in (-1, 1))
    one = Estimate("cor", fit.rho, f"{first} with {second}", fit.std_error, conf_low=low, conf_high=high,
                   conf_level=conf_level, n=n, method=method)
    for array in (fit.first, fit.second):
        array.setflags(write=False)
    return LatentCorrelation(title=title, estimates=(one,), method=method, source=source, cautions=cautions,
                             first=first, second=second, thresholds_first=fit.first, thresholds_second=fit.second,
                             g2=g2, df=df, n=n)


def _as_tables(tables: PairTables, first: str, second: str, table: NDArray[np.int64]) -> PairTables:
    r, c = table.shape
    counts = np.zeros((r + c, r + c), dtype=np.int64)
    counts[:r, r:], counts[r:, :r] = table, table.T
    counts[np.arange(r), np.arange(r)] = table.sum(axis=1)
    counts[r + np.arange(c), r + np.arange(c)] = table.sum(axis=0)
    n = int(table.sum())
    values = tuple(tables.values[tables.items.index(item)] for item in (first, second))
    return PairTables((first, second), values, counts, n, tables.unit, tables.n + tables.n_left_out - n)


def _square(table: FloatArray) -> FloatArray:
    size = max(table.shape)
    filled = np.zeros((size, size))
    filled[:table.shape[0], :table.shape[1]] = table
    return filled


def _padded(fit: _Fit, size: int) -> tuple[FloatArray, FloatArray]:
    from coachresearch.psychometrics.bivariate import FAR

    first, second = np.full((1, size - 1), FAR), np.full((1, size - 1), FAR)
    first[0, :len(fit.first)], second[0, :len(fit.second)] = fit.first, fit.second
    return first, second


def _slopes(fit: _Fit) -> tuple[FloatArray, FloatArray]:
    """Cell probabilities (r × c), and how they change with the correlation, then each threshold (m × r × c)."""
    r, c = len(fit.first) + 1, len(fit.second) + 1
    first, second = fit.first[None, :], fit.second[None, :]
    rho = np.array([fit.rho])
    edged = np.zeros((1, r + 1, c + 1))
    edged[:, 1:-1, 1:-1] = bivariate_density(first[:, :, None], second[:, None, :], rho[:, None, None])
    found = [np.diff(np.diff(edged[0], axis=0), axis=1)]
    for at, row in enumerate(threshold_slopes(first, second, rho)[0]):
        found.append(np.zeros((r, c)))
        found[-1][at], found[-1][at + 1] = row, -row
    for at, row in enumerate(threshold_slopes(second, first, rho)[0]):
        found.append(np.zeros((r, c)))
        found[-1][:, at], found[-1][:, at + 1] = row, -row
    return np.maximum(cells(first, second, rho)[0], _LEAST), np.array(found)


def _known_error(table: FloatArray, fit: _Fit) -> float:
    chance, slopes = _slopes(fit)
    return float(1 / np.sqrt(table.sum() * (slopes[0] ** 2 / chance).sum()))


def _joint(table: FloatArray, start: _Fit, name: str) -> _Fit:
    """Scoring over the correlation and all thresholds, with shorter steps where the likelihood would fall."""
    split = 1 + len(start.first)

    def unpack(point: FloatArray) -> _Fit:
        return _Fit(float(point[0]), nan, point[1:split], point[split:])

    def scores(point: FloatArray) -> tuple[float, FloatArray, FloatArray]:
        chance, slopes = _slopes(unpack(point))
        flat = slopes.reshape(len(slopes), -1)
        information = table.sum() * (flat / chance.reshape(-1)) @ flat.T
        return float((table * np.log(chance)).sum()), flat @ (table / chance).reshape(-1), information

    point = _scoring(scores, np.concatenate([[start.rho], start.first, start.second]), split, name)
    error = float(np.sqrt(np.linalg.inv(scores(point)[2])[0, 0]))
    fit = unpack(point)
    return _Fit(fit.rho, error, fit.first.copy(), fit.second.copy())


def _allowed(point: FloatArray, split: int) -> bool:
    return bool(abs(point[0]) < 1 and (np.diff(point[1:split]) > 0).all() and (np.diff(point[split:]) > 0).all())


def _scoring(
    scores: Callable[[FloatArray], tuple[float, FloatArray, FloatArray]], point: FloatArray, split: int, name: str
) -> FloatArray:
    value, slope, information = scores(point)
    for _ in range(_MOST_STEPS):
        step = np.linalg.solve(information, slope)
        if float(slope @ step) < _FLAT:
            return point
        share = 1.0
        while share > _FLAT:
            tried = point + share * step
            if _allowed(tried, split):
                now = scores(tried)
                if now[0] >= value:
                    break
            share /= 2
        else:
            return point
        point, (value, slope, information) = tried, now
    raise NotConverged(f"The correlation of {name} did not converge", remedy='Use estimator="two_step".')


def _checked(complete: FloatArray, number: str, ordinal: str) -> tuple[FloatArray, NDArray[np.int64], FloatArray]:
    x, y = complete[:, 0], complete[:, 1]
    if np.isinf(complete).any() or (y != np.floor(y)).any():
        raise EstimationError(f"Column {ordinal!r} must hold whole numbers, and {number!r} finite ones",
                              remedy="Correct the values.")
    categories, codes, counts = np.unique(y, return_inverse=True, return_counts=True)
    if len(categories) < _MOST_VALUES or len(np.unique(x)) < _MOST_VALUES:
        raise EstimationError(f"{number!r} or {ordinal!r} does not vary among {len(complete)} complete rows",
                              remedy="A correlation needs two columns that vary.")
    return x, codes, counts.astype(float)


def _serial_start(z: FloatArray, codes: NDArray[np.int64], taus: FloatArray) -> float:
    slope = float(np.mean(z * (codes - codes.mean())))
    return float(np.clip(slope / (np.exp(-taus ** 2 / 2).sum() / np.sqrt(2 * np.pi)), -0.9, 0.9))


def _edges(z: FloatArray, codes: NDArray[np.int64], rho: float, taus: FloatArray) -> tuple[FloatArray, ...]:
    """Of each row: its two thresholds, the densities there given the number (zero beyond the ends), and its chance."""
    from scipy.special import ndtr

    ends = np.concatenate([[-np.inf], taus, [np.inf]])
    upper, lower = ends[codes + 1], ends[codes]
    root = np.sqrt(1 - rho ** 2)
    u1, u0 = (upper - rho * z) / root, (lower - rho * z) / root
    chance = np.where(u0 > 0, ndtr(-u0) - ndtr(-u1), ndtr(u1) - ndtr(u0))
    d1, d0 = np.exp(-u1 ** 2 / 2) / np.sqrt(2 * np.pi), np.exp(-u0 ** 2 / 2) / np.sqrt(2 * np.pi)
    return np.where(np.isinf(upper), 0.0, upper), np.where(np.isinf(lower), 0.0, lower), d1, d0, np.maximum(
        chance, _LEAST)


def _serial_scores(
    z: FloatArray, codes: NDArray[np.int64], point: FloatArray
) -> tuple[float, FloatArray, FloatArray]:
    """Log-likelihood and its slope in correlation and thresholds (summed; and by row, n × m)."""
    rho, taus = float(point[0]), point[1:]
    if abs(rho) >= 1 or (np.diff(taus) <= 0).any():
        return -np.inf, np.zeros(len(point)), np.zeros((len(z), len(point)))
    upper, lower, d1, d0, chance = _edges(z, codes, rho, taus)
    root = np.sqrt(1 - rho ** 2)
    by_row = np.zeros((len(z), len(point)))
    by_row[:, 0] = (d1 * (rho * upper - z) - d0 * (rho * lower - z)) / (root ** 3 * chance)
    rows = np.arange(len(z))
    inner = codes < len(taus)
    by_row[rows[inner], 1 + codes[inner]] = (d1 / (root * chance))[inner]
    by_row[rows[codes > 0], codes[codes > 0]] -= (d0 / (root * chance))[codes > 0]
    return float(np.log(chance).sum()), by_row.sum(axis=0), by_row


def _first_only(
    z: FloatArray, codes: NDArray[np.int64], point: FloatArray, taus: FloatArray
) -> tuple[float, FloatArray]:
    value, slope, _ = _serial_scores(z, codes, np.concatenate([point, taus]))
    return value, slope[:1]


def _maximise(
    scores: Callable[[FloatArray], tuple[float, FloatArray]], start: FloatArray, name: str
) -> FloatArray:
    from scipy.optimize import minimize

    def turned(point: FloatArray) -> tuple[float, FloatArray]:
        value, slope = scores(point)
        return (1e300, slope) if np.isinf(value) else (-value, -slope)

    found = minimize(turned, start, jac=True, method="BFGS", options={"gtol": 1e-7, "maxiter": _MOST_STEPS})
    point = np.asarray(found.x)
    if float(np.max(np.abs(scores(point)[1]))) > 1e-3 or abs(point[0]) > 1 - 1e-6:
        raise NotConverged(f"The correlation of {name} did not converge",
                           remedy="Look at the numbers by category; a perfect ordering has no finite solution.")
    return point


def _curvature(z: FloatArray, codes: NDArray[np.int64], point: FloatArray) -> FloatArray:
    """Observed information: central differences of the slope."""
    columns = []
    for at in range(len(point)):
        step = np.zeros(len(point))
        step[at] = _STEP
        columns.append((_serial_scores(z, codes, point - step)[1] - _serial_scores(z, codes, point + step)[1])
                       / (2 * _STEP))
    table = np.array(columns)
    return (table + table.T) / 2


def _serial_error(z: FloatArray, codes: NDArray[np.int64], rho: float, taus: FloatArray) -> float:
    """Standard error of the two-step correlation, with mean, variance and thresholds estimated before (Muthén, 1984).

    The number is standardised, so its mean is 0 and its variance 1 here.
    """
    _, _, by_row = _serial_scores(z, codes, np.concatenate([[rho], taus]))
    _, _, d1, d0, chance = _edges(z, codes, rho, taus)
    pull = rho / np.sqrt(1 - rho ** 2) * (d1 - d0) / chance
    own = np.column_stack([z + pull, (z ** 2 - 1 + z * pull) / 2, by_row[:, 1:]])
    counts = np.bincount(codes).astype(float)
    moved = np.column_stack([z, z ** 2 - 1, margins([counts]).influence()[0][codes]]) / len(z)
    score = by_row[:, 0]
    influence = (score - moved @ (own.T @ score)) / float(score @ score)
    return float(np.sqrt(influence @ influence))
