"""Are alpha and omega right, and do their intervals hold them? python -m benchmarks.calibration.reliability [DRAWS]

Six keyed items. Continuous normal answers, or five ordered options with even or skewed use; 15 % of the answers missing
completely at random (complete rows are used), or none; and one generator that breaks the model on purpose: two factors
where one is fitted. Truth is worked out and not simulated: population covariances of the answers (for options by the
bivariate normal integral), their alpha, the omega of the one factor that fits them, and the true reliability of the
sum. `bias` and `coverage` are about the coefficient in the population; `gap` is that coefficient minus the true
reliability, which no sample size mends. Results: reliability.csv; every row is seeded by its own settings.
"""

from __future__ import annotations

import sys
from itertools import product
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from scipy.special import ndtr

from coachresearch.core.errors import EstimationError
from coachresearch.draws.factor import factor_answers
from coachresearch.moments.collect import collect
from coachresearch.psychometrics.coefficients import alphas, omegas
from coachresearch.psychometrics.factor import extract
from coachresearch.psychometrics.ordinal_reliability import observed_covariances
from coachresearch.psychometrics.reliability import alpha, omega_total
from coachresearch.psychometrics.reliability_bootstrap import bootstrap_reliability

Shape = Literal["continuous", "even", "skewed"]

SIZES = (50, 100, 300, 1000)
ONE = np.array([[0.5], [0.6], [0.7], [0.8], [0.6], [0.4]])
TWO = np.kron(np.eye(2), np.array([[0.8], [0.7], [0.6]]))
PHI = np.array([[1.0, 0.3], [0.3, 1.0]])
CUTS = {"even": np.array([-1.2, -0.4, 0.4, 1.2]), "skewed": np.array([-2.1, -1.5, -0.8, 0.0])}
RESAMPLES = 400


def population(shape: Shape, broken: bool) -> tuple[np.ndarray, float]:
    """Covariances of the answers, and the true reliability of their sum."""
    pattern, phi = (TWO, PHI) if broken else (ONE, np.eye(1))
    true = pattern @ phi @ pattern.T
    cor = true.copy()
    np.fill_diagonal(cor, 1.0)
    if shape == "continuous":
        return cor, float(true.sum() / cor.sum())
    cuts = (CUTS[shape],) * len(pattern)
    shared = observed_covariances(true, cuts)
    seen = observed_covariances(cor, cuts)
    below = ndtr(CUTS[shape])
    np.fill_diagonal(seen, np.sum(np.minimum.outer(below, below) - np.outer(below, below)))
    return seen, float(shared.sum() / seen.sum())


def coefficients(cov: np.ndarray) -> dict[str, float]:
    """Alpha, and the omega of the one factor that fits these covariances best."""
    sd = np.sqrt(np.diag(cov))
    fit = extract(cov / np.outer(sd, sd))
    return {"alpha": float(alphas(cov)),
            "omega_total": float(omegas(fit.loadings * sd[:, None], fit.uniquenesses * sd ** 2))}


def answers(rng: np.random.Generator, n: int, shape: Shape, gaps: float, broken: bool) -> pd.DataFrame:
    rows = factor_answers(rng, n, loadings=TWO if broken else ONE, phi=PHI if broken else None)
    rows = rows if shape == "continuous" else np.digitize(rows, CUTS[shape]) + 1.0
    frame = pd.DataFrame(rows, columns=[f"i{at}" for at in range(rows.shape[1])])
    return frame.mask(rng.random(frame.shape) < gaps) if gaps else frame


def cell(n: int, shape: Shape, gaps: float, broken: bool, draws: int, *, resample: bool = True, seed: int = 1
         ) -> list[dict[str, object]]:
    """Return a row for each coefficient and interval of one setting."""
    rng = np.random.default_rng([seed, n, int(100 * gaps), len(shape), broken])
    cov, reliability = population(shape, broken)
    truth = coefficients(cov)
    found: dict[tuple[str, str], list[tuple[float, float, float]]] = {}
    refused = 0
    for _ in range(draws):
        frame = answers(rng, n, shape, gaps, broken)
        try:
            moments = collect(frame)
            ones = [(("alpha", name), alpha(moments, interval=name).estimate("alpha"))
                    for name in ("feldt", "bonett", "duhachek")]
            ones.append((("omega_total", "delta"), omega_total(moments).estimate("omega_total")))
            if resample:
                drawn = bootstrap_reliability(frame, rng=rng, draws=RESAMPLES)
                ones += [((one.term, "bootstrap"), one) for one in drawn.estimates]
        except EstimationError:
            refused += 1
            continue
        for key, one in ones:
            found.setdefault(key, []).append((one.estimate, one.conf_low, one.conf_high))
    rows = []
    for (term, interval), values in found.items():
        table = np.array(values)
        known = ~np.isnan(table[:, 1])
        held = (table[known, 1] <= truth[term]) & (truth[term] <= table[known, 2])
        rows.append({
            "n": n, "shape": shape, "missing": gaps, "factors": 2 if broken else 1, "coefficient": term,
            "interval": interval, "population": round(truth[term], 4), "gap": round(truth[term] - reliability, 4),
            "bias": round(float(table[:, 0].mean() - truth[term]), 4),
            "spread": round(float(table[:, 0].std(ddof=1)), 4), "coverage": round(float(held.mean()), 3),
            "monte_carlo_error": round(float(np.sqrt(max(held.mean() * (1 - held.mean()), 1e-9) / len(held))), 3),
            "width": round(float((table[known, 2] - table[known, 1]).mean()), 4),
            "no_interval": int((~known).sum()), "refused": refused, "draws": draws})
    return rows


def table(draws: int, *, resample: bool = True) -> pd.DataFrame:
    """All settings."""
    settings = [(n, shape, gaps, broken) for n, (shape, gaps, broken) in product(SIZES, (
        ("continuous", 0.0, False), ("even", 0.0, False), ("skewed", 0.0, False), ("even", 0.15, False),
        ("even", 0.0, True)))]
    return pd.DataFrame([row for setting in settings for row in cell(*setting, draws, resample=resample)])


if __name__ == "__main__":
    found = table(int(sys.argv[1]) if len(sys.argv) > 1 else 300)
    found.to_csv(Path(__file__).with_suffix(".csv"), index=False, lineterminator="\n")
    print(found.to_string(index=False))
