"""Counts over months, before and after coaching began: interrupted time series, best with a comparison unit."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, floor
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from coachresearch.core.caution import Caution, caution
from coachresearch.core.errors import EstimationError, NotConverged
from coachresearch.core.estimate import Estimate
from coachresearch.effects.designs.effect import Effect
from coachresearch.effects.sizes import FloatArray, normal_quantile

if TYPE_CHECKING:
    import pandas as pd

Family = Literal["poisson", "negative_binomial"]
_SHORT = 8


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class InterruptedSeries(Effect):
    """A series of counts with a break; built by `interrupted_series`.

    Parameters
    ----------
    units : tuple of str
        Coached first, then the comparison, if there is one.
    periods : array (T)
        In time order, from 0.
    rates, fitted, without : array (units, T)
        Observed rates, fitted rates, and what the model expects without coaching; NaN for a gap.
    start : int
        Place of the first period with coaching.
    """

    kind: ClassVar[str] = "interrupted_series"

    units: tuple[str, ...]
    periods: tuple[str, ...]
    rates: FloatArray
    fitted: FloatArray
    without: FloatArray
    start: int

    @property
    def figure_frame(self) -> pd.DataFrame:
        """One row per unit and period."""
        from coachresearch.display.figures.interrupted import series_frame

        return series_frame(self.units, self.periods, self.rates, self.fitted, self.without, self.start)


def interrupted_series(
    frame: pd.DataFrame, *, period: str, count: str, start: object, title: str, exposure: str | None = None,
    unit: str | None = None, coached: str | None = None, season: int = 0, family: Family = "poisson",
    lags: int | None = None, conf_level: float = 0.95, source: str = "",
) -> InterruptedSeries:
    """Did the rate of something change when coaching began, beyond where it was heading?

    Parameters
    ----------
    frame : DataFrame
        One row per period (and unit); periods sort into time order.
    period, count : str
        Columns.
    start : object
        First period with coaching.
    title : str
        What is counted, in the reader's words.
    exposure : str, optional
        Column of the person-time at risk; the same for all if not given.
    unit, coached : str, optional
        Column of the unit, and the coached one; the other is the comparison.
    season : int
        Periods in a cycle (12 for months); 0 for none.
    family : {"poisson", "negative_binomial"}
        Law of the counts; errors are robust to other spread and to neighbouring periods that are alike either way.
    lags : int, optional
        How many neighbours are taken to be alike; from the length of the series if not given.
    conf_level : float
        Level of the intervals.
    source : str
        Where the counts come from.

    Returns
    -------
    InterruptedSeries
        Ratios of rates: ``level_change`` at the start and ``slope_change`` per period afterwards (of the coached unit
        relative to the comparison, where there is one), ``dispersion``, and ``autocorrelation`` of the residuals.

    Raises
    ------
    EstimationError
        For columns that do not fit, rows twice, counts below zero or broken, fewer than three periods on a side.
    NotConverged
        Where the counts allow no estimate (all zero on a side).

    References
    ----------
    Wagner et al. (2002), Journal of Clinical Pharmacy and Therapeutics 27, 299-309; Lopez Bernal et al. (2017),
    International Journal of Epidemiology 46, 348-355, and (2018) 47, 2082-2093 (controls); Newey & West (1987),
    Econometrica 55, 703-708.
    """
    if (unit is None) != (coached is None):
        raise EstimationError("A unit column and the name of the coached unit belong together",
                              remedy="Give unit=... and coached=..., or neither.")
    periods, units, counts, at_risk = _read(frame, period, count, exposure, unit, coached)
    first = next((place for place, one in enumerate(periods) if one >= start), len(periods))
    if first < 3 or len(periods) - first < 3:
        raise EstimationError(f"There are {first} periods before {start!r} and {len(periods) - first} from then on",
                              remedy="A line on each side needs at least three; a dozen is better.")
    model = _Series(counts, at_risk, first, season)
    fitted, covariance, dispersion = _fit(model, family, lags)
    cautions = _cautions(first, len(periods), len(units), season, dispersion, family)
    b = fitted.params
    estimates = [_ratio(term, float(b[place]), float(covariance[place, place]) ** 0.5, conf_level, len(model.y), family)
                 for term, place in zip(("level_change", "slope_change"), model.contrast, strict=True)]
    estimates += [Estimate("dispersion", dispersion, n=len(model.y), method="pearson_dispersion"),
                  Estimate("autocorrelation", _autocorrelation(model, fitted), n=len(model.y), method="lag_one")]
    observed, expected, without = model.curves(np.asarray(b))
    for array in (observed, expected, without):
        array.setflags(write=False)
    return InterruptedSeries(
        title=title, estimates=tuple(estimates), method=f"interrupted_{family}", cautions=cautions, source=source,
        design="interrupted_series", estimand="level_change", units=units, periods=tuple(map(str, periods)),
        rates=observed, fitted=expected, without=without, start=first,
        recipe=(("period", period), ("count", count), ("start", repr(start)), ("exposure", exposure or ""),
                ("unit", unit or ""), ("coached", coached or "")))


def _read(
    frame: pd.DataFrame, period: str, count: str, exposure: str | None, unit: str | None, coached: str | None
) -> tuple[list, tuple[str, ...], FloatArray, FloatArray]:
    named = [one for one in (period, count, exposure, unit) if one]
    missing = [name for name in named if name not in frame.columns]
    if missing:
        raise EstimationError(f"There is no column {', '.join(map(repr, missing))}",
                              remedy=f"Columns are: {', '.join(map(str, frame.columns))}.")
    rows = frame[named].copy()
    rows["_unit"] = rows[unit].astype(str) if unit else ""
    names = list(dict.fromkeys(rows["_unit"]))
    if unit and (coached not in names or len(names) != 2):
        raise EstimationError(f"Column {unit!r} holds {', '.join(map(repr, names))}",
                              remedy="There must be the coached unit and one to compare with.")
    twice = rows.duplicated([period, "_unit"])
    if twice.any():
        raise EstimationError(f"{int(twice.sum())} periods stand twice, the first {rows[twice].iloc[0][period]}",
                              remedy="Hand over one row per period and unit.")
    known = rows[count].dropna().to_numpy(dtype=float)
    if (known < 0).any() or (known != np.floor(known)).any():
        raise EstimationError(f"Column {count!r} holds a value below zero or a broken number", remedy="Count.")
    names.sort(key=lambda one: one != (coached or ""))
    periods = sorted(rows[period].unique())
    tables = [rows.pivot(index="_unit", columns=period, values=name).reindex(index=names, columns=periods)
              .to_numpy(dtype=float) for name in (count, *([exposure] if exposure else []))]
    at_risk = tables[1] if exposure else np.ones_like(tables[0])
    if (at_risk[np.isfinite(at_risk)] <= 0).any():
        raise EstimationError(f"Column {exposure!r} holds an exposure of zero or less", remedy="It is person-time.")
    return periods, tuple(names), tables[0], at_risk


class _Series:
    """Rows and columns of the model: unit by unit, period by period."""

    def __init__(self, counts: FloatArray, exposure: FloatArray, first: int, season: int) -> None:
        self.counts, self.exposure = counts, exposure
        self.units, self.length = counts.shape
        time = np.arange(self.length, dtype=float) - first
        after = (time >= 0).astype(float)
        base = [np.ones(self.length), time, after, after * time]
        waves = [wave(2 * np.pi * k * time / season) for k in range(1, 1 + min(2, season // 2))
                 for wave in (np.sin, np.cos)] if season else []
        waves = [one for one in waves if np.ptp(one) > 1e-9]
        blocks = []
        for place in range(self.units):
            own = [one * (place == 0) for one in base] if self.units == 2 else []
            blocks.append(np.column_stack([*base, *own, *waves]))
        self.design = np.concatenate(blocks)
        self.contrast = (6, 7) if self.units == 2 else (2, 3)
        flat = counts.ravel(), exposure.ravel()
        self.kept = np.isfinite(flat[0]) & np.isfinite(flat[1])
        self.y, self.offset = flat[0][self.kept], np.log(flat[1][self.kept])
        self.x = self.design[self.kept]
        self.unit = np.repeat(np.arange(self.units), self.length)[self.kept]
        self.time = np.tile(np.arange(self.length), self.units)[self.kept]

    def curves(self, b: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Observed and fitted rates, and the rates expected had nothing changed for the coached unit."""
        plain = b.copy()
        plain[list(self.contrast)] = 0
        shape = self.counts.shape
        return (self.counts / self.exposure, np.exp(self.design @ b).reshape(shape),
                np.exp(self.design @ plain).reshape(shape))


def _fit(model: _Series, family: Family, lags: int | None) -> tuple[Any, FloatArray, float]:
    import warnings

    import statsmodels.api as sm
    from statsmodels.discrete.discrete_model import NegativeBinomial

    if len(model.y) <= model.x.shape[1] + 1 or np.linalg.matrix_rank(model.x) < model.x.shape[1]:
        raise EstimationError(f"{len(model.y)} counts are too few for {model.x.shape[1]} coefficients",
                              remedy="Use more periods, or no season.")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            law: Any = sm.families.Poisson()
            alpha = 0.0
            fitted = sm.GLM(model.y, model.x, family=law, offset=model.offset).fit(tol=1e-12, maxiter=200)
            if family == "negative_binomial":
                found = NegativeBinomial(model.y, model.x, offset=model.offset).fit(
                    disp=0, maxiter=500, start_params=np.append(fitted.params, 0.1))
                alpha = float(found.params[-1])
                if alpha > 1e-8:
                    law = sm.families.NegativeBinomial(alpha=alpha)
                    fitted = sm.GLM(model.y, model.x, family=law, offset=model.offset).fit(tol=1e-12, maxiter=200)
        except (ValueError, np.linalg.LinAlgError, sm.tools.sm_exceptions.PerfectSeparationError) as problem:
            raise NotConverged("The rates could not be estimated", remedy="Look whether one side is all zero.") \
                from problem
    if not fitted.converged or not np.isfinite(fitted.params).all() or np.abs(fitted.params).max() > 25:
        raise NotConverged("The rates could not be estimated from these counts",
                           remedy="Look whether one side is all zero, or use longer periods.")
    dispersion = float(fitted.pearson_chi2 / fitted.df_resid)
    return fitted, _newey_west(model, fitted, alpha, lags), dispersion


def _newey_west(model: _Series, fitted: Any, alpha: float, lags: int | None) -> FloatArray:
    mean = np.asarray(fitted.fittedvalues)
    weight = mean / (1 + alpha * mean)
    bread = np.linalg.inv(model.x.T @ (model.x * weight[:, None]))
    scores = model.x * ((model.y - mean) / (1 + alpha * mean))[:, None]
    reach = floor(4 * (model.length / 100) ** (2 / 9)) if lags is None else lags
    meat = scores.T @ scores
    for lag in range(1, reach + 1):
        for unit in range(model.units):
            rows = np.flatnonzero(model.unit == unit)
            place = {int(model.time[row]): row for row in rows}
            pairs = [(place[t], place[t - lag]) for t in place if t - lag in place]
            if not pairs:
                continue
            now, past = (list(one) for one in zip(*pairs, strict=True))
            shared = scores[now].T @ scores[past]
            meat += (1 - lag / (reach + 1)) * (shared + shared.T)
    n, p = model.x.shape
    return np.asarray(bread @ meat @ bread * n / (n - p))


def _autocorrelation(model: _Series, fitted: Any) -> float:
    residual = np.asarray(fitted.resid_pearson)
    above = below = 0.0
    for unit in range(model.units):
        one = residual[model.unit == unit]
        above += float(one[1:] @ one[:-1])
        below += float(one @ one)
    return above / below if below > 0 else float("nan")


def _ratio(term: str, value: float, error: float, conf_level: float, n: int, family: str) -> Estimate:
    from scipy.stats import norm

    reach = normal_quantile((1 + conf_level) / 2) * error
    return Estimate(term, exp(value), statistic=value / error, p_value=float(2 * norm.sf(abs(value / error))),
                    conf_low=exp(value - reach), conf_high=exp(value + reach), conf_level=conf_level, n=n,
                    method=f"rate_ratio_{family}")


def _cautions(
    first: int, length: int, units: int, season: int, dispersion: float, family: str
) -> tuple[Caution, ...]:
    found = []
    if units == 1:
        found.append(caution("no_comparison_unit"))
    if min(first, length - first) < _SHORT:
        found.append(caution("short_series", before=first, after=length - first, minimum=_SHORT))
    if season and length < 2 * season:
        found.append(caution("season_not_seen_twice", season=season, n=length))
    if family == "poisson" and dispersion > 1.5:
        found.append(caution("counts_overdispersed", dispersion=dispersion))
    return tuple(found)
