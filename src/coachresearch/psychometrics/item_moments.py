"""Item statistics of complete rows from their summary alone: as fast for ten million people as for ten."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan
from typing import ClassVar

import numpy as np

from coachresearch.core.caution import caution
from coachresearch.core.errors import EstimationError
from coachresearch.core.estimate import Estimate
from coachresearch.display.result import Result
from coachresearch.moments.moments import Moments
from coachresearch.psychometrics.items import _alpha_without, _item_total


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ItemMoments(Result):
    """How each item of a scale works, as far as means and covariances tell.

    Parameters
    ----------
    items : tuple of str
        The k items.
    n, n_left_out : int
        Complete rows; rows with a gap.
    """

    kind: ClassVar[str] = "item_moments"

    items: tuple[str, ...]
    n: int
    n_left_out: int


def item_moments(
    moments: Moments, *, conf_level: float = 0.95, title: str = "", source: str = ""
) -> ItemMoments:
    """Mean, spread, corrected item-total correlation and alpha without the item, of complete rows.

    Parameters
    ----------
    moments : Moments
        Keyed items (k columns).
    conf_level : float
        Level of the intervals of the means.
    title : str
        Title of the scale.
    source : str
        Where the answers come from.

    Returns
    -------
    ItemMoments
        Per item (group: the item) ``mean``, ``sd``, ``item_total_r``, ``alpha_if_dropped``; NaN where not defined.

    Raises
    ------
    EstimationError
        For correlations without standard deviations, and for fewer than two complete rows.

    Notes
    -----
    Category use and gaps need counts: `items.item_analysis` of the rows, or PairTables.

    References
    ----------
    Nunnally & Bernstein (1994), Psychometric Theory, 3rd ed., ch. 8.
    """
    from scipy.special import stdtrit

    if moments.standardised:
        raise EstimationError("Item statistics need the standard deviations of the items",
                              remedy="Give sd to Moments.from_published.")
    cov, n = moments.cov, moments.n
    sd = np.sqrt(np.diag(cov))
    k = len(moments.columns)
    item_total = _item_total(cov) if k > 1 else np.full(k, nan)
    without = _alpha_without(cov)
    error = sd / np.sqrt(n)
    reach = float(stdtrit(n - 1, (1 + conf_level) / 2)) * error
    estimates = tuple(one for at, item in enumerate(moments.columns) for one in (
        Estimate("mean", float(moments.mean[at]), item, float(error[at]),
                 conf_low=float(moments.mean[at] - reach[at]), conf_high=float(moments.mean[at] + reach[at]),
                 conf_level=conf_level, n=n, method="mean_t"),
        Estimate("sd", float(sd[at]), item, n=n, method="sd"),
        Estimate("item_total_r", float(item_total[at]), item, n=n, method="item_total_corrected"),
        Estimate("alpha_if_dropped", float(without[at]), item, n=n, method="alpha_if_dropped")))
    cautions = [caution("rows_left_out", n=moments.n_left_out, of=n + moments.n_left_out)] if moments.n_left_out else []
    cautions += [caution("constant_item", item=item) for item in moments.constant]
    cautions += [caution("negative_item", item=item)
                 for item, value in zip(moments.columns, item_total, strict=True) if value < 0]
    return ItemMoments(title=title, estimates=estimates, method="item_moments", source=source,
                       cautions=tuple(cautions), items=moments.columns, n=n, n_left_out=moments.n_left_out)
