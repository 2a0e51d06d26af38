"""Mixed models side by side, and how much they explain."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np

from coachresearch.core.caution import caution
from coachresearch.core.errors import EstimationError
from coachresearch.core.estimate import Estimate
from coachresearch.display.result import Result
from coachresearch.effects.mixed.model import MixedModel


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ModelComparison(Result):
    """Nested mixed models: ``aic``, ``bic``, ``log_likelihood`` of each, ``likelihood_ratio`` of each step."""

    kind: ClassVar[str] = "mixed_comparison"


def compare_models(*models: MixedModel) -> ModelComparison:
    """Compare nested models by the likelihood ratio, from the smallest to the largest.

    Parameters
    ----------
    *models : MixedModel
        At least two, of the same rows and outcome, each with more parameters than the one before. Models that differ
        in their fixed effects must be fitted by full likelihood.

    Raises
    ------
    EstimationError
        For models that cannot be compared.

    Notes
    -----
    A variance is tested at the edge of its range, where the p value is too large (up to twice); this is said in a
    caution.
    """
    from scipy import stats

    if len(models) < 2:
        raise EstimationError("One model cannot be compared", remedy="Hand over at least two.")
    _check(models)
    found = []
    edge = False
    for place, model in enumerate(models):
        group = str(place + 1)
        found += [Estimate("log_likelihood", model.log_likelihood, group=group, n=len(model.fit.y)),
                  Estimate("aic", model.aic, group=group), Estimate("bic", model.bic, group=group)]
        if place:
            before = models[place - 1]
            more = model.n_parameters - before.n_parameters
            gain = max(before.fit.deviance - model.fit.deviance, 0.0)
            found.append(Estimate("likelihood_ratio", gain, group=group, statistic=gain, df=more,
                                  p_value=float(stats.chi2.sf(gain, more)), n=len(model.fit.y)))
            edge |= len(model.fit.theta) > len(before.fit.theta)
    notes = (caution("mixed_edge_of_range"),) if edge else ()
    return ModelComparison(title=models[0].title, estimates=tuple(found), method="mixed_likelihood_ratio",
                           cautions=notes)


def _check(models: tuple[MixedModel, ...]) -> None:
    first = models[0]
    for before, model in pairwise(models):
        if not np.array_equal(model.fit.y, first.fit.y):
            raise EstimationError("The models do not stand on the same rows of the same outcome",
                                  remedy="Fit them to one frame without gaps in any of their columns.")
        if model.fit.reml != first.fit.reml or (model.fit.reml and model.names != first.names):
            raise EstimationError("Restricted likelihoods of different fixed effects cannot be compared",
                                  remedy="Fit both models by full likelihood (ml).")
        if model.n_parameters <= before.n_parameters:
            raise EstimationError(f"A model of {model.n_parameters} parameters follows one of {before.n_parameters}",
                                  remedy="Hand over nested models, the smallest first.")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Explained(Result):
    """Share of the variance explained by fixed (``r2_marginal``), and fixed and random effects (``r2_conditional``)."""

    kind: ClassVar[str] = "mixed_explained"


def explained(model: MixedModel) -> Explained:
    """Share of the outcome's variance explained by a mixed model.

    References
    ----------
    Nakagawa & Schielzeth (2013), Methods in Ecology and Evolution 4, 133-142; random slopes: Johnson (2014), same
    journal 5, 944-946.
    """
    fit = model.fit
    fixed = float(np.var(fit.X @ fit.beta, ddof=1))
    random = 0.0
    for one, cov in zip(fit.factors, fit.covariances, strict=True):
        share = (one.weights ** 2).sum(1)
        random += float(np.mean(share * np.einsum("na,ab,nb->n", one.values, cov, one.values)))
    residual = float(np.mean(fit.sigma ** 2 * fit.ratios[fit.strata]))
    total = fixed + random + residual
    found = (Estimate("r2_marginal", fixed / total, n=len(fit.y)),
             Estimate("r2_conditional", (fixed + random) / total, n=len(fit.y)))
    return Explained(title=model.title, estimates=found, method="nakagawa_johnson")
