"""Change of people who were rated by others: the panel of raters, its error, and the same raters alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import sqrt
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from coachresearch.core.caution import Caution, caution
from coachresearch.core.errors import EstimationError
from coachresearch.core.estimate import Estimate
from coachresearch.display.result import Result
from coachresearch.effects.reliable import CRITICAL
from coachresearch.effects.sizes import FloatArray, mean_change, share

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class RatedChange(Result):
    """Change of rated people; built by `rated_change`.

    Parameters
    ----------
    targets : tuple of str
        The people rated at both waves.
    change, error : array (targets)
        Change of each, by all raters, and its standard error over raters (and items) and occasions.
    """

    kind: ClassVar[str] = "rated_change"

    targets: tuple[str, ...]
    change: FloatArray
    error: FloatArray


@dataclass(frozen=True, slots=True)
class _Components:
    rater: float
    occasion: float
    item: float
    df: int


def rated_change(
    frame: pd.DataFrame, *, pre: str, post: str, title: str, target: str = "target", rater: str = "rater",
    wave: str = "wave", score: str = "score", item: str | None = None, higher_is_better: bool = True,
    conf_level: float = 0.95, source: str = "",
) -> RatedChange:
    """Change of rated people, with the error that a panel of raters brings.

    Parameters
    ----------
    frame : DataFrame
        Long: one row per target, rater and wave (and item, if `item` names that column).
    pre, post : str
        The two waves, as they stand in column `wave`.
    title : str
        The outcome in the reader's words.
    target, rater, wave, score, item : str
        Columns. With items, the difference that items make to a person's change is part of the error too.
    higher_is_better : bool
        Whether a higher score is an improvement.
    conf_level : float
        Level of the intervals.
    source : str
        Where the ratings come from.

    Returns
    -------
    RatedChange
        ``mean_change_all`` (all raters), ``mean_change_same`` (raters of both waves alone), the variances
        ``var_rater``, ``var_occasion`` (and ``var_item``) of one rating, and the shares of targets who changed by
        more than 1.96 of their own standard errors.

    Raises
    ------
    EstimationError
        For missing columns, a rating twice, fewer than two targets with both waves, or no rater with both waves.

    Notes
    -----
    Moments of nested designs: the variance of changes of the same raters within targets is twice the variance of a
    rater on an occasion; the variance within target and wave is that plus the stable view of a rater. A rater who is
    there once only brings the stable view into the change as error. Occasions are two, so nothing is said about other
    pairs of occasions.

    References
    ----------
    Brennan (2001), Generalizability Theory, ch. 3 and 7; Shavelson & Webb (1991), ch. 4.
    """
    table = _wide(frame, pre, post, target, rater, wave, score, item)
    ratings = table.groupby(level=[0, 1])[["pre", "post"]].mean() if item else table
    names = [name for name, rows in ratings.groupby(level=0) if rows.notna().any().all()]
    if len(names) < 2:
        raise EstimationError(f"{len(names)} people were rated at both {pre} and {post}",
                              remedy="A change of rated people needs at least two.")
    ratings = ratings.loc[names]
    parts = _components(ratings, table.loc[names] if item else None)
    change, error, same = _targets(ratings, names, parts)
    both = [replace(mean_change(np.zeros(len(one)), one, conf_level=conf_level), term=term, method=method)
            for one, term, method in ((change, "mean_change_all", "rated_all"),
                                      (same[~np.isnan(same)], "mean_change_same", "rated_same")) if len(one) > 1]
    better = change / error if higher_is_better else -change / error
    counts = (int((better > CRITICAL).sum()), int((np.abs(better) <= CRITICAL).sum()), int((better < -CRITICAL).sum()))
    shares = [replace(share(count, len(names), conf_level=conf_level), term=f"share_{word}")
              for count, word in zip(counts, ("improved", "unchanged", "worse"), strict=True)]
    variances = [Estimate(term, value, n=parts.df, method="rated_components") for term, value in
                 (("var_rater", parts.rater), ("var_occasion", parts.occasion), ("var_item", parts.item))
                 if term != "var_item" or item]
    for array in (change, error):
        array.setflags(write=False)
    return RatedChange(title=title, estimates=(*both, *shares, *variances), method="rated_change", source=source,
                       cautions=_cautions(ratings, same), targets=tuple(map(str, names)), change=change, error=error)


def _wide(
    frame: pd.DataFrame, pre: str, post: str, target: str, rater: str, wave: str, score: str, item: str | None
) -> pd.DataFrame:
    keys = [target, rater, *([item] if item else [])]
    missing = [name for name in (*keys, wave, score) if name not in frame.columns]
    if missing:
        raise EstimationError(f"There is no column {', '.join(map(repr, missing))}",
                              remedy=f"Columns are: {', '.join(map(str, frame.columns))}.")
    rows = frame[frame[wave].isin([pre, post]) & frame[score].notna()]
    twice = rows.duplicated([*keys, wave])
    if twice.any():
        first = rows[twice].iloc[0]
        raise EstimationError(f"{int(twice.sum())} ratings stand twice, the first of {str(first[target])!r} by "
                              f"{str(first[rater])!r} at {first[wave]}",
                              remedy="Hand over one row per target, rater and "
                              "wave (and item).")
    table = rows.set_index([*keys, wave])[score].astype(float).unstack(wave)
    absent = [name for name in (pre, post) if name not in table.columns]
    if absent:
        raise EstimationError(f"There is no rating at {', '.join(map(str, absent))}",
                              remedy=f"Waves are: {', '.join(map(str, sorted(set(frame[wave]))))}.")
    table = table.rename(columns={pre: "pre", post: "post"})[["pre", "post"]]
    return table.sort_index()


def _pooled(values: FloatArray, groups: FloatArray) -> tuple[float, int]:
    """Pool the variance of values within groups; groups of one bring nothing."""
    codes, sizes = np.unique(groups, return_inverse=True, return_counts=True)[1:]
    sums = np.bincount(codes, values)
    means = sums / sizes
    df = int((sizes - 1).sum())
    return (float(np.sum((values - means[codes]) ** 2)) / df if df else 0.0), df


def _components(ratings: pd.DataFrame, items: pd.DataFrame | None) -> _Components:
    codes = ratings.index.codes[0]
    pre, post = ratings["pre"].to_numpy(), ratings["post"].to_numpy()
    both = ~np.isnan(pre) & ~np.isnan(post)
    of_change, df = _pooled((post - pre)[both], np.asarray(codes)[both])
    if df < 1:
        raise EstimationError("No two raters of the same person answered at both waves, so the error of the panel is "
                              "not known", remedy="Show the mean change over targets alone, or ask the same raters.")
    within = [_pooled(wave[~np.isnan(wave)], np.asarray(codes)[~np.isnan(wave)]) for wave in (pre, post)]
    total = sum(value * n for value, n in within) / max(sum(n for _, n in within), 1)
    occasion = of_change / 2
    return _Components(max(total - occasion, 0.0), occasion, _item_variance(items) if items is not None else 0.0, df)


def _item_variance(items: pd.DataFrame) -> float:
    """Variance of a target's change over items (target by item by occasion), beside raters, per rating of one wave."""
    above, weight, residual, residual_df = 0.0, 0.0, 0.0, 0
    differences = (items["post"] - items["pre"]).dropna()
    df_items = 0
    for _, rows in differences.groupby(level=0):
        matrix = rows.unstack().dropna(axis=0).to_numpy()
        raters, k = matrix.shape
        if raters < 2 or k < 2:
            continue
        of_item, of_rater = matrix.mean(axis=0), matrix.mean(axis=1)
        above += raters * float(np.sum((of_item - matrix.mean()) ** 2))
        df_items += k - 1
        weight += raters * (k - 1)
        left = matrix - of_item - of_rater[:, None] + matrix.mean()
        residual += float(np.sum(left ** 2))
        residual_df += (raters - 1) * (k - 1)
    if not residual_df:
        raise EstimationError("No person was rated by two raters on two items at both waves, so the share of the items "
                              "in the error is not known", remedy="Leave out item=...")
    per_change = max((above - df_items * residual / residual_df) / weight, 0.0)
    sizes = differences.groupby(level=0).apply(lambda rows: rows.index.get_level_values(2).nunique())
    return per_change / 2 / float(sizes.mean())


def _targets(ratings: pd.DataFrame, names: list[str], parts: _Components) -> tuple[FloatArray, FloatArray, FloatArray]:
    change, error, same = (np.full(len(names), np.nan) for _ in range(3))
    for place, name in enumerate(names):
        rows = ratings.loc[name]
        pre, post = rows["pre"].to_numpy(), rows["post"].to_numpy()
        here, there = ~np.isnan(pre), ~np.isnan(post)
        w1, w2 = here / here.sum(), there / there.sum()
        change[place] = np.nanmean(post) - np.nanmean(pre)
        error[place] = sqrt(float(np.sum((w2 - w1) ** 2)) * parts.rater
                            + float(np.sum(w1 ** 2) + np.sum(w2 ** 2)) * parts.occasion + 2 * parts.item)
        if (here & there).any():
            same[place] = float((post - pre)[here & there].mean())
    return change, np.maximum(error, 1e-300), same


def _cautions(ratings: pd.DataFrame, same: FloatArray) -> tuple[Caution, ...]:
    moved = ratings[ratings["pre"].isna() | ratings["post"].isna()]
    changed = int(moved.index.get_level_values(0).nunique())
    found = []
    if changed:
        found.append(caution("panel_changed", n=changed, of=len(same), raters=len(moved)))
    if np.isnan(same).any():
        found.append(caution("no_same_rater", n=int(np.isnan(same).sum())))
    return tuple(found)
