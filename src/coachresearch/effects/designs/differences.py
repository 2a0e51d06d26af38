"""Units followed over periods, some of them coached from a certain period on: difference in differences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from coachresearch.core.caution import Caution, caution
from coachresearch.core.errors import DesignError, EstimationError
from coachresearch.core.estimate import Estimate
from coachresearch.effects.clustered import cluster_robust
from coachresearch.effects.designs.effect import Effect, coefficient
from coachresearch.effects.regression import least_squares
from coachresearch.effects.sizes import FloatArray, with_t

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class EventStudy(Effect):
    """Differences between coached and other units, period by period; built by `difference_in_differences`.

    Parameters
    ----------
    periods : tuple of str
        In time order.
    start : str
        First period with coaching.
    """

    kind: ClassVar[str] = "event_study"

    periods: tuple[str, ...]
    start: str

    @property
    def figure_frame(self) -> pd.DataFrame:
        """One row a period: the difference to that of the last period before coaching."""
        from coachresearch.display.figures.event_study import event_frame

        return event_frame(self.estimates, self.periods, self.start)


def difference_in_differences(
    frame: pd.DataFrame, *, unit: str, period: str, outcome: str, coached: str, start: object, title: str,
    cluster: str | None = None, conf_level: float = 0.95, source: str = "",
) -> EventStudy:
    """How much more coached units changed than the others, with the years before as a check.

    Parameters
    ----------
    frame : DataFrame
        Long: one row per unit and period; periods sort into time order.
    unit, period, outcome : str
        Columns.
    coached : str
        Column of 0 and 1: whether the unit belongs to those who are coached at some time.
    start : object
        First period with coaching, the same for all (units that start at different times need `stepped_wedge`).
    title : str
        The outcome in the reader's words.
    cluster : str, optional
        Column of what was assigned, if larger than the unit; the unit itself if not given.
    conf_level : float
        Level of the intervals.
    source : str
        Where the rows come from.

    Returns
    -------
    EventStudy
        ``did`` first (unit and period effects, CR2 by cluster), then ``lead`` and ``lag`` for each period (group =
        period) against the last one before the start, and ``leads_joint`` (do they differ before already?).

    Raises
    ------
    DesignError
        Where there is no period before or after, or no unit of one kind, or a unit that changes sides.
    EstimationError
        For rows that stand twice or columns that do not fit.

    References
    ----------
    Angrist & Pischke (2009), Mostly Harmless Econometrics, ch. 5; Bertrand, Duflo & Mullainathan (2004), Quarterly
    Journal of Economics 119, 249-275 (errors by unit); Roth (2022), American Economic Review: Insights 4, 305-322 (a
    flat past is weak evidence).
    """
    rows = _read(frame, unit, period, outcome, coached, start, cluster)
    units, periods = rows[unit].astype(str).to_numpy(), sorted(rows[period].unique())
    before = [one for one in periods if one < start]
    when = rows[period].to_numpy()
    treated = rows[coached].to_numpy(dtype=float)
    y = rows[outcome].to_numpy(dtype=float)
    groups = tuple(rows[cluster].astype(str)) if cluster else tuple(units)
    effects = _dummies(units, when, periods)
    active = treated * np.array([one >= start for one in when])
    estimates = [coefficient(np.column_stack([effects, active]), y, effects.shape[1], "did", clusters=groups,
                             conf_level=conf_level, model="did")]
    others = [one for one in periods if one != before[-1]]
    study = np.column_stack([effects, *(treated * (when == one) for one in others)])
    estimates += _events(study, y, effects.shape[1], others, start, groups, conf_level)
    cautions = _cautions(estimates, treated, units, groups)
    return EventStudy(title=title, estimates=tuple(estimates), method="did", cautions=tuple(cautions), source=source,
                      design="difference_in_differences", estimand="did", periods=tuple(map(str, periods)),
                      start=str(start), recipe=(("unit", unit), ("period", period), ("outcome", outcome),
                                                ("coached", coached), ("start", repr(start))))


def _read(
    frame: pd.DataFrame, unit: str, period: str, outcome: str, coached: str, start: object, cluster: str | None
) -> pd.DataFrame:
    named = [unit, period, outcome, coached, *([cluster] if cluster else [])]
    missing = [name for name in named if name not in frame.columns]
    if missing:
        raise EstimationError(f"There is no column {', '.join(map(repr, missing))}",
                              remedy=f"Columns are: {', '.join(map(str, frame.columns))}.")
    rows = frame[named].loc[:, ~frame[named].columns.duplicated()].dropna()
    twice = rows.duplicated([unit, period])
    if twice.any():
        first = rows[twice].iloc[0]
        raise EstimationError(f"{int(twice.sum())} rows stand twice, the first: unit {str(first[unit])!r}, "
                              f"period {first[period]}", remedy="Hand over one row per unit and period.")
    if not set(rows[coached].unique()) <= {0, 1}:
        raise EstimationError(f"Column {coached!r} holds other values than 0 and 1",
                              remedy="Say who is coached at some time.")
    moved = rows.groupby(unit)[coached].nunique()
    if (moved > 1).any():
        raise DesignError(f"{int((moved > 1).sum())} units are coached in some periods and not in others, the first "
                          f"{str(moved[moved > 1].index[0])!r}",
                          remedy="Column coached says who is coached at some time; "
                          "units that start at different times need stepped_wedge.")
    kinds = rows.groupby(unit)[coached].first()
    if kinds.nunique() < 2:
        raise DesignError("All units are of one kind, so there is nothing to compare with",
                          remedy="Add units that were not coached.")
    if min((kinds == 0).sum(), (kinds == 1).sum()) < 2:
        raise DesignError(f"{int((kinds == 1).sum())} units are coached and {int((kinds == 0).sum())} are not",
                          remedy="Errors by unit need at least two of each kind.")
    periods = rows[period].unique()
    if not any(one < start for one in periods) or not any(one >= start for one in periods):
        raise DesignError(f"There is no period before {start!r}, or none from then on",
                          remedy=f"Periods are: {', '.join(map(str, sorted(periods)))}.")
    return rows


def _dummies(units: np.ndarray, when: np.ndarray, periods: list) -> FloatArray:
    names, codes = np.unique(units, return_inverse=True)
    return np.column_stack([np.eye(len(names))[codes], *((when == one).astype(float) for one in periods[1:])])


def _events(
    design: FloatArray, y: FloatArray, first: int, periods: list, start: object, groups: tuple[str, ...],
    conf_level: float,
) -> list[Estimate]:
    from scipy.stats import f

    try:
        fit = least_squares(design, y)
    except EstimationError:
        return []
    robust = cluster_robust(design, fit.residuals, groups)
    found = []
    for place, one in enumerate(periods):
        at = first + place
        sized = with_t(float(fit.coefficients[at]), max(float(robust.cr2[at, at]), 1e-300) ** 0.5,
                       max(float(robust.df[at]), 1.0), conf_level)
        found.append(Estimate("lead" if one < start else "lag", sized.value, str(one), sized.std_error, sized.statistic,
                              sized.df, sized.p_value, sized.low, sized.high, conf_level, len(y), "event_study"))
    leads = [first + place for place, one in enumerate(periods) if one < start]
    if leads:
        block = robust.cr2[np.ix_(leads, leads)]
        if np.linalg.matrix_rank(block) == len(leads):
            b = fit.coefficients[leads]
            statistic = float(b @ np.linalg.solve(block, b)) / len(leads)
            df = float(robust.clusters - len(leads))
            if df > 0:
                found.append(Estimate("leads_joint", statistic, statistic=statistic, df=df,
                                      p_value=float(f.sf(statistic, len(leads), df)), n=len(y), method="leads_joint"))
    return found


def _cautions(
    estimates: list[Estimate], treated: FloatArray, units: np.ndarray, groups: tuple[str, ...]
) -> list[Caution]:
    found = [caution("parallel_past")]
    joint = [one for one in estimates if one.term == "leads_joint"]
    if joint and joint[0].p_value < 0.05:
        found.append(caution("past_not_parallel", p=joint[0].p_value))
    if not joint:
        found.append(caution("past_not_seen"))
    if len(set(groups)) < 10:
        found.append(caution("few_clusters", n=len(set(groups)), minimum=10))
    return found
