"""For whom: the interaction is what is estimated, not the effect within a subgroup."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from coachresearch.core.caution import caution
from coachresearch.core.errors import EstimationError
from coachresearch.core.estimate import Estimate
from coachresearch.effects.designs.effect import Effect, coefficient, read_rows
from coachresearch.effects.designs.randomised import cautions_of
from coachresearch.effects.sizes import FloatArray

if TYPE_CHECKING:
    import pandas as pd


def moderation(
    frame: pd.DataFrame, *, pre: str, post: str, arm: str, coached: str, comparison: str, moderator: str, title: str,
    covariates: Sequence[str] = (), cluster: str | None = None, planned: bool = False, design: str = "randomised",
    conf_level: float = 0.95, source: str = "",
) -> Effect:
    """Does the effect of coaching differ with something known before?

    Parameters
    ----------
    frame : DataFrame
        One row a person (index).
    pre, post, arm, coached, comparison, covariates, cluster
        As in `randomised`.
    moderator : str
        Column known before the coaching: a number, or words of exactly two levels.
    title : str
        The outcome in the reader's words.
    planned : bool
        Whether the question was registered beforehand.
    design : str
        How people came into their arms.
    conf_level : float
        Level of the intervals.
    source : str
        Where the scores come from.

    Returns
    -------
    Effect
        ``interaction`` (per unit of a numeric moderator, or second level minus first), then ``effect_at`` the mean and
        one standard deviation to either side, or at each level: a picture of the interaction, not claims of their own.

    Raises
    ------
    EstimationError
        Where the moderator does not vary within both arms, or has three and more levels.

    References
    ----------
    Brookes et al. (2004), Journal of Clinical Epidemiology 57, 229-236 (interaction instead of subgroup tests).
    """
    rows = read_rows(frame, outcome=post, arm=arm, coached=coached, comparison=comparison,
                     covariates=(pre, moderator, *covariates), cluster=cluster)
    group = f"{coached} - {comparison}"
    if rows.names[1] != moderator and (len(rows.names) > 2 and rows.names[2].startswith(f"{moderator}=")):
        raise EstimationError(f"The moderator {moderator!r} has more than two levels",
                              remedy="Compare two of them, or give a number.")
    if not rows.names[1].startswith(moderator):
        raise EstimationError(f"The moderator {moderator!r} does not vary", remedy="Nothing can differ with it.")
    values = rows.covariates[:, 1]
    for at in (0.0, 1.0):
        if np.ptp(values[rows.coached == at]) == 0:
            raise EstimationError(f"The moderator {moderator!r} does not vary within both arms",
                                  remedy="Nothing can be said about whom coaching helps more.")
    words = rows.names[1] != moderator
    points = _points(values, rows.names[1], words)
    estimates = [_at(rows.covariates, rows.coached, rows.outcome, values, at, place, rows.clusters, conf_level, group)
                 for place, at in ((3, points[0][1]), *((1, at) for _, at in points))]
    named = [estimates[0], *(_named(one, name) for one, (name, _) in zip(estimates[1:], points, strict=True))]
    cautions = list(cautions_of(rows, cluster))
    cautions += [] if planned else [caution("moderator_not_planned", moderator=moderator)]
    return Effect(title=title, estimates=tuple(named), method="moderation", cautions=tuple(cautions), source=source,
                  design=design, estimand="interaction",
                  recipe=(("pre", pre), ("post", post), ("arm", arm), ("moderator", moderator)))


def _points(values: FloatArray, name: str, words: bool) -> list[tuple[str, float]]:
    if words or set(np.unique(values)) == {0.0, 1.0}:
        return [(f"{name.partition('=')[0]}: 0", 0.0), (f"{name.partition('=')[0]}: 1", 1.0)]
    mean, spread = float(values.mean()), float(values.std(ddof=1))
    return [(f"{name} - 1 SD", mean - spread), (name, mean), (f"{name} + 1 SD", mean + spread)]


def _at(
    covariates: FloatArray, coached: FloatArray, outcome: FloatArray, values: FloatArray, at: float, place: int,
    clusters: tuple[str, ...] | None, conf_level: float, group: str,
) -> Estimate:
    others = np.delete(covariates, 1, axis=1)
    design = np.column_stack([np.ones(len(values)), coached, values - at, coached * (values - at),
                              others - others.mean(axis=0)])
    return coefficient(design, outcome, place, "interaction" if place == 3 else "effect_at", clusters=clusters,
                       conf_level=conf_level, model="ancova", group=group)


def _named(one: Estimate, name: str) -> Estimate:
    from dataclasses import replace

    return replace(one, group=name)
