"""Exploratory factors: extracted, turned, with fit; intervals by resampling people."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from coachresearch.core.caution import Caution, caution
from coachresearch.core.errors import EstimationError
from coachresearch.core.estimate import Estimate
from coachresearch.display.result import Result
from coachresearch.moments.collect import numeric_rows
from coachresearch.moments.moments import FloatArray, Moments
from coachresearch.psychometrics.alignment import congruence, matched, turns_towards
from coachresearch.psychometrics.cautions import row_cautions
from coachresearch.psychometrics.extraction import Estimator, extract_many
from coachresearch.psychometrics.factor import Extraction, extract
from coachresearch.psychometrics.fit import Fit, Multiplier, fit_of
from coachresearch.psychometrics.resampling import correlations_of, percentile_interval, resampled_covariances
from coachresearch.psychometrics.rotation import OBLIQUE, Rotated, Rotation, rotate, rotate_many

if TYPE_CHECKING:
    import pandas as pd

_LOADS = 0.30
_MANY = 1000
_SMALLEST_EIGENVALUE = 1e-10


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class FactorSolution(Result):
    """Exploratory factors of a set of items.

    Parameters
    ----------
    items : tuple of str
        The k items, in order.
    n : int
        Complete rows.
    loadings : array (k, m)
        Standardised pattern loadings.
    phi : array (m, m)
        Correlations of the factors.
    uniquenesses : array (k)
    improper : array (k) of bool
        Items at the bound of their uniqueness (Heywood cases).
    residuals : array (k, k)
        Observed minus implied correlations.
    mean, sd : array (k)
        Of the items, for factor scores; NaN where the metric is not known.
    cor : array (k, k)
        Correlations that were analysed.
    estimator : {"ml", "minres", "principal_axis"}
    rotation : Rotation
    rotated : Rotated
        How many starts agreed, and the value of the criterion.
    fit : Fit
    """

    kind: ClassVar[str] = "factor_solution"

    items: tuple[str, ...]
    n: int
    loadings: FloatArray
    phi: FloatArray
    uniquenesses: FloatArray
    improper: np.ndarray
    residuals: FloatArray
    mean: FloatArray
    sd: FloatArray
    cor: FloatArray
    estimator: Estimator
    rotation: Rotation
    rotated: Rotated
    fit: Fit

    @property
    def communalities(self) -> FloatArray:
        """Share of each item's variance that the factors explain (k)."""
        return 1 - self.uniquenesses

    @property
    def factors(self) -> tuple[str, ...]:
        """Names of the factors."""
        return factor_names(self.loadings.shape[1])

    @property
    def figure_frame(self) -> pd.DataFrame:
        """Loadings: one row per item and factor."""
        import pandas as pd

        k, m = self.loadings.shape
        return pd.DataFrame({"item": np.repeat(list(self.items), m), "factor": np.tile(list(self.factors), k),
                             "loading": self.loadings.ravel()})


def factor_names(m: int) -> tuple[str, ...]:
    """Names of m factors."""
    return tuple(f"F{place}" for place in range(1, m + 1))


def exploratory_factors(
    moments: Moments, factors: int, *, title: str = "", estimator: Estimator = "ml", rotation: Rotation | None = None,
    rng: np.random.Generator | None = None, multiplier: Multiplier = "bartlett", source: str = "",
) -> FactorSolution:
    """Exploratory factor analysis of the correlations between items.

    Parameters
    ----------
    moments : Moments
        Items (k columns), complete rows. Moments built from a polychoric matrix (standardised) are welcome; their
        chi-square does not follow its distribution, and a caution says so.
    factors : int
        Number of common factors m, at least 1.
    title : str
        Title of the set of items.
    estimator : {"ml", "minres", "principal_axis"}
        How factors are extracted.
    rotation : Rotation, optional
        How they are turned; oblimin if not given.
    rng : Generator, optional
        For random starts of the rotation; without it the unrotated solution is the only start.
    multiplier : {"bartlett", "n", "n_minus_1"}
        From the discrepancy to chi-square.
    source : str
        Where the answers come from.

    Returns
    -------
    FactorSolution
        Estimates ``loading_1`` ... (group = item), ``communality`` (group = item), ``factor_r`` (group = pair of
        factors), ``determinacy`` (group = factor: correlation of a factor with the best guess at it), ``chi_square``,
        ``cfi``, ``tli``, ``rmsea``, ``srmr``.

    Raises
    ------
    NotIdentified
        If the items are too few for so many factors.
    EstimationError
        If an item does not vary, or the matrix is singular (maximum likelihood).
    NotConverged
        If the extraction stops early.

    Notes
    -----
    Factors are defined up to order and sign: they stand in falling order of the variance they explain, each pointing to
    where most items are. Fit is that of maximum likelihood at the solution, whatever the estimator.

    References
    ----------
    Extraction: `extraction.extract_many`. Rotation: `rotation.rotate`. Determinacy: Grice (2001), Psychological Methods
    6, 430-450.
    """
    chosen = rotation or Rotation()
    found = extract(moments.cor, factors, estimator=estimator)
    rotated = rotate(found.loadings, chosen, rng=rng)
    k = len(moments.columns)
    df = ((k - factors) ** 2 - k - factors) // 2
    fit = fit_of(moments.cor, found.implied, moments.n, df, factors=factors, multiplier=multiplier)
    known = not moments.standardised
    return FactorSolution(
        title=title, estimates=_estimates(moments, found, rotated, fit), method=f"efa_{estimator}",
        cautions=_cautions(moments, found, chosen, rotated, fit), source=source, items=moments.columns, n=moments.n,
        loadings=_frozen(rotated.loadings), phi=_frozen(rotated.phi), uniquenesses=found.uniquenesses,
        improper=found.improper, residuals=_frozen(moments.cor - found.implied), mean=moments.mean,
        sd=moments.sd if known else _frozen(np.full(k, np.nan)), cor=moments.cor, estimator=estimator,
        rotation=chosen, rotated=rotated, fit=fit)


def bootstrap_factors(
    items: pd.DataFrame, solution: FactorSolution, *, rng: np.random.Generator, draws: int = 1000,
    conf_level: float = 0.95,
) -> FactorSolution:
    """Give the loadings and factor correlations of a solution percentile intervals by resampling people.

    Parameters
    ----------
    items : DataFrame
        The rows behind the solution: the same items, complete or not (the same rows are left out).
    solution : FactorSolution
        From `exploratory_factors` on product-moment correlations of these rows.
    rng : Generator
    draws : int
        Resamples, at least 100.
    conf_level : float

    Returns
    -------
    FactorSolution
        With intervals and standard errors, and estimates ``congruence`` (group = factor): the middle one of Tucker's
        coefficients between resampled and original factor, with its interval. Low ones mean that the factor is another
        one in other samples, and that its intervals say little.

    Raises
    ------
    EstimationError
        If the items are not those of the solution, or if their rows are not.

    Notes
    -----
    Every resample is extracted and turned anew, starting near the original, and its factors are matched in order and
    sign to the original by congruence before intervals are taken. Resamples without variance in an item, or without a
    solution, are left out and counted in a caution. In simulations intervals of loadings hold their level from 100
    people on; those of factor correlations hold the population value in about 80 % of samples of 100, 87 % of 300 and
    91 % of 1,000 (`benchmarks/calibration/efa.csv`), and a caution says so under 1,000.

    References
    ----------
    Efron & Tibshirani (1993), An Introduction to the Bootstrap, ch. 13. Zientek & Thompson (2007), Behavior Research
    Methods 39, 318-325 (matching).
    """
    rows = _rows_of(items, solution)
    m = solution.loadings.shape[1]
    patterns, correlations, lost = [], [], 0
    for batch in resampled_covariances(rows, rng, draws):
        cors, usable = correlations_of(batch)
        usable &= np.linalg.eigvalsh(cors)[:, 0] > _SMALLEST_EIGENVALUE
        if not usable.any():
            lost += len(batch)
            continue
        found = extract_many(cors[usable], m, solution.estimator, first=solution.uniquenesses, still=1e-7)
        kept = found.loadings[found.converged]
        lost += len(batch) - len(kept)
        starts = turns_towards(kept, solution.loadings, oblique=solution.rotation.kind in OBLIQUE)
        turned = matched(*rotate_many(kept, solution.rotation, starts), solution.loadings)
        patterns.append(turned[0])
        correlations.append(turned[1])
    if lost > draws / 2:
        raise EstimationError(f"{lost} of {draws} resamples have no factor solution",
                              remedy="There are too few people for so many items to have intervals by resampling.")
    drawn, between = np.concatenate(patterns), np.concatenate(correlations)
    estimates = _with_intervals(solution, drawn, between, conf_level)
    cautions = (*solution.cautions, *([caution("resamples_left_out", n=lost, of=draws)] if lost else []),
                *([caution("factor_r_intervals", n=solution.n)] if _short_of_level(solution) else []))
    return replace(solution, estimates=estimates, cautions=cautions)


def _short_of_level(solution: FactorSolution) -> bool:
    return solution.rotation.oblique and solution.loadings.shape[1] > 1 and solution.n < _MANY


def _rows_of(items: pd.DataFrame, solution: FactorSolution) -> FloatArray:
    names, rows = numeric_rows(items)
    if names != solution.items:
        raise EstimationError(f"The items are {', '.join(names)}, but the solution is about "
                              f"{', '.join(solution.items)}", remedy="Hand over the rows behind the solution.")
    complete = rows[~np.isnan(rows).any(axis=1)]
    same = len(complete) == solution.n and np.allclose(np.corrcoef(complete, rowvar=False), solution.cor, atol=1e-8)
    if not same:
        raise EstimationError("The rows are not those behind the solution: their number or their correlations differ",
                              remedy="Hand over the rows behind a solution of product-moment correlations.")
    return complete


def _with_intervals(
    solution: FactorSolution, drawn: FloatArray, between: FloatArray, conf_level: float
) -> tuple[Estimate, ...]:
    low, high = percentile_interval(drawn, conf_level)
    error = drawn.std(axis=0, ddof=1)
    low_r, high_r = percentile_interval(between, conf_level)
    error_r = between.std(axis=0, ddof=1)
    k, m = solution.loadings.shape
    cells = {(f"loading_{f + 1}", solution.items[i]): (error[i, f], low[i, f], high[i, f])
             for i in range(k) for f in range(m)}
    cells |= {("factor_r", _pair(f, g)): (error_r[g, f], low_r[g, f], high_r[g, f]) for f in range(m) for g in range(f)}
    named = [
        one if (one.term, one.group) not in cells else replace(
            one, std_error=float(cells[one.term, one.group][0]), conf_low=float(cells[one.term, one.group][1]),
            conf_high=float(cells[one.term, one.group][2]), conf_level=conf_level, method="bootstrap_percentile")
        for one in solution.estimates]
    alike = np.stack([np.diag(congruence(one, solution.loadings)) for one in drawn])
    ends = percentile_interval(alike, conf_level)
    named += [Estimate("congruence", float(np.median(alike[:, f])), name, conf_low=float(ends[0][f]),
                       conf_high=float(ends[1][f]), conf_level=conf_level, n=solution.n, method="congruence")
              for f, name in enumerate(solution.factors)]
    return tuple(named)


def _pair(first: int, second: int) -> str:
    return f"F{min(first, second) + 1} & F{max(first, second) + 1}"


def _estimates(moments: Moments, found: Extraction, rotated: Rotated, fit: Fit) -> tuple[Estimate, ...]:
    n, m = moments.n, rotated.loadings.shape[1]
    method = f"loading_{found.estimator}"
    loadings = [Estimate(f"loading_{f + 1}", float(rotated.loadings[i, f]), item, n=n, method=method)
                for f in range(m) for i, item in enumerate(moments.columns)]
    communal = [Estimate("communality", float(1 - found.uniquenesses[i]), item, n=n, method=method)
                for i, item in enumerate(moments.columns)]
    between = [Estimate("factor_r", float(rotated.phi[f, g]), _pair(f, g), n=n, method=method)
               for f in range(m) for g in range(f)]
    known = [Estimate("determinacy", float(value), name, n=n, method="determinacy") for name, value in zip(
        factor_names(m), determinacy(rotated.loadings, rotated.phi, found.implied), strict=True)]
    return (*loadings, *communal, *between, *known, *fit.estimates())


def determinacy(loadings: FloatArray, phi: FloatArray, implied: FloatArray) -> FloatArray:
    """Correlation of each factor with its regression estimate (m)."""
    structure = loadings @ phi
    return np.asarray(np.sqrt(np.clip(np.diag(structure.T @ np.linalg.solve(implied, structure)), 0.0, 1.0)))


def _cautions(
    moments: Moments, found: Extraction, rotation: Rotation, rotated: Rotated, fit: Fit
) -> tuple[Caution, ...]:
    cautions = [one for one in row_cautions(moments) if one.code != "standardised_only"]
    if moments.standardised:
        cautions.append(caution("fit_of_given_correlations"))
    if moments.n < 5 * len(moments.columns):
        cautions.append(caution("few_people_per_item", n=moments.n, items=len(moments.columns)))
    cautions += [caution("heywood_item", item=item)
                 for item, bad in zip(moments.columns, found.improper, strict=True) if bad]
    if not rotated.converged:
        cautions.append(caution("rotation_not_converged"))
    if rotated.n_agreeing < rotated.n_starts:
        cautions.append(caution("rotation_starts", n=rotated.n_agreeing, of=rotated.n_starts))
    weak = [f + 1 for f in range(rotated.loadings.shape[1])
            if int(np.sum(np.abs(rotated.loadings[:, f]) >= _LOADS)) < 3]
    if rotated.loadings.shape[1] > 1:
        cautions += [caution("weak_factor", factor=f"F{place}", cut=_LOADS) for place in weak]
    if fit.df == 0:
        cautions.append(caution("saturated_model"))
    return tuple(cautions)


def _frozen(values: FloatArray) -> FloatArray:
    copy = np.array(values, dtype=float)
    copy.setflags(write=False)
    return copy
