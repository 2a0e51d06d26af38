"""Who was coached, given what was known before: propensity, overlap, balance, weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from coachresearch.core.errors import EstimationError, NotConverged
from coachresearch.effects.sizes import FloatArray

Target = Literal["everyone", "coached", "overlap"]
_SEPARATED = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Propensity:
    """Chance of being coached, given the covariates.

    Parameters
    ----------
    coefficients : array (p)
        Of the logistic model, with intercept first, for standardised covariates.
    chance : array (n)
    covariance : array (p, p)
    """

    coefficients: FloatArray
    chance: FloatArray
    covariance: FloatArray


def propensity(coached: FloatArray, covariates: FloatArray, names: tuple[str, ...]) -> Propensity:
    """Fit the chance of being coached by logistic regression.

    Parameters
    ----------
    coached : array (n) of 0 and 1
    covariates : array (n, k)
    names : tuple of str
        Of the covariates, for messages.

    Raises
    ------
    NotConverged
        Where covariates separate the arms perfectly (nobody of one arm is like anybody of the other).
    EstimationError
        For covariates that do not vary or repeat each other.

    References
    ----------
    Rosenbaum & Rubin (1983), Biometrika 70, 41-55; Albert & Anderson (1984), Biometrika 71, 1-10 (separation).
    """
    spread = covariates.std(axis=0)
    flat = [name for name, one in zip(names, spread, strict=True) if one <= 1e-12 * (1 + np.abs(covariates).max())]
    if flat:
        raise EstimationError(f"Covariate {', '.join(map(repr, flat))} does not vary", remedy="Leave it out.")
    x = np.column_stack([np.ones(len(coached)), (covariates - covariates.mean(axis=0)) / spread])
    if np.linalg.matrix_rank(x) < x.shape[1]:
        raise EstimationError(f"The covariates {', '.join(names)} repeat each other", remedy="Leave one of them out.")
    b = np.zeros(x.shape[1])
    for _ in range(100):
        chance = 1 / (1 + np.exp(-np.clip(x @ b, -35, 35)))
        weight = chance * (1 - chance)
        if float(weight.max()) < _SEPARATED:
            break
        information = x.T @ (x * weight[:, None])
        if np.linalg.cond(information) > 1e14:
            break
        step = np.linalg.solve(information, x.T @ (coached - chance))
        b = b + step
        if float(np.abs(step).max()) < 1e-10:
            return Propensity(b, chance, np.asarray(np.linalg.inv(information), dtype=float))
        if float(np.abs(b).max()) > 30:
            break
    raise NotConverged(f"The covariates {', '.join(names)} separate the arms perfectly, or nearly: some people of one "
                       "arm have nobody like them in the other, so the arms cannot be made comparable",
                       remedy="Leave out what decided who was coached, or compare by regression discontinuity if a "
                       "score decided.")


def weights_of(chance: FloatArray, coached: FloatArray, target: Target) -> FloatArray:
    """Return weights that make the arms alike: for everyone, for people like those coached, or for the overlap.

    References
    ----------
    Hirano, Imbens & Ridder (2003), Econometrica 71, 1161-1189; Li, Morgan & Zaslavsky (2018), JASA 113, 390-400.
    """
    if target == "everyone":
        return np.asarray(coached / chance + (1 - coached) / (1 - chance))
    if target == "coached":
        return np.asarray(coached + (1 - coached) * chance / (1 - chance))
    if target == "overlap":
        return np.asarray(coached * (1 - chance) + (1 - coached) * chance)
    raise EstimationError(f"There is no target {target!r}", remedy="There are: everyone, coached, overlap.")


def balance(covariates: FloatArray, coached: FloatArray, weights: FloatArray | None = None) -> FloatArray:
    """Return the standardised difference of each covariate between the arms, in unweighted standard deviations.

    References
    ----------
    Austin (2009), Statistics in Medicine 28, 3083-3107.
    """
    here = coached == 1
    w = np.ones(len(coached)) if weights is None else weights
    spread = np.sqrt((covariates[here].var(axis=0, ddof=1) + covariates[~here].var(axis=0, ddof=1)) / 2)
    difference = (np.average(covariates[here], axis=0, weights=w[here])
                  - np.average(covariates[~here], axis=0, weights=w[~here]))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(spread > 0, difference / spread, 0.0))


def common_range(chance: FloatArray, coached: FloatArray) -> NDArray[np.bool_]:
    """Return who lies within the range of chances that both arms have (Dehejia & Wahba, 1999)."""
    here = coached == 1
    low = max(chance[here].min(), chance[~here].min())
    high = min(chance[here].max(), chance[~here].max())
    return np.asarray((chance >= low) & (chance <= high))


def effective_n(weights: FloatArray) -> float:
    """Return how many equally weighted people these weights are worth (Kish, 1965)."""
    return float(weights.sum() ** 2 / (weights @ weights))


def weighted_difference(
    outcome: FloatArray, coached: FloatArray, x: FloatArray, fit: Propensity, target: Target
) -> tuple[float, float]:
    """Return the weighted difference of means and its error, with the estimated chances taken into account.

    Stacked estimating equations of the logistic model and the two weighted means (Lunceford & Davidian, 2004,
    Statistics in Medicine 23, 2937-2960). `x` is the design (n, p) of the logistic model as it was fitted.
    """
    n, p = x.shape
    e, z = fit.chance, coached
    w = weights_of(e, z, target)
    m1, m0 = (float(np.sum(w * (z == arm) * outcome) / np.sum(w * (z == arm))) for arm in (1, 0))
    slope = {"everyone": -z * (1 - e) / e + (1 - z) * e / (1 - e), "coached": (1 - z) * e / (1 - e),
             "overlap": -z * e * (1 - e) + (1 - z) * e * (1 - e)}[target]
    psi = np.column_stack([x * (z - e)[:, None], w * z * (outcome - m1), w * (1 - z) * (outcome - m0)])
    bread = np.zeros((p + 2, p + 2))
    bread[:p, :p] = x.T @ (x * (e * (1 - e))[:, None])
    bread[p, :p] = -(x.T @ (slope * z * (outcome - m1)))
    bread[p + 1, :p] = -(x.T @ (slope * (1 - z) * (outcome - m0)))
    bread[p, p], bread[p + 1, p + 1] = float(np.sum(w * z)), float(np.sum(w * (1 - z)))
    inverse = np.linalg.inv(bread)
    covariance = inverse @ (psi.T @ psi) @ inverse.T * (n / (n - p - 1))
    contrast = np.zeros(p + 2)
    contrast[p], contrast[p + 1] = 1.0, -1.0
    return m1 - m0, float(contrast @ covariance @ contrast) ** 0.5


def doubly_robust(outcome: FloatArray, coached: FloatArray, x: FloatArray, fit: Propensity) -> tuple[float, float]:
    """Return the augmented weighted difference for everyone and its error: right if either model is.

    Influence function with the estimated regressions and chances (Robins, Rotnitzky & Zhao, 1994; Lunceford &
    Davidian, 2004, eq. 9).
    """
    n, p = x.shape
    e, z = fit.chance, coached
    predicted = []
    for arm in (1, 0):
        rows = z == arm
        if int(rows.sum()) <= p:
            raise EstimationError(f"A regression of {p} coefficients within an arm of {int(rows.sum())} people",
                                  remedy="Use fewer covariates.")
        predicted.append(x @ np.linalg.lstsq(x[rows], outcome[rows], rcond=None)[0])
    mu1, mu0 = predicted
    influence = mu1 - mu0 + z * (outcome - mu1) / e - (1 - z) * (outcome - mu0) / (1 - e)
    value = float(influence.mean())
    return value, float(np.sqrt(np.sum((influence - value) ** 2) / (n - p))) / n ** 0.5


def e_value(standardised: float) -> float:
    """How strongly something unmeasured would have to go with coaching and with the outcome to explain an effect away.

    Parameters
    ----------
    standardised : float
        Standardised difference; its size alone counts.

    References
    ----------
    VanderWeele & Ding (2017), Annals of Internal Medicine 167, 268-274: risk ratio approximated by exp(0.91 d).
    """
    ratio = float(np.exp(0.91 * abs(standardised)))
    return ratio + (ratio * (ratio - 1)) ** 0.5
