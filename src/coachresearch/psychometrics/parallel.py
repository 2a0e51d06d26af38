"""How many factors stand out from chance: eigenvalues beside those of answers without any structure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from coachresearch.core.caution import caution
from coachresearch.core.errors import EstimationError
from coachresearch.core.estimate import Estimate
from coachresearch.display.result import Result
from coachresearch.moments.collect import collect, numeric_rows
from coachresearch.moments.moments import FloatArray, Moments
from coachresearch.moments.pairs import PairTables
from coachresearch.psychometrics.cautions import row_cautions
from coachresearch.psychometrics.extraction import extract_many
from coachresearch.psychometrics.polychoric import polychoric

if TYPE_CHECKING:
    import pandas as pd

_BATCH = 200
_STILL = 1e-6


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ParallelAnalysis(Result):
    """Eigenvalues of the answers beside those of answers without structure.

    Parameters
    ----------
    n, n_draws : int
        Rows, and random samples.
    quantile : float
        The random eigenvalue that has to be exceeded.
    components, components_random : array (k)
        Eigenvalues of the correlations, and that quantile of the random ones.
    common, common_random : array (k)
        The same with communalities of one common factor in the diagonal.
    n_components, n_factors : int
        Leading eigenvalues that exceed the random ones.
    """

    kind: ClassVar[str] = "parallel_analysis"

    n: int
    n_draws: int
    quantile: float
    components: FloatArray
    components_random: FloatArray
    common: FloatArray
    common_random: FloatArray
    n_components: int
    n_factors: int

    @property
    def figure_frame(self) -> pd.DataFrame:
        """Scree: one row per series and position."""
        from coachresearch.display.figures.scree_parallel import scree_frame

        return scree_frame(self.components, self.components_random, self.common, self.common_random)


def parallel_analysis(
    moments: Moments, *, rng: np.random.Generator, title: str = "", draws: int = 100, quantile: float = 0.95,
    source: str = "",
) -> ParallelAnalysis:
    """Horn's parallel analysis of components and of common factors, from product-moment correlations.

    Parameters
    ----------
    moments : Moments
        Items (k ≥ 3 columns), complete rows.
    rng : Generator
        Source of the random samples.
    title, source : str
    draws : int
        Random samples of n normal, uncorrelated rows. Their correlation matrices are drawn directly (Bartlett's
        decomposition of a Wishart matrix), so that no row is ever made.
    quantile : float
        Which random eigenvalue has to be exceeded.

    Returns
    -------
    ParallelAnalysis
        Estimates ``n_factors``, ``n_components``, and by position ``eigenvalue``, ``eigenvalue_random``,
        ``eigenvalue_common`` and ``eigenvalue_common_random``.

    Raises
    ------
    EstimationError
        With fewer than three items, no more rows than items, or an item that does not vary.

    References
    ----------
    Horn (1965), Psychometrika 30, 179-185. Glorfeld (1995), Educational and Psychological Measurement 55, 377-393 (95th
    percentile). Humphreys & Ilgen (1969), ibid. 29, 571-578 (common factors). Smith & Hocking (1972), Applied
    Statistics 21, 341-345 (Wishart).
    """
    cor, n = moments.cor, moments.n
    _check(len(cor), n, draws, quantile)
    random = [random_correlations(rng, n, len(cor), size) for size in _batches(draws)]
    return compared(cor, random, n, moments, title, quantile, source, "parallel_pearson")


def parallel_analysis_ordinal(
    items: pd.DataFrame, *, rng: np.random.Generator, title: str = "", draws: int = 100, quantile: float = 0.95,
    source: str = "",
) -> ParallelAnalysis:
    """Horn's parallel analysis of polychoric correlations.

    Parameters
    ----------
    items : DataFrame
        Ordinal answers (n × k, k ≥ 3); complete rows are used.
    rng : Generator
    title, source : str
    draws : int
        Random samples: the answers at hand, each item shuffled on its own, so that its categories stay as they are used
        and nothing is left of what items share.
    quantile : float
        Which random eigenvalue has to be exceeded.

    Returns
    -------
    ParallelAnalysis
        As `parallel_analysis`.

    Raises
    ------
    EstimationError
        As `parallel_analysis`; and if correlations of the answers themselves cannot be estimated. Shuffled samples
        whose correlations cannot be are left out and counted.

    References
    ----------
    Lubbe (2019), Psychological Methods 24, 339-351 (ordinal answers); Buja & Eyuboglu (1992), Multivariate Behavioral
    Research 27, 509-540 (shuffling).
    """
    names, rows = numeric_rows(items)
    complete = rows[~np.isnan(rows).any(axis=1)]
    n = len(complete)
    _check(len(names), n, draws, quantile)
    seen = polychoric(_tables(complete, names))
    random, lost = [], 0
    for _ in range(draws):
        try:
            random.append(polychoric(_tables(rng.permuted(complete, axis=0), names)).cor)
        except EstimationError:
            lost += 1
    if len(random) < draws / 2:
        raise EstimationError(f"{lost} of {draws} shuffled samples have no polychoric correlations",
                              remedy="Join rare categories, or use parallel_analysis of the answers as numbers.")
    found = compared(seen.cor, [np.stack(random)], n, None, title, quantile, source, "parallel_polychoric")
    cautions = [caution("rows_left_out", n=len(rows) - n, of=len(rows))] if n < len(rows) else []
    cautions += [caution("shuffles_left_out", n=lost, of=draws)] if lost else []
    return replace(found, cautions=(*cautions, *seen.cautions))


def _tables(rows: FloatArray, names: tuple[str, ...]) -> PairTables:
    import pandas as pd

    tables: PairTables = collect(pd.DataFrame(rows, columns=list(names)), into=PairTables)
    return tables


def compared(
    cor: FloatArray, random: list[FloatArray], n: int, moments: Moments | None, title: str, quantile: float,
    source: str, method: str,
) -> ParallelAnalysis:
    """Compare the eigenvalues of a correlation matrix with those of stacks of random ones."""
    pairs = [random_eigenvalues(stack) for stack in random]
    chance = np.concatenate([one for one, _ in pairs]), np.concatenate([common for _, common in pairs])
    seen = tuple(one[0] for one in random_eigenvalues(cor[None]))
    limits = tuple(np.quantile(one, quantile, axis=0) for one in chance)
    kept = [_leading(one > limit) for one, limit in zip(seen, limits, strict=True)]
    estimates = [Estimate("n_factors", float(kept[1]), n=n, method=method),
                 Estimate("n_components", float(kept[0]), n=n, method=method)]
    for term, values in (("eigenvalue", seen[0]), ("eigenvalue_random", limits[0]), ("eigenvalue_common", seen[1]),
                         ("eigenvalue_common_random", limits[1])):
        estimates += [Estimate(term, float(value), str(place + 1), n=n, method=method)
                      for place, value in enumerate(values)]
    for values in (*seen, *limits):
        values.setflags(write=False)
    return ParallelAnalysis(
        title=title, estimates=tuple(estimates), method=method, source=source,
        cautions=row_cautions(moments) if moments is not None else (), n=n, n_draws=len(chance[0]), quantile=quantile,
        components=seen[0], components_random=limits[0], common=seen[1], common_random=limits[1],
        n_components=kept[0], n_factors=kept[1])


def random_correlations(rng: np.random.Generator, n: int, k: int, draws: int) -> FloatArray:
    """Correlations (draws, k, k) of n rows of k independent normal columns."""
    lower = np.tril(rng.standard_normal((draws, k, k)), -1)
    places = np.arange(k)
    lower[:, places, places] = np.sqrt(rng.chisquare(n - 1 - places, size=(draws, k)))
    scatter = lower @ np.swapaxes(lower, 1, 2)
    scale = 1 / np.sqrt(scatter[:, places, places])
    return np.asarray(scatter * scale[:, :, None] * scale[:, None, :])


def random_eigenvalues(cors: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Eigenvalues (b, k), falling, of the matrices and of the matrices reduced by one common factor."""
    components = np.array(np.linalg.eigvalsh(cors)[:, ::-1], dtype=np.float64)
    unique = extract_many(cors, 1, "minres", still=_STILL).uniquenesses
    reduced = cors.copy()
    places = np.arange(cors.shape[1])
    reduced[:, places, places] -= unique
    return components, np.array(np.linalg.eigvalsh(reduced)[:, ::-1], dtype=np.float64)


def _leading(above: NDArray[np.bool_]) -> int:
    return len(above) if above.all() else int(np.argmin(above))


def _batches(draws: int) -> list[int]:
    whole, rest = divmod(draws, _BATCH)
    return [_BATCH] * whole + ([rest] if rest else [])


def _check(k: int, n: int, draws: int, quantile: float) -> None:
    if k < 3:
        raise EstimationError(f"{k} items have no structure to look for", remedy="Hand over at least three items.")
    if n <= k:
        raise EstimationError(f"{n} complete rows are too few to tell {k} items from chance",
                              remedy="Use more people than items.")
    if draws < 20 or not 0 < quantile < 1:
        raise EstimationError(f"draws = {draws} and quantile = {quantile} were asked for",
                              remedy="Use at least 20 draws and a quantile between 0 and 1.")
