"""Growth over waves: a straight line, or one line during the programme and another after it."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from coachresearch.core.errors import EstimationError, Fault
from coachresearch.core.estimate import Estimate
from coachresearch.display.result import Result
from coachresearch.effects.mixed.contrast import contrast, n_people
from coachresearch.effects.mixed.model import DegreesOfFreedom, MixedModel, mixed_model
from coachresearch.effects.mixed.random import Random, RandomTerm, columns_of

if TYPE_CHECKING:
    import pandas as pd

Weights = dict[str, float]

_BAND = 41
_TAKEN = ("time", "during", "after", "coached", "wave_time")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Growth(Result):
    """Slopes per unit of time, by arm, and their difference.

    The estimates hold ``slope`` (a straight line) or ``slope_during``, ``slope_after`` and ``bend`` (after minus
    during), each with group empty, the arm, or ``coached - comparison``.

    Parameters
    ----------
    model : MixedModel
        The model behind it.
    times : tuple of float
        Waves seen.
    arms : tuple of str
        Empty for one group; else the comparison arm and the coached arm.
    knee : float
        End of the programme; NaN for a straight line.
    """

    kind: ClassVar[str] = "growth"

    model: MixedModel
    times: tuple[float, ...]
    arms: tuple[str, ...]
    knee: float

    @property
    def figure_frame(self) -> pd.DataFrame:
        """Means of the model with their band: ``series``, ``part`` (points or curve), ``time``, estimate and ends."""
        import pandas as pd

        rows: list[tuple[str, str, float, float, float, float]] = []
        for arm in self.arms or ("",):
            for part, moments in (("curve", np.linspace(self.times[0], self.times[-1], _BAND)), ("points", self.times)):
                for time in moments:
                    one = contrast(self.model, _mean_at(self.model, float(time) - self.times[0], arm, self.arms,
                                                        self.knee - self.times[0]))
                    rows.append((arm, part, float(time), one.estimate, one.conf_low, one.conf_high))
        return pd.DataFrame(rows, columns=["series", "part", "time", "estimate", "conf_low", "conf_high"])


def growth(
    frame: pd.DataFrame,
    *,
    outcome: str,
    time: str,
    person: str,
    arm: str | None = None,
    coached: str | None = None,
    comparison: str | None = None,
    knee: float | None = None,
    same_start: bool = False,
    random_slope: bool = True,
    groups: tuple[RandomTerm, ...] = (),
    covariates: tuple[str, ...] = (),
    df: DegreesOfFreedom = "satterthwaite",
    conf_level: float = 0.95,
    title: str = "",
) -> Growth:
    """Growth of people over three or more waves, by arm if there are two.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row for each person and wave.
    outcome, time, person : str
        Columns; time is numeric and the slopes are per unit of it. The first wave is taken as the start.
    arm, coached, comparison : str, optional
        Column of the arm, and its two arms.
    knee : float, optional
        Time at which the programme ended: one slope until then, another afterwards.
    same_start : bool
        Whether both arms have one mean at the first wave (a randomised study: constrained baseline).
    random_slope : bool
        Whether people differ in their (first) slope as well as in their level.
    groups : tuple of Random or Membership
        Further groupings, for instance coaches.
    covariates : tuple of str
        Further numeric fixed effects.
    df, conf_level, title
        As in `mixed_model`.

    Raises
    ------
    EstimationError
        For fewer than three waves, a knee outside them, arms that are not there, repeated rows.

    References
    ----------
    Fitzmaurice, Laird & Ware (2011), Applied Longitudinal Analysis, ch. 6 and 8; Liang & Zeger (2000), Sankhya B 62,
    134-148 (constrained baseline).
    """
    import pandas as pd

    times = _times(frame, time, knee, [outcome, person, *([arm] if arm else []), *covariates])
    arms = _arms(frame, arm, coached, comparison)
    extra = [one for term in groups for one in columns_of(term)]
    used = frame if arm is None else frame[frame[arm].astype(str).isin(arms)]
    start = times[0]
    since = used[time] - start
    data = pd.DataFrame({name: used[name] for name in dict.fromkeys([outcome, person, *covariates, *extra])})
    data["wave_time"] = used[time]
    if knee is None:
        pieces: tuple[str, ...] = ("time",)
        data["time"] = since
    else:
        pieces = ("during", "after")
        data["during"] = np.minimum(since, knee - start)
        data["after"] = np.maximum(used[time] - knee, 0.0)
    fixed = pieces
    if arms:
        data["coached"] = (used[arm].astype(str) == arms[1]).astype(float)
        fixed = (*(() if same_start else ("coached",)), *pieces, *(f"{one}:coached" for one in pieces))
    effects = ("1", pieces[0]) if random_slope else ("1",)
    model = mixed_model(data, outcome=outcome, fixed=(*fixed, *covariates), random=(Random(person, effects), *groups),
                        row_id=(person, "wave_time"), df=df, conf_level=conf_level, title=title)
    return Growth(title=model.title, estimates=tuple(_slopes(model, pieces, arms)), method="mixed_growth",
                  cautions=model.cautions, model=model, times=times, arms=arms,
                  knee=nan if knee is None else float(knee))


def _times(frame: pd.DataFrame, time: str, knee: float | None, others: list[str]) -> tuple[float, ...]:
    absent = [name for name in (time, *others) if name not in frame.columns]
    if absent:
        raise EstimationError(f"There is no column {', '.join(map(repr, absent))}",
                              remedy=f"Columns are: {', '.join(map(str, frame.columns))}.")
    if getattr(frame[time].dtype, "kind", "O") not in "iuf":
        raise EstimationError(f"The time {time!r} is of type {frame[time].dtype}, not a number",
                              remedy="Hand over weeks or months since the start.")
    taken = [name for name in others if name in _TAKEN]
    if taken:
        raise EstimationError(f"Columns are called {', '.join(map(repr, taken))}, a name that the model itself uses",
                              remedy="Give them other names.")
    times = tuple(float(one) for one in np.unique(frame[time].dropna()))
    faults = []
    if len(times) < 3:
        faults.append(Fault(f"There are {len(times)} waves, and growth needs three",
                            remedy="Compare two waves as a change."))
    elif knee is not None and not times[0] < knee < times[-1]:
        faults.append(Fault(f"The knee {knee:g} does not lie between the first wave and the last",
                            remedy=f"Waves are at: {', '.join(f'{one:g}' for one in times)}."))
    if faults:
        raise EstimationError.of(faults)
    return times


def _arms(frame: pd.DataFrame, arm: str | None, coached: str | None, comparison: str | None) -> tuple[str, ...]:
    if arm is None:
        if coached is not None or comparison is not None:
            raise EstimationError("Arms are named, but no column says who belongs to which",
                                  remedy='Name the column: arm="arm".')
        return ()
    seen = [str(one) for one in dict.fromkeys(frame[arm].dropna())]
    if coached is None or comparison is None or coached == comparison or not {coached, comparison} <= set(seen):
        raise EstimationError(f"The arms to compare are {coached!r} and {comparison!r}",
                              remedy=f"Name two that are there: coached=..., comparison=...; there are: "
                                     f"{', '.join(seen)}.")
    return comparison, coached


def _slopes(model: MixedModel, pieces: tuple[str, ...], arms: tuple[str, ...]) -> list[Estimate]:
    names = {"time": "slope", "during": "slope_during", "after": "slope_after"}
    asked: list[tuple[str, Weights]] = [(names[one], {one: 1.0}) for one in pieces]
    if len(pieces) > 1:
        asked.append(("bend", {"after": 1.0, "during": -1.0}))
    found, n = [], n_people(model)
    for term, weights in asked:
        more = {f"{name}:coached": weight for name, weight in weights.items()}
        if not arms:
            found.append(contrast(model, weights, term=term, n=n))
            continue
        found += [contrast(model, weights, term=term, group=arms[0], n=n),
                  contrast(model, {**weights, **more}, term=term, group=arms[1], n=n),
                  contrast(model, more, term=term, group=f"{arms[1]} - {arms[0]}", n=n)]
    return found


def _mean_at(
    model: MixedModel, since: float, arm: str, arms: tuple[str, ...], span: float
) -> Weights:
    """Weights of the mean `since` the first wave, at the mean of the covariates; `span` is the programme's length."""
    means = dict(zip(model.names, model.fit.X.mean(axis=0), strict=True))
    pieces = {"time": since} if np.isnan(span) else {"during": min(since, span), "after": max(since - span, 0.0)}
    is_coached = float(bool(arms) and arm == arms[1])
    weights: Weights = {}
    for name, value in means.items():
        plain = name.removesuffix(":coached")
        if plain in pieces:
            weights[name] = pieces[plain] * (1.0 if name == plain else is_coached)
        elif name == "coached":
            weights[name] = is_coached
        else:
            weights[name] = float(value)
    return weights
