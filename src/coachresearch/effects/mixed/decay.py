"""What is left of a gain: the retention ratio with Fieller's set, and the half-life."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf, log, nan, sqrt
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from coachresearch.core.caution import Caution, caution
from coachresearch.core.errors import EstimationError
from coachresearch.core.estimate import Estimate
from coachresearch.display.result import Result
from coachresearch.effects.mixed.contrast import contrast, n_people
from coachresearch.effects.mixed.factors import FloatArray
from coachresearch.effects.mixed.model import MixedModel

if TYPE_CHECKING:
    import pandas as pd

Shape = Literal["interval", "two_rays", "everything"]

_LEAST_WAVES = 3


@dataclass(frozen=True, slots=True)
class RatioSet:
    """Confidence set of a ratio.

    Parameters
    ----------
    shape : {"interval", "two_rays", "everything"}
        ``interval``: from `low` to `high`. ``two_rays``: up to `low`, and from `high` on. ``everything``: the data rule
        out no ratio.
    low, high : float
    """

    shape: Shape
    low: float
    high: float

    def holds(self, value: float) -> bool:
        """Whether a ratio lies in the set."""
        if self.shape == "everything":
            return True
        inside = self.low <= value <= self.high
        return inside if self.shape == "interval" else not self.low < value < self.high


def fieller(above: float, below: float, covariance: FloatArray, quantile: float) -> RatioSet:
    """Fieller's confidence set of ``above / below``.

    Parameters
    ----------
    above, below : float
        Estimates.
    covariance : array (2, 2)
        Of (above, below).
    quantile : float
        Two-sided quantile of t or z.

    References
    ----------
    Fieller (1954), Journal of the Royal Statistical Society B 16, 175-185.
    """
    q2 = quantile ** 2
    a = below ** 2 - q2 * covariance[1, 1]
    b = -2 * (above * below - q2 * covariance[0, 1])
    c = above ** 2 - q2 * covariance[0, 0]
    discriminant = b * b - 4 * a * c
    if a == 0 or (a < 0 and discriminant <= 0):
        return RatioSet("everything", -inf, inf)
    root = sqrt(max(discriminant, 0.0))
    ends = sorted(((-b - root) / (2 * a), (-b + root) / (2 * a)))
    return RatioSet("interval" if a > 0 else "two_rays", ends[0], ends[1])


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Decay(Result):
    """A gain at the end of a programme and after it.

    The estimates hold ``gain`` (group: the time), ``retention_ratio`` (group: the time; of the gain at the first time)
    and, from three waves on, ``decay_rate`` and ``half_life`` in units of time; n counts the people (the groups of the
    model's largest grouping).

    Parameters
    ----------
    times : tuple of float
    sets : tuple of (time, RatioSet)
        Fieller's set of each retention ratio; the estimate's interval is empty where the set is none.
    """

    kind: ClassVar[str] = "decay"

    times: tuple[float, ...]
    sets: tuple[tuple[float, RatioSet], ...]
    curve: tuple[tuple[float, float], ...] = field(default=())

    @property
    def figure_frame(self) -> pd.DataFrame:
        """Points and curve: ``series``, ``part`` (points or curve), ``time``, ``estimate`` and its ends."""
        import pandas as pd

        gains = [one for one in self.estimates if one.term == "gain"]
        rows = [("gain", "points", time, one.estimate, one.conf_low, one.conf_high)
                for time, one in zip(self.times, gains, strict=True)]
        rows += [("gain", "curve", time, value, nan, nan) for time, value in self.curve]
        return pd.DataFrame(rows, columns=["series", "part", "time", "estimate", "conf_low", "conf_high"])


def decay(
    model: MixedModel, gains: Mapping[float, Mapping[str, float]], *, conf_level: float | None = None,
) -> Decay:
    """How much of a gain is kept after a programme, and how fast the rest goes.

    Parameters
    ----------
    model : MixedModel
    gains : mapping of time to contrast
        The gain at the end of the programme, and at each later wave, as weights of fixed effects:
        ``{3: {"wave[3]:arm[coached]": 1}, 6: {"wave[6]:arm[coached]": 1}}``. The first time is the end.
    conf_level : float, optional
        The model's own if not given.

    Returns
    -------
    Decay

    Raises
    ------
    EstimationError
        For fewer than two times.

    Notes
    -----
    Half-life: the gains are taken to fall as ``g exp(-rate * time)``; g and the rate are fitted by generalised least
    squares to the gains and their covariance, and the interval of the rate is that of its profile (z). A rate that may
    be zero or negative has no upper end of the half-life.

    References
    ----------
    Fieller (1954), see `fieller`.
    """
    times = tuple(sorted(float(one) for one in gains))
    if len(times) < 2:
        raise EstimationError(f"A gain at {len(times)} time cannot decay",
                              remedy="Give the gain at the end of the programme and at one later wave at least.")
    level = model.conf_level if conf_level is None else conf_level
    weights = {float(time): dict(one) for time, one in gains.items()}
    n = n_people(model)
    found = [contrast(model, weights[time], term="gain", group=f"{time:g}", n=n, conf_level=level) for time in times]
    values = np.array([one.estimate for one in found])
    rows = np.array([[weights[time].get(name, 0.0) for name in model.names] for time in times])
    covariance = rows @ model.vcov @ rows.T
    ratios, sets, notes = _retention(model, times, weights, values, covariance, level)
    estimates = [*found, *ratios]
    curve: tuple[tuple[float, float], ...] = ()
    if len(times) >= _LEAST_WAVES:
        half, more, curve = _half_life(times, values, covariance, level, n)
        estimates += half
        notes += more
    return Decay(title=model.title, estimates=tuple(estimates), method="mixed_decay",
                 cautions=(*model.cautions, *notes), source=model.source, times=times, sets=tuple(sets), curve=curve)


def _retention(
    model: MixedModel, times: tuple[float, ...], weights: dict[float, dict[str, float]], values: FloatArray,
    covariance: FloatArray, level: float,
) -> tuple[list[Estimate], list[tuple[float, RatioSet]], list[Caution]]:
    from scipy import stats

    ratios, sets, notes = [], [], []
    for place in range(1, len(times)):
        ratio = float(values[place] / values[0]) if values[0] != 0 else nan
        names = {*weights[times[0]], *weights[times[place]]}
        slack = {name: weights[times[place]].get(name, 0.0) - (ratio if np.isfinite(ratio) else 0.0)
                 * weights[times[0]].get(name, 0.0) for name in names}
        df = contrast(model, slack).df if any(slack.values()) else nan
        quantile = float(stats.t.isf((1 - level) / 2, df) if np.isfinite(df) else stats.norm.isf((1 - level) / 2))
        pick = np.ix_([place, 0], [place, 0])
        one = fieller(float(values[place]), float(values[0]), covariance[pick], quantile)
        sets.append((times[place], one))
        bounded = one.shape == "interval"
        ratios.append(Estimate("retention_ratio", ratio, group=f"{times[place]:g}", df=df,
                               conf_low=one.low if bounded else nan, conf_high=one.high if bounded else nan,
                               conf_level=level, n=n_people(model), method="fieller"))
        if one.shape == "two_rays":
            notes.append(caution("mixed_retention_two_rays", time=f"{times[place]:g}", low=one.low, high=one.high))
        if one.shape == "everything":
            notes.append(caution("mixed_retention_everything", time=f"{times[place]:g}"))
    return ratios, sets, notes


def _half_life(
    times: tuple[float, ...], values: FloatArray, covariance: FloatArray, level: float, n: int
) -> tuple[list[Estimate], list[Caution], tuple[tuple[float, float], ...]]:
    from scipy import optimize, stats

    since = np.array(times) - times[0]
    precision = np.linalg.inv(covariance)
    span = float(since[-1])

    def misfit(rate: float) -> float:
        shape = np.exp(-rate * since)
        size = float(shape @ precision @ values) / float(shape @ precision @ shape)
        rest = values - size * shape
        return float(rest @ precision @ rest)

    grid = np.linspace(-5 / span, 20 / span, 501)
    heights = np.array([misfit(one) for one in grid])
    best = int(np.argmin(heights))
    if best in (0, len(grid) - 1):
        return [], [caution("mixed_no_half_life")], ()
    rate, lowest = (float(one) for one in optimize.fminbound(misfit, grid[best - 1], grid[best + 1],
                                                             xtol=1e-10 / span, full_output=True)[:2])
    drop = float(stats.chi2.isf(1 - level, 1))
    ends = [_crossing(misfit, rate, grid[heights - lowest > drop], side, lowest + drop) for side in (-1, 1)]
    p = float(stats.chi2.sf(lowest, len(times) - 2))
    half = log(2) / rate if rate > 0 else nan
    low = log(2) / ends[1] if np.isfinite(ends[1]) and ends[1] > 0 else (0.0 if ends[1] == inf else nan)
    high = log(2) / ends[0] if ends[0] > 0 else inf
    shape = np.exp(-rate * since)
    size = float(shape @ precision @ values) / float(shape @ precision @ shape)
    estimates = [
        Estimate("decay_rate", rate, conf_low=ends[0], conf_high=ends[1], conf_level=level, n=n,
                 method="mixed_half_life"),
        Estimate("half_life", half, conf_low=low, conf_high=high, conf_level=level, n=n, method="mixed_half_life"),
        Estimate("decay_misfit", lowest, statistic=lowest, df=float(len(times) - 2), p_value=p, n=n,
                 method="mixed_half_life")]
    notes = []
    if rate <= 0:
        notes.append(caution("mixed_gain_grows"))
    elif not np.isfinite(high):
        notes.append(caution("mixed_half_life_unbounded", low=low))
    curve = tuple((times[0] + at, float(size * np.exp(-rate * at))) for at in np.linspace(0, span, 60))
    return estimates, notes, curve


def _crossing(misfit: _Misfit, rate: float, outside: FloatArray, side: int, height: float) -> float:
    from scipy import optimize

    beyond = outside[outside > rate] if side > 0 else outside[outside < rate]
    if not len(beyond):
        return side * inf
    edge = float(beyond.min() if side > 0 else beyond.max())
    return float(optimize.brentq(lambda x: misfit(x) - height, *sorted((rate, edge))))


if TYPE_CHECKING:
    from collections.abc import Callable

    _Misfit = Callable[[float], float]
