"""Several groups side by side: analysis of variance, Welch's test, shares of variance, all pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from coachresearch.core.errors import EstimationError
from coachresearch.core.estimate import Estimate
from coachresearch.display.result import Result
from coachresearch.effects.sizes import FloatArray, is_flat


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Groups(Result):
    """Several independent groups compared; built by `compare_groups`."""

    kind: ClassVar[str] = "groups"


def compare_groups(scores: ArrayLike, group: Sequence[str], *, title: str, conf_level: float = 0.95,
                   source: str = "") -> Groups:
    """Compare the means of several independent groups.

    Parameters
    ----------
    scores : array (n)
        Without gaps.
    group : sequence of str (n)
        Group of each score; at least two groups of at least two.
    title : str
        The outcome in the reader's words.
    conf_level : float
        Level of the intervals.
    source : str
        Where the scores come from.

    Returns
    -------
    Groups
        ``anova_f``, ``welch_f``, ``levene_f`` (about medians), ``eta2`` (noncentral F interval), ``omega2``,
        ``epsilon2``, and every pair of groups (``pair_difference``, Tukey-Kramer).

    Raises
    ------
    EstimationError
        With one group, groups of one, or no spread within groups.

    References
    ----------
    Welch (1951), Biometrika 38, 330-336; Brown & Forsythe (1974), JASA 69, 364-367; Olejnik & Algina (2003),
    Psychological Methods 8, 434-447 (omega squared); Smithson (2003), Confidence Intervals, ch. 5 (noncentral F).
    """
    values, labels = np.asarray(scores, dtype=float), np.asarray([str(one) for one in group])
    names = list(dict.fromkeys(labels.tolist()))
    if len(values) != len(labels) or not np.isfinite(values).all():
        raise EstimationError(f"{len(values)} scores and {len(labels)} groups do not match, or scores have gaps")
    parts = [values[labels == name] for name in names]
    small = [name for name, part in zip(names, parts, strict=True) if len(part) < 2]
    if len(names) < 2 or small:
        raise EstimationError(f"There are {len(names)} groups, and of one person: {', '.join(small) or 'none'}",
                              remedy="Compare at least two groups of at least two people.")
    within = float(sum(((part - part.mean()) ** 2).sum() for part in parts))
    if is_flat(within / len(values), values):
        raise EstimationError(f"Scores do not vary within the {len(names)} groups", remedy="Show the means.")
    estimates = [*_variance(parts, within, conf_level), *_tests(parts), *_pairs(names, parts, conf_level)]
    return Groups(title=title, estimates=tuple(estimates), method="groups", source=source)


def _variance(parts: list[FloatArray], within: float, conf_level: float) -> list[Estimate]:
    from scipy.stats import f

    n, k = sum(map(len, parts)), len(parts)
    df1, df2 = k - 1.0, float(n - k)
    grand = float(np.concatenate(parts).mean())
    between = float(sum(len(part) * (part.mean() - grand) ** 2 for part in parts))
    total, error = between + within, within / df2
    statistic = between / df1 / error
    ends = [_noncentrality(statistic, df1, df2, q) for q in ((1 + conf_level) / 2, (1 - conf_level) / 2)]
    low, high = (end / (end + df2) for end in ends)
    return [
        Estimate("anova_f", statistic, statistic=statistic, df=df2, p_value=float(f.sf(statistic, df1, df2)), n=n,
                 method="anova"),
        Estimate("eta2", between / total, conf_low=low, conf_high=high, conf_level=conf_level, n=n, method="eta2"),
        Estimate("omega2", (between - df1 * error) / (total + error), n=n, method="omega2"),
        Estimate("epsilon2", (between - df1 * error) / total, n=n, method="epsilon2"),
    ]


def _noncentrality(statistic: float, df1: float, df2: float, q: float) -> float:
    from scipy.optimize import brentq
    from scipy.stats import ncf

    def beyond(centre: float) -> float:
        return float(ncf.cdf(statistic, df1, df2, centre)) - q

    if beyond(1e-12) < 0:
        return 0.0
    high = statistic * df1 + 10
    while beyond(high) > 0:
        high *= 2
    return float(brentq(beyond, 1e-12, high, xtol=1e-10))


def _tests(parts: list[FloatArray]) -> list[Estimate]:
    from scipy.stats import f, levene

    n = sum(map(len, parts))
    found = []
    if all(part.var() > 0 for part in parts):
        size, mean = np.array([len(part) for part in parts]), np.array([part.mean() for part in parts])
        weight = size / np.array([part.var(ddof=1) for part in parts])
        k, share = len(parts), weight / weight.sum()
        middle = float(share @ mean)
        spread = float(np.sum((1 - share) ** 2 / (size - 1)))
        above = float(weight @ (mean - middle) ** 2) / (k - 1)
        statistic = above / (1 + 2 * (k - 2) / (k * k - 1) * spread)
        df = (k * k - 1) / (3 * spread)
        found.append(Estimate("welch_f", statistic, statistic=statistic, df=df,
                              p_value=float(f.sf(statistic, k - 1, df)), n=n, method="welch_anova"))
    test = levene(*parts, center="median")
    found.append(Estimate("levene_f", float(test.statistic), statistic=float(test.statistic), df=float(n - len(parts)),
                          p_value=float(test.pvalue), n=n, method="levene_median"))
    return found


def _pairs(names: list[str], parts: list[FloatArray], conf_level: float) -> list[Estimate]:
    from scipy.stats import tukey_hsd

    found = tukey_hsd(*parts)
    limits = found.confidence_interval(confidence_level=conf_level)
    pairs = [(i, j) for i in range(len(names)) for j in range(i)]
    return [Estimate("pair_difference", float(found.statistic[i, j]), group=f"{names[i]} - {names[j]}",
                     p_value=float(found.pvalue[i, j]), conf_low=float(limits.low[i, j]),
                     conf_high=float(limits.high[i, j]), conf_level=conf_level, n=len(parts[i]) + len(parts[j]),
                     method="tukey") for i, j in pairs]
