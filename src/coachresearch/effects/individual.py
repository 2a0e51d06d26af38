"""Every person before and after: who changed beyond measurement error, beyond what matters, and across a border."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isfinite, nan, sqrt
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from coachresearch.core.caution import Caution, caution
from coachresearch.core.errors import EstimationError
from coachresearch.core.estimate import Estimate
from coachresearch.display.result import Result
from coachresearch.effects.reliable import CRITICAL
from coachresearch.effects.sizes import FloatArray, is_flat, share
from coachresearch.effects.waves import read_waves

if TYPE_CHECKING:
    import pandas as pd

Yardstick = Literal["jacobson_truax", "edwards_nunnally", "practice"]
Border = Literal["a", "b", "c", "criterion"]
_YARDSTICKS = ("jacobson_truax", "edwards_nunnally", "practice")


@dataclass(frozen=True, slots=True)
class Norm:
    """A group to compare a person with: mean and standard deviation of people without the difficulty."""

    mean: float
    sd: float


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class IndividualChange(Result):
    """Change of single people, judged against measurement error; built by `individual_change`.

    Parameters
    ----------
    pre, post : array (n)
        Scores of the people with both.
    index : array (n)
        Change in standard errors of measurement of a change; above zero where the score rose more than expected.
    status : tuple of str (n)
        ``improved``, ``unchanged`` or ``worse`` of each of them.
    centre, slope, reach : float
        An unchanged person's later score lies within ``centre + slope * pre`` plus or minus `reach`.
    border : float
        Score that parts the two populations; NaN without one.
    low, high : float
        Ends of the response scale; NaN if not given.
    """

    kind: ClassVar[str] = "individual_change"

    pre: FloatArray
    post: FloatArray
    index: FloatArray
    status: tuple[str, ...]
    centre: float
    slope: float
    reach: float
    border: float = nan
    low: float = nan
    high: float = nan

    @property
    def figure_frame(self) -> pd.DataFrame:
        """One row a person, with the band of unchanged people."""
        from coachresearch.display.figures.individual import individual_frame

        return individual_frame(self.pre, self.post, self.status, centre=self.centre, slope=self.slope,
                                reach=self.reach, border=self.border, low=self.low, high=self.high)


def individual_change(
    frame: pd.DataFrame,
    *,
    pre: str,
    post: str,
    title: str,
    reliability: float | Estimate,
    yardstick: Yardstick = "jacobson_truax",
    sd: float | None = None,
    population_mean: float | None = None,
    practice: float = 0.0,
    worthwhile: float | None = None,
    norm: Norm | None = None,
    criterion: float | None = None,
    higher_is_better: bool = True,
    person: str | None = None,
    low: float = nan,
    high: float = nan,
    conf_level: float = 0.95,
    source: str = "",
) -> IndividualChange:
    """Judge the change of every person against measurement error.

    Parameters
    ----------
    frame : DataFrame
        One row a person, with a numeric column for each wave.
    pre, post : str
        Columns of the earlier and the later wave.
    title : str
        The outcome in the reader's words.
    reliability : float or Estimate
        Reliability of the score, best a retest reliability; from 0 up to, but below, 1.
    yardstick : {"jacobson_truax", "edwards_nunnally", "practice"}
        Against no change; around the score to be expected after regression to the mean; or around what people gain by
        being asked again.
    sd : float, optional
        Standard deviation that the error of measurement is taken from (of a norm group); of these people before if
        not given.
    population_mean : float, optional
        Mean towards which scores regress (``edwards_nunnally``); of these people before if not given.
    practice : float
        Points gained by being asked again, best the mean change of a comparison arm (``practice``).
    worthwhile : float, optional
        Smallest change worth having, set beforehand, in points.
    norm : Norm, optional
        A functional group: brings the border halfway between it and these people, in standard deviations
        (Jacobson and Truax's c).
    criterion : float, optional
        A border that was set otherwise; instead of `norm`.
    higher_is_better : bool
        Whether a higher score is an improvement.
    person : str, optional
        Column that names the person; the index if not given.
    low, high : float
        Ends of the response scale.
    conf_level : float
        Level of the intervals of the shares.
    source : str
        Where the scores come from.

    Returns
    -------
    IndividualChange
        ``share_improved``, ``share_unchanged``, ``share_worse`` (Wilson), ``reliable_change`` (points), and where
        asked ``border``, ``share_crossed`` (improved reliably and crossed the border to the better side),
        ``share_worthwhile``.

    Raises
    ------
    EstimationError
        For a reliability out of range, nobody with both scores, or no spread before.

    References
    ----------
    Jacobson & Truax (1991), Journal of Consulting and Clinical Psychology 59, 12-19 (index, borders a to c); Speer
    (1992), same journal 60, 402-408 (Edwards-Nunnally); Chelune et al. (1993), Neuropsychology 7, 41-52 (practice).
    """
    if yardstick not in _YARDSTICKS:
        raise EstimationError(f"There is no yardstick {yardstick!r}", remedy=f"There are: {', '.join(_YARDSTICKS)}.")
    if norm is not None and criterion is not None:
        raise EstimationError("A norm and a criterion are two borders", remedy="Give one of them.")
    value = reliability.estimate if isinstance(reliability, Estimate) else float(reliability)
    if not 0 <= value < 1:
        raise EstimationError(f"A reliability for reliable change is {value:g}", remedy="It lies between 0 and 1.")
    waves = read_waves(frame, pre=pre, post=post, arm=None, coached=None, comparison=None, person=person)
    before, after = waves.arms[0].pairs
    spread = _spread(before, sd)
    centre, slope, reach = _band(yardstick, before, value, spread, population_mean, practice)
    index = (after - centre - slope * before) / (reach / CRITICAL)
    better = index if higher_is_better else -index
    status = tuple(np.where(better > CRITICAL, "improved", np.where(better < -CRITICAL, "worse", "unchanged")).tolist())
    border = _border(before, spread, norm, criterion)
    estimates = _shares(before, after, status, border, worthwhile, higher_is_better, conf_level)
    estimates.append(Estimate("reliable_change", reach, n=len(before), method=yardstick))
    cautions = _cautions(reliability, value, len(before), len(waves.arms[0].pre), worthwhile, spread)
    for array in (before, after, index):
        array.setflags(write=False)
    return IndividualChange(
        title=title, estimates=tuple(estimates), method="individual_change", cautions=cautions, source=source,
        pre=before, post=after, index=index, status=status, centre=centre, slope=slope, reach=reach, border=border,
        low=low, high=high)


def _spread(before: FloatArray, sd: float | None) -> float:
    if not len(before):
        raise EstimationError("Nobody has a score at both waves", remedy="Check the names of the waves and the scale.")
    if sd is not None:
        if not sd > 0:
            raise EstimationError(f"The standard deviation is {sd:g}", remedy="It is above 0.")
        return sd
    if len(before) < 2 or is_flat(float(before.var()), before):
        raise EstimationError(f"The scores before of {len(before)} people do not vary, so error has no size",
                              remedy="Give the standard deviation of a norm group: sd=...")
    return float(before.std(ddof=1))


def _band(
    yardstick: Yardstick, before: FloatArray, reliability: float, spread: float, mean: float | None, practice: float
) -> tuple[float, float, float]:
    error = spread * sqrt(1 - reliability)
    if yardstick == "edwards_nunnally":
        middle = float(before.mean()) if mean is None else mean
        return (1 - reliability) * middle, reliability, CRITICAL * error
    return (practice if yardstick == "practice" else 0.0), 1.0, CRITICAL * sqrt(2) * error


def _border(before: FloatArray, spread: float, norm: Norm | None, criterion: float | None) -> float:
    if norm is None:
        return nan if criterion is None else criterion
    if not norm.sd > 0:
        raise EstimationError(f"The standard deviation of the norm is {norm.sd:g}", remedy="It is above 0.")
    return (spread * norm.mean + norm.sd * float(before.mean())) / (spread + norm.sd)


def _shares(
    before: FloatArray, after: FloatArray, status: tuple[str, ...], border: float, worthwhile: float | None,
    higher_is_better: bool, conf_level: float,
) -> list[Estimate]:
    n = len(status)
    found = [replace(share(status.count(one), n, conf_level=conf_level), term=f"share_{one}")
             for one in ("improved", "unchanged", "worse")]
    sign = 1.0 if higher_is_better else -1.0
    if isfinite(border):
        # A score on the border counts as on the better side after, and on the worse side before only below it.
        crossed: NDArray[np.bool_] = (sign * before <= sign * border) & (sign * after > sign * border) \
            & (np.array(status) == "improved")
        found += [Estimate("border", border, n=n, method="border_c"),
                  replace(share(int(crossed.sum()), n, conf_level=conf_level), term="share_crossed")]
    if worthwhile is not None:
        count = int((sign * (after - before) >= abs(worthwhile)).sum())
        found.append(replace(share(count, n, conf_level=conf_level), term="share_worthwhile"))
    return found


def _cautions(
    reliability: float | Estimate, value: float, n: int, of: int, worthwhile: float | None, spread: float
) -> tuple[Caution, ...]:
    found = [caution("single_people_uncertain")]
    if n < of:
        found.append(caution("without_both_waves", n=of - n, of=of))
    if not isinstance(reliability, Estimate) or not isfinite(reliability.conf_low):
        found.append(caution("reliability_without_error", reliability=value))
    if worthwhile is not None and abs(worthwhile) < CRITICAL * sqrt(2) * spread * sqrt(1 - value):
        found.append(caution("worthwhile_below_error", worthwhile=abs(worthwhile),
                             error=CRITICAL * sqrt(2) * spread * sqrt(1 - value)))
    return tuple(found)
