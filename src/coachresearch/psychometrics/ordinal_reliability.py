"""Reliability of ordinal items: of the observed sum, and of the latent responses behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from coachresearch.core.caution import caution
from coachresearch.core.errors import EstimationError
from coachresearch.core.estimate import Estimate
from coachresearch.display.result import Result
from coachresearch.psychometrics.bivariate import bivariate_cdf
from coachresearch.psychometrics.coefficients import alphas, omegas
from coachresearch.psychometrics.extraction import Estimator, FloatArray
from coachresearch.psychometrics.factor import extract
from coachresearch.psychometrics.polychoric import PolychoricCorrelations

_FAR = 8.0
_LARGEST = 0.99999


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class OrdinalReliability(Result):
    """Reliability of ordinal items.

    Parameters
    ----------
    items : tuple of str
    n : int
        Fewest rows behind a pair of items.
    loadings : array (k)
        One-factor loadings of the latent responses.
    """

    kind: ClassVar[str] = "ordinal_reliability"

    items: tuple[str, ...]
    n: int
    loadings: FloatArray


def ordinal_reliability(
    found: PolychoricCorrelations, *, estimator: Estimator = "minres", title: str = "", source: str = ""
) -> OrdinalReliability:
    """Categorical omega of the observed sum, and alpha and omega of the latent responses.

    Parameters
    ----------
    found : PolychoricCorrelations
        Of the keyed items (k ≥ 3) of one scale.
    estimator : {"ml", "minres", "principal_axis"}
        Of the one-factor solution of the polychoric correlations.
    title, source : str

    Returns
    -------
    OrdinalReliability
        Estimates ``omega_categorical``: reliability of the sum of the answers as they were given. ``alpha_latent`` and
        ``omega_latent``: reliability that the sum of the continuous responses behind the answers would have. Nobody
        ever sees those responses, so these two say nothing about a score that can be formed, and are usually higher.

    Raises
    ------
    NotIdentified
        With fewer than three items.

    Notes
    -----
    The covariance of two observed items under the model is the sum over their thresholds of bivariate minus products of
    univariate normal probabilities; true-score covariances use the product of two loadings as correlation, also for an
    item with itself.

    References
    ----------
    Green & Yang (2009), Psychometrika 74, 155-167, eq. 21. Zumbo, Gadermann & Zeisser (2007), Journal of Modern Applied
    Statistical Methods 6, 21-29 (latent responses). Chalmers (2018), Educational and Psychological Measurement 78,
    1056-1071 (why those are no reliability of a score).
    """
    fit = extract(found.cor, 1, estimator=estimator)
    loadings = fit.loadings[:, 0]
    n = int(found.pair_n[~np.eye(len(loadings), dtype=bool)].min())
    numbers = {
        "omega_categorical": categorical_omega(loadings, found.thresholds, found.cor),
        "alpha_latent": float(alphas(found.cor)),
        "omega_latent": float(omegas(fit.loadings, fit.uniquenesses)),
    }
    cautions = [caution("latent_responses"), *found.cautions]
    cautions += [caution("heywood_item", item=item)
                 for item, bad in zip(found.items, fit.improper, strict=True) if bad]
    cautions += [caution("negative_loading", item=item)
                 for item, value in zip(found.items, loadings, strict=True) if value < 0]
    estimates = [Estimate(term, value, n=n, method=f"{term}_polychoric") for term, value in numbers.items()]
    estimates += [Estimate("loading", float(value), item, n=n, method=f"loading_{estimator}")
                  for item, value in zip(found.items, loadings, strict=True)]
    return OrdinalReliability(title=title or found.title, estimates=tuple(estimates), method="ordinal_reliability",
                              cautions=tuple(cautions), source=source or found.source, items=found.items, n=n,
                              loadings=loadings)


def categorical_omega(
    loadings: FloatArray, thresholds: tuple[FloatArray, ...], cor: FloatArray
) -> float:
    """Share of the variance of the observed sum that the common factor explains (Green & Yang, 2009, eq. 21).

    Parameters
    ----------
    loadings : array (k)
        Standardised loadings of the latent responses.
    thresholds : tuple of arrays
        Of each item.
    cor : array (k, k)
        Polychoric correlations.
    """
    k = len(loadings)
    if len(thresholds) != k or cor.shape != (k, k):
        raise EstimationError(f"{k} loadings stand beside {len(thresholds)} sets of thresholds and correlations of "
                              f"shape {cor.shape}", remedy="Give one of each for every item.")
    true = observed_covariances(np.outer(loadings, loadings), thresholds)
    seen = observed_covariances(cor, thresholds)
    np.fill_diagonal(seen, [_observed_variance(one) for one in thresholds])
    return float(true.sum() / seen.sum())


def observed_covariances(cor: FloatArray, thresholds: tuple[FloatArray, ...]) -> FloatArray:
    """Covariances (k, k) of category numbers whose latent responses have these correlations, diagonal included."""
    from scipy.special import ndtr

    k, most = len(thresholds), max(len(one) for one in thresholds)
    limits = np.full((k, most), _FAR)
    for place, one in enumerate(thresholds):
        limits[place, :len(one)] = one
    first, second = np.triu_indices(k)
    size = np.clip(cor[first, second], -_LARGEST, _LARGEST)
    joint = bivariate_cdf(limits[first][:, :, None], limits[second][:, None, :], size)
    below = ndtr(limits)
    apart = joint - below[first][:, :, None] * below[second][:, None, :]
    covariances = np.zeros((k, k))
    covariances[first, second] = apart.sum(axis=(1, 2))
    covariances[second, first] = covariances[first, second]
    return covariances


def _observed_variance(thresholds: FloatArray) -> float:
    from scipy.special import ndtr

    below = ndtr(thresholds)
    return float(np.sum(np.minimum.outer(below, below) - np.outer(below, below)))
