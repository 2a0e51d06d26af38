"""Means of teams with their error: how reliable each is, how many raters it would take, and when not to rank."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan, sqrt
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from coachresearch.core.caution import caution
from coachresearch.core.errors import EstimationError
from coachresearch.core.estimate import Estimate
from coachresearch.display.result import Result
from coachresearch.psychometrics.agreement import score_array
from coachresearch.psychometrics.raters import raters_needed, stepped_up

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class TeamMeans(Result):
    """Means over the raters of each target.

    Parameters
    ----------
    targets : tuple of str
    sizes : array (g) of int
        Ratings of each.
    means, reliabilities : array (g)
        Each mean, and how reliably it tells its target from others.
    wanted : float
        The reliability that a ranking asks for.
    """

    kind: ClassVar[str] = "team_means"

    targets: tuple[str, ...]
    sizes: NDArray[np.int64]
    means: FloatArray
    reliabilities: FloatArray
    wanted: float

    @property
    def may_rank(self) -> bool:
        """Whether every mean is reliable enough to be put in an order."""
        return bool((self.reliabilities >= self.wanted).all())

    def ranking(self) -> tuple[str, ...]:
        """Return the targets from the highest mean to the lowest.

        Raises
        ------
        EstimationError
            If a mean is less reliable than wanted: an order would be made of error.
        """
        if not self.may_rank:
            weak = int(np.sum(~(self.reliabilities >= self.wanted)))
            raise EstimationError(
                f"{weak} of {len(self.targets)} means are less reliable than {self.wanted:.2f}, so they are not ranked",
                remedy="Show each mean with its interval; raters_needed says how many raters a ranking would take.")
        return tuple(self.targets[at] for at in np.argsort(-self.means, kind="stable"))


def team_means(
    scores: ArrayLike, targets: ArrayLike, *, roles: ArrayLike | None = None, across_roles: bool = False,
    wanted: float = 0.70, conf_level: float = 0.95, title: str = "", source: str = "",
) -> TeamMeans:
    """Mean rating of each target, its interval and its reliability.

    Parameters
    ----------
    scores : array (n)
        One score per rating; NaN for none.
    targets : array (n)
        Whom each rating is about.
    roles : array (n), optional
        Who rates. Ratings of several roles are not averaged unless `across_roles` is said: the self and the others, or
        managers and reports, do not see the same thing.
    across_roles : bool
    wanted : float
        Reliability of a mean from which targets may be put in an order.
    conf_level : float
    title, source : str

    Returns
    -------
    TeamMeans
        Estimates ``mean`` and ``mean_reliability`` (group = target), ``icc1``, and ``raters_needed``.

    Raises
    ------
    EstimationError
        With several roles, fewer than two targets with two ratings, or no differences at all.

    Notes
    -----
    ICC(1) from variance components by restricted maximum likelihood of a one-way design, so that targets with few and
    many ratings count as they should; a mean's reliability is ICC(1) stepped up to its own number of ratings. Intervals
    of means use the pooled spread within targets.

    References
    ----------
    Bliese (2000), in Klein & Kozlowski (eds.), Multilevel Theory, 349-381. Searle, Casella & McCulloch (1992), Variance
    Components, ch. 3.
    """
    from scipy.stats import t

    values, group, names = _usable(scores, targets, roles, across_roles)
    sizes = np.bincount(group)
    if int(np.sum(sizes >= 2)) < 2:
        raise EstimationError("Fewer than two targets have two or more ratings",
                              remedy="Agreement needs at least two raters for each of two targets.")
    means = np.bincount(group, weights=values) / sizes
    between, within = one_way_components(values, group)
    if between + within <= 0:
        raise EstimationError("All ratings are the same, so agreement has no meaning",
                              remedy="Look at the raw answers; a constant scale tells nobody apart.")
    icc1 = between / (between + within)
    df = len(values) - len(sizes)
    pooled = float(np.sum((values - means[group]) ** 2)) / df
    reach = float(t.ppf((1 + conf_level) / 2, df))
    known = np.array([stepped_up(icc1, int(size)) for size in sizes])
    estimates = [Estimate("icc1", icc1, n=len(values), method="icc_reml")]
    needed = raters_needed(icc1, wanted)
    if needed is not None:
        estimates.append(Estimate("raters_needed", float(needed), n=len(sizes), method="raters_needed"))
    for at, name in enumerate(names):
        error = sqrt(pooled / sizes[at])
        estimates.append(Estimate("mean", float(means[at]), name, error, df=float(df),
                                  conf_low=float(means[at]) - reach * error, conf_high=float(means[at]) + reach * error,
                                  conf_level=conf_level, n=int(sizes[at]), method="mean_pooled"))
        estimates.append(Estimate("mean_reliability", float(known[at]), name, n=int(sizes[at]),
                                  method="mean_reliability"))
    cautions = [caution("no_number_of_raters")] if needed is None else []
    weak = int(np.sum(known < wanted))
    if weak:
        cautions.append(caution("not_ranked", n=weak, of=len(sizes), wanted=wanted, needed=needed or 0))
    if across_roles and roles is not None and len(set(np.asarray(roles, dtype=object))) > 1:
        cautions.append(caution("roles_averaged"))
    for array in (sizes, means, known):
        array.setflags(write=False)
    return TeamMeans(title=title, estimates=tuple(estimates), method="team_means", cautions=tuple(cautions),
                     source=source, targets=names, sizes=sizes, means=means, reliabilities=known, wanted=wanted)


def one_way_components(values: FloatArray, group: NDArray[np.int64]) -> tuple[float, float]:
    """Variance between and within groups by restricted maximum likelihood; the first is at least 0."""
    from scipy.optimize import minimize_scalar

    sizes = np.bincount(group).astype(float)
    means = np.bincount(group, weights=values) / sizes
    inside = float(np.sum((values - means[group]) ** 2))
    n = len(values)

    def parts(ratio: float) -> tuple[float, float]:
        weight = sizes / (1 + sizes * ratio)
        centre = float(weight @ means) / float(weight.sum())
        size = (inside + float(weight @ (means - centre) ** 2)) / (n - 1)
        if size <= 0:
            return nan, 0.0
        lost = float(np.log1p(sizes * ratio).sum()) + float(np.log(weight.sum())) + (n - 1) * float(np.log(size))
        return lost, size

    if inside <= 0:
        return float(np.var(means, ddof=1)), 0.0
    found = minimize_scalar(lambda place: parts(float(np.exp(place)))[0], bounds=(-16, 12),
                            options={"xatol": 1e-10})
    ratio = float(np.exp(found.x))
    ratio = 0.0 if parts(0.0)[0] <= parts(ratio)[0] else ratio
    size = parts(ratio)[1]
    return ratio * size, size


def _usable(
    scores: ArrayLike, targets: ArrayLike, roles: ArrayLike | None, across_roles: bool
) -> tuple[FloatArray, NDArray[np.int64], tuple[str, ...]]:
    import pandas as pd

    values, names = score_array(scores), np.asarray(targets, dtype=object)
    if values.shape != names.shape or values.ndim != 1:
        raise EstimationError(f"{values.size} scores stand beside {names.size} targets",
                              remedy="Give one target a score.")
    present = ~np.isnan(values)
    if roles is not None:
        seen = sorted({str(role) for role in np.asarray(roles, dtype=object)[present]})
        if len(seen) > 1 and not across_roles:
            raise EstimationError(f"The ratings come from {len(seen)} roles: {', '.join(seen)}",
                                  remedy="Give one role at a time, or say across_roles=True.")
    codes, found = pd.factorize(names[present].astype(str))
    return values[present], np.asarray(codes, dtype=np.int64), tuple(map(str, found))
