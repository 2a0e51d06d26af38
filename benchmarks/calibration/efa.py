"""Are exploratory factors the true ones? python -m benchmarks.calibration.efa [DRAWS]

Twelve items on three correlated factors (loadings .8 to .5, correlations .3). Continuous normal answers, or five
skewed options; 15 % missing (complete rows), or none; and one generator that breaks the model on purpose: ten minor
factors beside the three (Tucker, Koopman & Linn, 1969, in spirit). By n: how often parallel analysis (common factors,
components) and MAP find three; bias of the loadings on their factor; coverage of the resampled 95 % intervals of the
loadings and of the factor correlations. For options the truth is the solution of the population covariances.
Results: efa.csv; every row is seeded by its own settings.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from scipy.special import ndtr

from coachresearch.core.errors import EstimationError
from coachresearch.moments.collect import collect
from coachresearch.moments.moments import Moments
from coachresearch.psychometrics.alignment import matching
from coachresearch.psychometrics.dimensions import dimensions
from coachresearch.psychometrics.efa import FactorSolution, bootstrap_factors, exploratory_factors
from coachresearch.psychometrics.ordinal_reliability import observed_covariances
from coachresearch.psychometrics.parallel import parallel_analysis

Shape = Literal["continuous", "skewed"]

SIZES = (50, 100, 300, 1000)
PATTERN = np.kron(np.eye(3), np.array([[0.8], [0.7], [0.6], [0.5]]))
PHI = np.full((3, 3), 0.3) + 0.7 * np.eye(3)
CUTS = np.array([-2.1, -1.5, -0.8, 0.0])
MINOR = 0.10
RESAMPLES = 200


def population(shape: Shape, broken: bool) -> np.ndarray:
    """Correlations of the answers."""
    cor = PATTERN @ PHI @ PATTERN.T
    if broken:
        minor = np.random.default_rng(7).normal(size=(12, 10))
        minor *= np.sqrt(MINOR / np.sum(minor ** 2, axis=1, keepdims=True))
        cor = cor + minor @ minor.T
    np.fill_diagonal(cor, 1.0)
    if shape == "skewed":
        cor = observed_covariances(cor, (CUTS,) * 12)
        below = ndtr(CUTS)
        np.fill_diagonal(cor, np.sum(np.minimum.outer(below, below) - np.outer(below, below)))
        sd = np.sqrt(np.diag(cor))
        cor = cor / np.outer(sd, sd)
    return cor


def latent(broken: bool) -> np.ndarray:
    return np.linalg.cholesky(population("continuous", broken))


def truth_of(shape: Shape, broken: bool) -> FactorSolution:
    """Three factors of the population, in the order of the pattern."""
    return exploratory_factors(Moments.from_published(10_000, cor=population(shape, broken)), 3,
                               rng=np.random.default_rng(1))


def cell(n: int, shape: Shape, gaps: float, broken: bool, draws: int, *, resamples: int = RESAMPLES, seed: int = 1
         ) -> dict[str, object]:
    """Return one row of the table."""
    rng = np.random.default_rng([seed, n, int(100 * gaps), len(shape), broken])
    truth, half = truth_of(shape, broken), latent(broken)
    main = np.abs(truth.loadings) > 0.3
    right = {"factors": 0, "components": 0, "map": 0}
    bias: list[float] = []
    held: list[float] = []
    between: list[float] = []
    refused = heywood = 0
    for _ in range(draws):
        rows = rng.standard_normal((n, 12)) @ half.T
        rows = rows if shape == "continuous" else np.digitize(rows, CUTS) + 1.0
        frame = pd.DataFrame(rows, columns=[f"i{at}" for at in range(12)])
        frame = frame.mask(rng.random(frame.shape) < gaps) if gaps else frame
        try:
            moments = collect(frame)
            counted = parallel_analysis(moments, rng=rng)
            solution = exploratory_factors(moments, 3, rng=rng)
            drawn = bootstrap_factors(frame, solution, rng=rng, draws=resamples)
            right["map"] += dimensions(moments).n_components_map == 3
        except EstimationError:
            refused += 1
            continue
        right["factors"] += counted.n_factors == 3
        right["components"] += counted.n_components == 3
        heywood += bool(solution.improper.any())
        order, signs = matching(truth.loadings, solution.loadings)
        wanted = truth.loadings[:, order] * signs
        bias.append(float(np.mean((np.abs(solution.loadings) - np.abs(wanted))[main[:, order]])))
        phi = truth.phi[np.ix_(order, order)] * np.outer(signs, signs)
        held.append(np.mean([one.conf_low <= wanted[int(one.group[1:]), int(one.term[-1]) - 1] <= one.conf_high
                             for one in drawn.estimates if one.term.startswith("loading_")]))
        between.append(np.mean([
            one.conf_low <= phi[int(one.group[1]) - 1, int(one.group[-1]) - 1] <= one.conf_high
            for one in drawn.estimates if one.term == "factor_r"]))
    used = max(draws - refused, 1)
    return {"n": n, "shape": shape, "missing": gaps, "minor_factors": broken, "draws": draws, "refused": refused,
            "parallel_factors_right": round(right["factors"] / used, 3),
            "parallel_components_right": round(right["components"] / used, 3),
            "map_right": round(right["map"] / used, 3), "heywood": round(heywood / used, 3),
            "loading_bias": round(float(np.mean(bias)), 4) if bias else None,
            "loading_coverage": round(float(np.mean(held)), 3) if held else None,
            "phi_coverage": round(float(np.mean(between)), 3) if between else None}


def table(draws: int) -> pd.DataFrame:
    """All settings."""
    settings = (("continuous", 0.0, False), ("skewed", 0.0, False), ("continuous", 0.15, False),
                ("continuous", 0.0, True))
    return pd.DataFrame([cell(n, shape, gaps, broken, draws) for n in SIZES for shape, gaps, broken in settings])


if __name__ == "__main__":
    found = table(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
    found.to_csv(Path(__file__).with_suffix(".csv"), index=False, lineterminator="\n")
    print(found.to_string(index=False))
