"""Effects of single coaches, drawn towards the average as far as the data demand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from coachresearch.core.caution import caution
from coachresearch.core.errors import EstimationError
from coachresearch.core.estimate import Estimate
from coachresearch.display.result import Result
from coachresearch.effects.mixed.factors import Factor, IntArray
from coachresearch.effects.mixed.model import MixedModel

if TYPE_CHECKING:
    import pandas as pd

_LEAST_COACHES = 3
_LEAST_COACHEES = 3


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class CoachEffects(Result):
    """Shrunken effects of coaches (term ``coach_effect``, group: the coach), from the lowest to the highest."""

    kind: ClassVar[str] = "coach_effects"

    @property
    def figure_frame(self) -> pd.DataFrame:
        """The coaches alone: ``label``, ``estimate``, ``conf_low``, ``conf_high``, ``n``."""
        import pandas as pd

        shown = [one for one in self.estimates if one.term == "coach_effect"]
        return pd.DataFrame({
            "label": [one.group for one in shown], "estimate": [one.estimate for one in shown],
            "conf_low": [one.conf_low for one in shown], "conf_high": [one.conf_high for one in shown],
            "n": [one.n for one in shown]})


def coach_effects(
    model: MixedModel, *, group: str = "coach", member: str | None = None, effect: str = "intercept",
    minimum: int = 5, conf_level: float = 0.95,
) -> CoachEffects:
    """Shrunken effects of coaches from a mixed model, each with its interval.

    Parameters
    ----------
    model : MixedModel
        With a random effect of the coaches.
    group : str
        The grouping that stands for coaches.
    member : str, optional
        The grouping that stands for their coachees; without it every row counts as a coachee.
    effect : str
        Which random effect of the coach: ``intercept`` or a column.
    minimum : int
        Coachees that a coach must have to be shown; never below 3.
    conf_level : float

    Returns
    -------
    CoachEffects
        In points of the outcome, around the average coach. The intervals are those of the random effects given the
        fixed effects and the variances, so they are somewhat too narrow with few coaches.

    Raises
    ------
    EstimationError
        If the model has no such effect, or fewer than three coaches have enough coachees: a ranking would then say more
        about single people than about coaches.

    References
    ----------
    Goldstein & Spiegelhalter (1996), Journal of the Royal Statistical Society A 159, 385-443 (shrinkage and the
    caution that rankings need).
    """
    from scipy import stats

    if minimum < _LEAST_COACHEES:
        raise EstimationError(f"minimum is {minimum}", remedy=f"It must be at least {_LEAST_COACHEES}.")
    place, factor, column = _found(model, group, effect)
    counts = _coachees(model, factor, member)
    shown = np.flatnonzero(counts >= minimum)
    if len(shown) < _LEAST_COACHES:
        raise EstimationError(
            f"{len(shown)} of {factor.m} groups of {group!r} have at least {minimum} coachees; a comparison of coaches "
            f"needs {_LEAST_COACHES}", remedy="Report the spread between coaches (random_sd) without single coaches.")
    values = model.fit.effects[place][:, column]
    errors = np.sqrt(np.maximum(model.fit.given[place][:, column, column], 0.0))
    quantile = float(stats.norm.isf((1 - conf_level) / 2))
    spread = model.estimate("random_sd", f"{group}: {effect}")
    found = [spread] + [
        Estimate("coach_effect", float(values[one]), group=factor.levels[one], std_error=float(errors[one]),
                 conf_low=float(values[one] - quantile * errors[one]),
                 conf_high=float(values[one] + quantile * errors[one]), conf_level=conf_level, n=int(counts[one]))
        for one in shown[np.argsort(values[shown], kind="stable")]]
    notes = list(model.cautions)
    if len(shown) < factor.m:
        notes.append(caution("mixed_coaches_withheld", n=factor.m - len(shown), of=factor.m, minimum=minimum))
    return CoachEffects(title=model.title, estimates=tuple(found), method="mixed_shrunken", cautions=tuple(notes),
                        source=model.source)


def _found(model: MixedModel, group: str, effect: str) -> tuple[int, Factor, int]:
    for place, one in enumerate(model.fit.factors):
        if one.name == group and effect in one.effects:
            return place, one, one.effects.index(effect)
    known = ", ".join(f"{one.name} ({', '.join(one.effects)})" for one in model.fit.factors)
    raise EstimationError(f"The model has no random effect {effect!r} of {group!r}", remedy=f"It has: {known}.")


def _coachees(model: MixedModel, factor: Factor, member: str | None) -> IntArray:
    if member is None:
        return np.bincount(factor.codes[factor.codes >= 0], minlength=factor.m)
    people = next((one for one in model.fit.factors if one.name == member), None)
    if people is None or not people.simple:
        raise EstimationError(f"The model has no grouping {member!r} of coachees",
                              remedy=f"Groupings: {', '.join(one.name for one in model.fit.factors)}.")
    pairs = [np.stack([column, people.codes[:, 0]]) for column in factor.codes.T]
    both = np.concatenate(pairs, axis=1)
    distinct = np.unique(both[:, (both >= 0).all(axis=0)], axis=1)
    return np.bincount(distinct[0], minlength=factor.m)
