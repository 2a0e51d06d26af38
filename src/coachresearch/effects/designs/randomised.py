"""Chance decided who was coached, at once or later: the difference after, adjusted for the score before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import sqrt
from typing import TYPE_CHECKING, Literal

import numpy as np

from coachresearch.core.caution import Caution, caution
from coachresearch.core.errors import EstimationError
from coachresearch.core.estimate import Estimate
from coachresearch.effects.designs.effect import Effect, Rows, coefficient, read_rows
from coachresearch.effects.sizes import FloatArray, hedges_g
from coachresearch.effects.standardised import ancova_d

if TYPE_CHECKING:
    import pandas as pd

_FEW_CLUSTERS = 10


def randomised(
    frame: pd.DataFrame, *, pre: str, post: str, arm: str, coached: str, comparison: str, title: str,
    covariates: Sequence[str] = (), cluster: str | None = None,
    design: Literal["randomised", "waitlist"] = "randomised", conf_level: float = 0.95, source: str = "",
) -> Effect:
    """Effect of being assigned to coaching, among those with both scores.

    Parameters
    ----------
    frame : DataFrame
        One row a person (index), with a numeric column for each wave and one that names the arm.
    pre, post : str
        Columns of the two waves.
    arm, coached, comparison : str
        Column of the arm, and the two arms compared.
    title : str
        The outcome in the reader's words.
    covariates : sequence of str
        Other columns from before the coaching, named in the plan.
    cluster : str, optional
        Column of the team, coach or site that was assigned or shared; errors are then CR2 by cluster.
    design : {"randomised", "waitlist"}
        Whether the comparison arm is coached later.
    conf_level : float
        Level of the intervals.
    source : str
        Where the scores come from.

    Returns
    -------
    Effect
        ``ancova_difference`` first (HC3, or CR2 with clusters); ``change_difference`` and ``post_difference``
        beside it, each with the same kind of error; ``ancova_d`` and ``hedges_g``; ``baseline_difference`` in standard
        deviations, as a description without test.

    Raises
    ------
    EstimationError
        For columns or arms that do not fit, arms of one person, or no spread.

    References
    ----------
    Van Breukelen (2006), Journal of Clinical Epidemiology 59, 920-925; Senn (1994), Statistics in Medicine 13,
    1715-1726 (why baseline differences are not tested); Pustejovsky & Tipton (2018) (CR2).
    """
    rows = read_rows(frame, outcome=post, arm=arm, coached=coached, comparison=comparison,
                     covariates=(pre, *covariates), cluster=cluster)
    group = f"{coached} - {comparison}"
    before = rows.covariates[:, 0]
    ones = np.ones(len(before))
    centred = rows.covariates - rows.covariates.mean(axis=0)
    adjusted = np.column_stack([ones, rows.coached, centred])
    plain = np.column_stack([ones, rows.coached])
    estimates = [
        coefficient(adjusted, rows.outcome, 1, "ancova_difference", clusters=rows.clusters, conf_level=conf_level,
                    model="ancova", group=group),
        coefficient(plain, rows.outcome - before, 1, "change_difference", clusters=rows.clusters,
                    conf_level=conf_level, model="change_scores", group=group),
        coefficient(plain, rows.outcome, 1, "post_difference", clusters=rows.clusters, conf_level=conf_level,
                    model="post_scores", group=group),
        *_standardised(rows, before, group, conf_level)]
    return Effect(title=title, estimates=tuple(estimates), method=design, cautions=cautions_of(rows, cluster),
                  source=source, design=design, estimand="assigned_to_coaching",
                  recipe=(("pre", pre), ("post", post), ("arm", arm), ("coached", coached), ("comparison", comparison),
                          *((("cluster", cluster),) if cluster else ()), ("covariates", " + ".join(covariates))))


def _standardised(rows: Rows, before: FloatArray, group: str, conf_level: float) -> list[Estimate]:
    here = rows.coached == 1
    (pre1, post1), (pre2, post2) = ((before[at], rows.outcome[at]) for at in (here, ~here))
    found = []
    for compute in (lambda: ancova_d(pre1, post1, pre2, post2, conf_level=conf_level),
                    lambda: hedges_g(post1, post2, conf_level=conf_level)):
        try:
            found.append(replace(compute(), group=group))
        except EstimationError:
            continue
    spread = sqrt((float(pre1.var(ddof=1)) + float(pre2.var(ddof=1))) / 2)
    if spread > 0:
        found.append(Estimate("baseline_difference", float(pre1.mean() - pre2.mean()) / spread, group=group,
                              n=len(before), method="standardised_baseline"))
    return found


def cautions_of(rows: Rows, cluster: str | None) -> tuple[Caution, ...]:
    """Say who was left out, and whether the clusters are few."""
    found = []
    if rows.n_left_out:
        found.append(caution("rows_incomplete", n=rows.n_left_out, of=rows.n_left_out + len(rows.outcome)))
    if rows.clusters is not None:
        n = len(set(rows.clusters))
        if n < _FEW_CLUSTERS:
            found.append(caution("few_clusters", n=n, minimum=_FEW_CLUSTERS))
        alone = sum(rows.clusters.count(one) == 1 for one in set(rows.clusters))
        if alone:
            found.append(caution("clusters_of_one", n=alone, column=str(cluster)))
    return tuple(found)
