"""Who leaves, what the answer is if leavers are weighted back in, and how different they must be for it to change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import nan, sqrt
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from coachresearch.core.caution import Caution, caution
from coachresearch.core.errors import EstimationError, NotConverged
from coachresearch.core.estimate import Estimate
from coachresearch.display.result import Result
from coachresearch.effects.designs.effect import coefficient, covariate_columns
from coachresearch.effects.missing.imputation import impute
from coachresearch.effects.missing.pooling import pooled_estimate
from coachresearch.effects.propensity import propensity
from coachresearch.effects.sizes import FloatArray, share, with_t
from coachresearch.effects.two_by_two import risks

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Leaving(Result):
    """Who left; built by `who_leaves`."""

    kind: ClassVar[str] = "leaving"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class TippingPoint(Result):
    """An effect over shifts given to those who left; built by `tipping_point`.

    Parameters
    ----------
    shifts, effects, lows, highs : array
    tipping : float
        Shift nearest to none at which the interval holds zero; NaN if it never does within the range, or always does.
    """

    kind: ClassVar[str] = "tipping_point"

    shifts: FloatArray
    effects: FloatArray
    lows: FloatArray
    highs: FloatArray
    tipping: float

    @property
    def figure_frame(self) -> pd.DataFrame:
        """One row a shift."""
        import pandas as pd

        return pd.DataFrame({"shift": self.shifts, "estimate": self.effects, "conf_low": self.lows,
                             "conf_high": self.highs, "tipping": self.tipping})


def who_leaves(
    frame: pd.DataFrame, *, pre: str, post: str, arm: str, coached: str, comparison: str, title: str,
    covariates: Sequence[str] = (), conf_level: float = 0.95, source: str = "",
) -> Leaving:
    """Compare those who are missing later with those who stayed, and the arms with each other.

    Parameters
    ----------
    frame : DataFrame
        One row a person.
    pre, post, arm, coached, comparison, title, covariates, conf_level, source
        As in `randomised`.

    Returns
    -------
    Leaving
        ``share_left`` of each arm (group = arm), ``risk_difference`` between them, and for the score before and each
        covariate ``leavers_differ`` (leavers minus stayers in standard deviations, group = ``arm: column``).

    References
    ----------
    What Works Clearinghouse (2022), Procedures and Standards Handbook 5.0 (overall and differential attrition).
    """
    named = [pre, post, arm, *covariates]
    missing = [name for name in named if name not in frame.columns]
    if missing:
        raise EstimationError(f"There is no column {', '.join(map(repr, missing))}",
                              remedy=f"Columns are: {', '.join(map(str, frame.columns))}.")
    began = frame[frame[pre].notna() & frame[arm].isin([coached, comparison])]
    counts, estimates = [], []
    for name in (coached, comparison):
        people = began[began[arm] == name]
        left = people[post].isna().to_numpy()
        if not len(people):
            raise EstimationError(f"Nobody in arm {name!r} has a score before", remedy="Check the arms.")
        counts += [int(left.sum()), len(people)]
        estimates.append(replace(share(int(left.sum()), len(people), conf_level=conf_level), term="share_left",
                                 group=name))
        columns, names = covariate_columns(people, (pre, *covariates), np.ones(len(people), dtype=bool))
        estimates += [Estimate("leavers_differ", _apart(columns[left, j], columns[~left, j]), group=f"{name}: {one}",
                               n=len(people), method="leavers_differ") for j, one in enumerate(names)
                      if 0 < int(left.sum()) < len(people)]
    difference = risks(coached_yes=counts[0], coached_n=counts[1], comparison_yes=counts[2], comparison_n=counts[3],
                       title=title, conf_level=conf_level).estimate("risk_difference")
    estimates.append(replace(difference, group=f"{coached} - {comparison}"))
    cautions: list[Caution] = []
    if difference.conf_low > 0 or difference.conf_high < 0:
        cautions.append(caution("arms_leave_unequally", coached=counts[0] / counts[1],
                                comparison=counts[2] / counts[3]))
    return Leaving(title=title, estimates=tuple(estimates), method="leaving", cautions=tuple(cautions), source=source)


def _apart(left: FloatArray, stayed: FloatArray) -> float:
    left, stayed = left[np.isfinite(left)], stayed[np.isfinite(stayed)]
    if min(len(left), len(stayed)) < 2:
        return nan
    spread = sqrt((float(left.var(ddof=1)) + float(stayed.var(ddof=1))) / 2)
    return float(left.mean() - stayed.mean()) / spread if spread > 0 else nan


def weighted_for_leaving(
    frame: pd.DataFrame, *, pre: str, post: str, arm: str, coached: str, comparison: str,
    covariates: Sequence[str] = (), conf_level: float = 0.95,
) -> Estimate:
    """Adjusted difference with those who stayed weighted to stand for all who began.

    Each stayer counts by the inverse of the chance of staying, estimated within each arm from the score before and the
    covariates; sandwich errors (HC1), which treat the weights as known and are slightly wide for it.

    Returns
    -------
    Estimate
        ``ancova_weighted``.

    Raises
    ------
    EstimationError
        For columns that do not fit, or an arm without stayers.

    References
    ----------
    Robins, Rotnitzky & Zhao (1995), Journal of the American Statistical Association 90, 106-121.
    """
    began = frame[frame[pre].notna() & frame[arm].isin([coached, comparison])]
    columns, names = covariate_columns(began, (pre, *covariates), np.ones(len(began), dtype=bool))
    known = np.isfinite(columns).all(axis=1)
    began, columns = began[known], columns[known]
    stayed, treated = began[post].notna().to_numpy(), (began[arm] == coached).to_numpy()
    weights = np.ones(len(began))
    for here in (treated, ~treated):
        if int(stayed[here].sum()) < 2:
            raise EstimationError("An arm has fewer than two people at the later wave",
                                  remedy="Nobody can stand for those who left.")
        if stayed[here].all():
            continue
        try:
            chance = propensity(stayed[here].astype(float), columns[here], names).chance
        except NotConverged as problem:
            raise NotConverged("Who stayed is separated perfectly by what was known before",
                               remedy="Use tipping_point.") from problem
        weights[here] = 1 / chance
    y, w = began[post].to_numpy(dtype=float, na_value=np.nan)[stayed], weights[stayed]
    centred = columns[stayed] - np.average(columns[stayed], axis=0, weights=w)
    x = np.column_stack([np.ones(len(y)), treated[stayed].astype(float), centred])
    bread = np.linalg.inv(x.T @ (x * w[:, None]))
    b = bread @ (x.T @ (w * y))
    scores = x * (w * (y - x @ b))[:, None]
    n, p = x.shape
    variance = float((bread @ (scores.T @ scores) @ bread)[1, 1]) * n / (n - p)
    one = with_t(float(b[1]), sqrt(variance), float(n - p), conf_level)
    return Estimate("ancova_weighted", one.value, f"{coached} - {comparison}", one.std_error, one.statistic, one.df,
                    one.p_value, one.low, one.high, conf_level, n, "inverse_probability_staying")


def tipping_point(
    frame: pd.DataFrame, *, pre: str, post: str, arm: str, coached: str, comparison: str, title: str,
    rng: np.random.Generator, covariates: Sequence[str] = (), shifts: Sequence[float] | None = None,
    only_coached: bool = True, imputations: int = 20, conf_level: float = 0.95, source: str = "",
) -> TippingPoint:
    """Fill in those who left as if they had stayed, shift them ever further, and see when the finding is gone.

    Parameters
    ----------
    frame, pre, post, arm, coached, comparison, title, covariates, conf_level, source
        As in `randomised`.
    rng : Generator
        Source of randomness.
    shifts : sequence of float, optional
        In points; from none to one and a half standard deviations against the finding if not given.
    only_coached : bool
        Whether only coached leavers are shifted (the stricter case), or leavers of both arms.
    imputations : int
        Copies that are filled in, once for all shifts.

    Returns
    -------
    TippingPoint
        ``ancova_imputed`` (no shift, Rubin's rules) and ``tipping`` (points).

    References
    ----------
    Cro et al. (2020), Statistics in Medicine 39, 2815-2842 (delta adjustment); Yan, Lee & Li (2009), Drug Information
    Journal 43, 621-630 (tipping point).
    """
    people = frame[frame[arm].isin([coached, comparison]) & frame[pre].notna()]
    columns, names = covariate_columns(people, (pre, *covariates), np.ones(len(people), dtype=bool))
    import pandas as pd

    table = pd.DataFrame(columns, columns=list(names))
    table["_post"] = people[post].to_numpy(dtype=float, na_value=np.nan)
    table["_arm"] = (people[arm] == coached).to_numpy(dtype=float)
    gone = table["_post"].isna().to_numpy()
    if not gone.any():
        raise EstimationError("Nobody left, so there is nothing to shift", remedy="The effect stands as it is.")
    filled = impute(table, rng=rng, columns=[*names, "_post"], imputations=imputations, draw="normal", by="_arm")
    treated = table["_arm"].to_numpy()
    moved = gone & (treated == 1) if only_coached else gone
    if not moved.any():
        raise EstimationError("No coached person left, so none can be shifted", remedy="Use only_coached=False.")
    group = f"{coached} - {comparison}"

    def at(shift: float) -> Estimate:
        found = []
        for copy in filled.values:
            outcome = copy[:, -1] + np.where(moved, shift, 0.0)
            centred = copy[:, :-1] - copy[:, :-1].mean(axis=0)
            design = np.column_stack([np.ones(len(outcome)), treated, centred])
            found.append(coefficient(design, outcome, 1, "ancova_imputed", clusters=None, conf_level=conf_level,
                                     model="ancova", group=group))
        return replace(pooled_estimate(found, conf_level=conf_level), n=len(treated))

    none = at(0.0)
    spread = float(table["_post"].std(ddof=1))
    steps = np.asarray(shifts if shifts is not None else
                       -np.sign(none.estimate or 1.0) * np.linspace(0, 1.5, 13) * spread, dtype=float)
    rows = [at(float(step)) for step in steps]
    holds = np.array([one.conf_low <= 0 <= one.conf_high for one in rows])
    begins = steps[holds][np.argmin(np.abs(steps[holds]))] if holds.any() and not none.conf_low <= 0 <= none.conf_high \
        else nan
    arrays = [np.array(one) for one in (steps, [one.estimate for one in rows], [one.conf_low for one in rows],
                                        [one.conf_high for one in rows])]
    for array in arrays:
        array.setflags(write=False)
    tip = Estimate("tipping", float(begins), n=int(moved.sum()), method="tipping_point")
    cautions = (caution("missing_not_known", n=int(gone.sum()), of=len(gone)),)
    return TippingPoint(title=title, estimates=(none, tip), method="tipping_point", cautions=cautions, source=source,
                        shifts=arrays[0], effects=arrays[1], lows=arrays[2], highs=arrays[3], tipping=float(begins))
