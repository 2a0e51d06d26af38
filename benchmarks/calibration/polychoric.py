"""Do polychoric correlations find the truth, and do their intervals hold it?

python -m benchmarks.calibration.polychoric [DRAWS]

Six items of five categories, latent correlations of .2 to .7 from one factor; cuts of normal or of skewed answers; 15 %
of the answers missing completely at random, or none; and one generator that breaks the model on purpose: latent
variables with a long tail (log-normal), whose Pearson correlation is then not what a polychoric correlation finds.

What it shows: no bias where the model holds, down to 50 people; intervals that hold from 300 people on, and are too
narrow below (.89 to .94 instead of .95 at 50 and 100 people: a caution says so under 200). Under a long-tailed latent
variable the mean bias stays small because pairs err in both directions, and the intervals fail: .6 at 1,000 people.
Results: polychoric.csv beside this file; every row is seeded by its own settings.
"""

from __future__ import annotations

import sys
from functools import cache
from itertools import product
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from scipy.special import ndtri

from coachresearch.core.errors import EstimationError
from coachresearch.moments.collect import collect
from coachresearch.moments.pairs import PairTables
from coachresearch.psychometrics.polychoric import polychoric

Shape = Literal["normal", "skewed"]
Latent = Literal["normal", "lognormal"]

SIZES = (50, 100, 300, 1000)
LOADINGS = np.array([0.5, 0.6, 0.7, 0.8, 0.85, 0.4])
SHARES = {"normal": (0.07, 0.24, 0.38, 0.24, 0.07), "skewed": (0.02, 0.05, 0.13, 0.30, 0.50)}


def answers(rng: np.random.Generator, n: int, shape: Shape, gaps: float, latent: Latent) -> pd.DataFrame:
    """Draw answers to the six items; the cuts give the wanted shares of answers under either latent distribution."""
    trait = rng.normal(size=(n, 1))
    values = LOADINGS * trait + np.sqrt(1 - LOADINGS ** 2) * rng.normal(size=(n, len(LOADINGS)))
    if latent == "lognormal":
        values = LOADINGS * _tailed(trait) + np.sqrt(1 - LOADINGS ** 2) * _tailed(rng.normal(size=values.shape))
        cuts = _cuts(shape)
        codes = np.column_stack([np.digitize(values[:, at], cuts[at]) for at in range(len(LOADINGS))])
    else:
        codes = np.digitize(values, ndtri(np.cumsum(SHARES[shape])[:-1]))
    frame = pd.DataFrame(codes + 1.0, columns=[f"i{at + 1}" for at in range(len(LOADINGS))])
    return frame.mask(rng.random(frame.shape) < gaps) if gaps else frame


def _tailed(values: np.ndarray) -> np.ndarray:
    return (np.exp(values) - np.exp(0.5)) / np.sqrt(np.exp(2.0) - np.exp(1.0))


@cache
def _cuts(shape: Shape) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(99)
    trait = _tailed(rng.normal(size=(200_000, 1)))
    values = LOADINGS * trait + np.sqrt(1 - LOADINGS ** 2) * _tailed(rng.normal(size=(200_000, len(LOADINGS))))
    return tuple(np.quantile(values[:, at], np.cumsum(SHARES[shape])[:-1]) for at in range(len(LOADINGS)))


def cell(n: int, shape: Shape, gaps: float, latent: Latent, draws: int, seed: int = 1) -> dict[str, object]:
    """Return bias, coverage and the rest for one setting, over all pairs and draws."""
    rng = np.random.default_rng([seed, n, int(100 * gaps), shape == "skewed", latent == "lognormal"])
    pairs = np.triu_indices(len(LOADINGS), 1)
    truth = np.outer(LOADINGS, LOADINGS)[pairs]
    found, errors, inside, pearson, refused, bound, empty = [], [], [], [], 0, 0, 0
    for _ in range(draws):
        frame = answers(rng, n, shape, gaps, latent)
        try:
            result = polychoric(collect(frame, into=PairTables))
        except EstimationError:
            refused += 1
            continue
        ones = [one for one in result.estimates if one.term == "cor"]
        kept = ~result.at_bound[pairs]
        bound += int((~kept).sum())
        empty += int((result.empty_cells[pairs] > 0).sum())
        found.append(np.where(kept, result.cor[pairs], np.nan))
        errors.append(np.where(kept, result.std_errors[pairs], np.nan))
        inside.append(np.where(kept, [one.conf_low <= value <= one.conf_high
                                      for one, value in zip(ones, truth, strict=True)], np.nan))
        pearson.append(frame.corr().to_numpy()[pairs])
    rho, se = np.array(found), np.array(errors)
    total = rho.size
    return {"n": n, "shape": shape, "gaps": gaps, "latent": latent, "draws": draws,
            "bias": float(np.nanmean(rho - truth)),
            "worst_pair_bias": float(np.max(np.abs(np.nanmean(rho, axis=0) - truth))),
            "pearson_bias": float(np.mean(np.array(pearson) - truth)),
            "spread": float(np.sqrt(np.nanmean(np.nanvar(rho, axis=0, ddof=1)))),
            "std_error": float(np.sqrt(np.nanmean(se ** 2))), "coverage": float(np.nanmean(inside)),
            "monte_carlo_error": float(np.nanstd(np.nanmean(inside, axis=1), ddof=1) / np.sqrt(len(inside))),
            "empty_share": empty / total, "at_bound_share": bound / total, "refused": refused}


def table(draws: int, sizes: tuple[int, ...] = SIZES) -> pd.DataFrame:
    """Return one row for each setting."""
    settings = [(n, shape, gaps, "normal") for n, shape, gaps in product(sizes, ("normal", "skewed"), (0.0, 0.15))]
    settings += [(n, shape, 0.0, "lognormal") for n, shape in product(sizes, ("normal", "skewed"))]
    return pd.DataFrame([cell(n, shape, gaps, latent, draws) for n, shape, gaps, latent in settings])


if __name__ == "__main__":
    results = table(int(sys.argv[1]) if len(sys.argv) > 1 else 500)
    results.round(4).to_csv(Path(__file__).with_name("polychoric.csv"), index=False)
    print(results.round(3).to_string(index=False))
