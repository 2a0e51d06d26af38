"""A guess at where each person stands on each factor: regression, Bartlett's and ten Berge's scores."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from coachresearch.core.errors import EstimationError
from coachresearch.moments.collect import numeric_rows
from coachresearch.moments.moments import FloatArray
from coachresearch.psychometrics.efa import FactorSolution

if TYPE_CHECKING:
    import pandas as pd

ScoreMethod = Literal["regression", "bartlett", "tenberge"]

_SMALLEST_EIGENVALUE = 1e-10


def factor_scores(items: pd.DataFrame, solution: FactorSolution, *, method: ScoreMethod = "regression") -> pd.DataFrame:
    """Factor scores of people.

    Parameters
    ----------
    items : DataFrame
        One row a person; the items of the solution in its order, in the metric that the solution was made from.
    solution : FactorSolution
    method : {"regression", "bartlett", "tenberge"}
        Closest to the factor; without bias for a given person; or with the factors' own correlations.

    Returns
    -------
    DataFrame
        Columns ``F1`` ...; standardised on the people behind the solution. A person with a gap gets NaN.

    Raises
    ------
    EstimationError
        If the items differ, or the solution does not know their metric.

    Notes
    -----
    Scores are not factors: many are compatible with the same answers. The estimates ``determinacy`` of the solution say
    how closely regression scores follow each factor.

    References
    ----------
    Thurstone (1935), The Vectors of Mind. Bartlett (1937), British Journal of Psychology 28, 97-104. ten Berge,
    Krijnen, Wansbeek & Shapiro (1999), Linear Algebra and its Applications 289, 311-318.
    """
    import pandas as pd

    names, rows = numeric_rows(items)
    if names != solution.items:
        raise EstimationError(f"The items are {', '.join(names)}, but the solution is about "
                              f"{', '.join(solution.items)}", remedy="Hand over these items in this order.")
    if np.isnan(solution.sd).any() or np.isnan(solution.mean).any():
        raise EstimationError("The solution was made from correlations alone, so the metric of the items is not known",
                              remedy="Make it from Moments with means and standard deviations.")
    scores = (rows - solution.mean) / solution.sd @ factor_weights(solution, method)
    return pd.DataFrame(scores, index=items.index, columns=list(solution.factors))


def factor_weights(solution: FactorSolution, method: ScoreMethod = "regression") -> FloatArray:
    """Weights (k, m) of standardised items."""
    loadings, phi = solution.loadings, solution.phi
    if method != "bartlett" and float(np.linalg.eigvalsh(solution.cor)[0]) < _SMALLEST_EIGENVALUE:
        raise EstimationError(f"The correlations behind the solution are singular, so there are no {method} scores",
                              remedy='Use more people than items, drop repeated items, or use "bartlett".')
    if method == "regression":
        return np.asarray(np.linalg.solve(solution.cor, loadings @ phi))
    if method == "bartlett":
        weighted = loadings / solution.uniquenesses[:, None]
        return np.asarray(weighted @ np.linalg.inv(loadings.T @ weighted))
    root = _power(phi, 0.5)
    inverse_root = _power(solution.cor, -0.5)
    between = inverse_root @ loadings @ root
    return np.asarray(inverse_root @ between @ _power(between.T @ between, -0.5) @ root)


def _power(matrix: FloatArray, power: float) -> FloatArray:
    roots, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * np.maximum(roots, 1e-300) ** power) @ vectors.T)
