"""Everybody is coached in the end, in an order decided by chance: stepped wedge; and the constrained baseline."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from coachresearch.core.caution import Caution, caution
from coachresearch.core.errors import DesignError, EstimationError
from coachresearch.effects.designs.effect import Effect
from coachresearch.effects.mixed.model import mixed_model
from coachresearch.effects.mixed.random import Random

if TYPE_CHECKING:
    import pandas as pd

Freedom = Literal["satterthwaite", "kenward_roger"]
_FEW_CLUSTERS = 12


def stepped_wedge(
    frame: pd.DataFrame, *, cluster: str, period: str, outcome: str, coached: str, title: str,
    person: str | None = None, by_period: bool = True, df: Freedom = "kenward_roger", conf_level: float = 0.95,
    source: str = "",
) -> Effect:
    """Effect of coaching where clusters cross from uncoached to coached at different periods.

    Parameters
    ----------
    frame : DataFrame
        Long: one row per person (or cluster mean) and period.
    cluster, period, outcome : str
        Columns.
    coached : str
        Column of 0 and 1: whether the cluster is coached in that period; it never goes back.
    title : str
        The outcome in the reader's words.
    person : str, optional
        Column of the person, where the same people are asked again.
    by_period : bool
        Whether a cluster may have periods of its own (a random effect of cluster and period).
    df : {"satterthwaite", "kenward_roger"}
        Degrees of freedom; the latter for few clusters.
    conf_level : float
        Level of the interval.
    source : str
        Where the rows come from.

    Returns
    -------
    Effect
        ``wedge_effect``: immediate and constant effect, with every period's own level taken out.

    Raises
    ------
    DesignError
        Where a cluster goes back, nobody crosses, or all cross at once.

    References
    ----------
    Hussey & Hughes (2007), Contemporary Clinical Trials 28, 182-191; Hooper et al. (2016), Statistics in Medicine 35,
    4718-4728 (cluster by period); Kenny et al. (2022), Statistics in Medicine 41, 4311-4339 (effects that grow).
    """
    named = [cluster, period, outcome, coached, *([person] if person else [])]
    missing = [name for name in named if name not in frame.columns]
    if missing:
        raise EstimationError(f"There is no column {', '.join(map(repr, missing))}",
                              remedy=f"Columns are: {', '.join(map(str, frame.columns))}.")
    rows = frame[named].dropna().copy()
    n_clusters = _check_steps(rows, cluster, period, coached)
    rows["_period"] = "p" + rows[period].astype(str)
    random = [Random(group=cluster)]
    if by_period:
        random.append(Random(group=(cluster, "_period")))
    if person is not None:
        random.append(Random(group=person, nested_in=cluster))
    fit = mixed_model(rows, outcome=outcome, fixed=("_period", coached), random=tuple(random), df=df,
                      reference={"_period": f"p{min(rows[period])}"}, conf_level=conf_level, title=title)
    main = replace(fit.estimate(coached), term="wedge_effect", method=f"wedge_{df}")
    cautions: list[Caution] = [caution("effect_at_once")]
    if n_clusters < _FEW_CLUSTERS:
        cautions.append(caution("few_clusters", n=n_clusters, minimum=_FEW_CLUSTERS))
    spread = tuple(one for one in fit.estimates if one.term in ("random_sd", "residual_sd", "icc"))
    return Effect(title=title, estimates=(main, *spread), method="stepped_wedge",
                  cautions=(*cautions, *fit.cautions), source=source, design="stepped_wedge",
                  estimand="wedge_effect", recipe=(("cluster", cluster), ("period", period), ("outcome", outcome),
                                                   ("coached", coached)))


def _check_steps(rows: pd.DataFrame, cluster: str, period: str, coached: str) -> int:
    if not set(rows[coached].unique()) <= {0, 1}:
        raise DesignError(f"Column {coached!r} holds other values than 0 and 1", remedy="Say who is coached when.")
    steps = rows.groupby([cluster, period])[coached].agg(["min", "max"]).reset_index()
    mixed = steps[steps["min"] != steps["max"]]
    if len(mixed):
        first = mixed.iloc[0]
        raise DesignError(f"Within cluster {str(first[cluster])!r}, period {first[period]}, some rows are "
                          "coached and some are not", remedy="Coaching starts for the whole cluster.")
    wide = steps.pivot(index=cluster, columns=period, values="max").sort_index(axis=1)
    filled = wide.ffill(axis=1).to_numpy(dtype=float)
    back = wide.index[(np.diff(np.nan_to_num(filled), axis=1) < 0).any(axis=1)]
    if len(back):
        raise DesignError(f"Cluster {str(back[0])!r} is coached and then not",
                          remedy="In a stepped wedge nobody goes back.")
    starts = {tuple(row.dropna()) for _, row in wide.iterrows()}
    if len(starts) < 2 or wide.to_numpy(dtype=float)[~np.isnan(wide.to_numpy(dtype=float))].max() == 0:
        raise DesignError("All clusters cross at the same period, or none does",
                          remedy="Compare coached with uncoached units: difference_in_differences.")
    return len(wide)


def constrained_baseline(
    frame: pd.DataFrame, *, person: str, wave: str, outcome: str, arm: str, coached: str, before: object, title: str,
    cluster: str | None = None, df: Freedom = "satterthwaite", conf_level: float = 0.95, source: str = "",
) -> Effect:
    """Effect at each later wave with one common mean before: uses everybody who answered at any wave.

    Parameters
    ----------
    frame : DataFrame
        Long: one row per person and wave, of two arms.
    person, wave, outcome, arm : str
        Columns.
    coached : str
        The coached arm.
    before : object
        Value of the wave before the coaching.
    title : str
        The outcome in the reader's words.
    cluster : str, optional
        Column of the team or coach, as a random effect.
    df : {"satterthwaite", "kenward_roger"}
    conf_level : float
    source : str

    Returns
    -------
    Effect
        ``baseline_constrained`` for each later wave (group = wave), the last one first.

    Raises
    ------
    EstimationError
        For columns, waves or arms that do not fit, or an arm without anybody at a later wave.

    Notes
    -----
    Chance made the arms alike before, so one mean stands for both; people who left after the first wave still help to
    estimate it. Right where their leaving depends on what was observed.

    References
    ----------
    Liang & Zeger (2000), Sankhya B 62, 134-148; Liu et al. (2009), Statistics in Medicine 28, 2509-2530.
    """
    named = [person, wave, outcome, arm, *([cluster] if cluster else [])]
    missing = [name for name in named if name not in frame.columns]
    if missing:
        raise EstimationError(f"There is no column {', '.join(map(repr, missing))}",
                              remedy=f"Columns are: {', '.join(map(str, frame.columns))}.")
    rows = frame[named].dropna(subset=[person, wave, outcome, arm]).copy()
    later = [one for one in sorted(rows[wave].unique()) if one != before]
    if before not in set(rows[wave]) or not later:
        raise EstimationError(f"There is no wave {before!r}, or no other", remedy="Check the waves.")
    fixed = []
    for place, one in enumerate(later):
        at = rows[wave] == one
        gone = [name for name in rows[arm].unique() if not (at & (rows[arm] == name)).any()]
        if gone or rows[arm].nunique() != 2 or coached not in set(rows[arm]):
            raise EstimationError(f"At wave {one} there is nobody of arm {', '.join(map(repr, gone))}" if gone else
                                  f"There are {rows[arm].nunique()} arms, and {coached!r} must be one of two",
                                  remedy="Compare two arms with people at every wave.")
        rows[f"_at{place}"] = at.astype(float)
        rows[f"_gain{place}"] = (at & (rows[arm] == coached)).astype(float)
        fixed += [f"_at{place}", f"_gain{place}"]
    random = [Random(group=person), *([Random(group=cluster, absent="no_effect")] if cluster else [])]
    fit = mixed_model(rows, outcome=outcome, fixed=tuple(fixed), random=tuple(random), row_id=(person, wave),
                      residual_by=wave if len(later) == 1 else None, df=df, conf_level=conf_level, title=title)
    found = [replace(fit.estimate(f"_gain{place}"), term="baseline_constrained", group=str(one),
                     method=f"constrained_{df}") for place, one in enumerate(later)]
    return Effect(title=title, estimates=tuple(found[::-1]), method="constrained_baseline", cautions=fit.cautions,
                  source=source, design="randomised", estimand="assigned_to_coaching",
                  recipe=(("person", person), ("wave", wave), ("outcome", outcome), ("arm", arm), ("coached", coached),
                          ("before", repr(before))))
