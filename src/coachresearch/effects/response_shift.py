"""Did the yardstick change: self-ratings, observers, and a look back at how one was before."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from coachresearch.core.caution import Caution, caution
from coachresearch.core.errors import EstimationError
from coachresearch.core.estimate import Estimate
from coachresearch.display.result import Result
from coachresearch.effects.sizes import FloatArray, mean_change

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ResponseShift(Result):
    """Self-ratings beside other evidence that the yardstick moved; built by `response_shift`."""

    kind: ClassVar[str] = "response_shift"


def response_shift(
    frame: pd.DataFrame, *, pre: str, post: str, title: str, then: str | None = None, others_pre: str | None = None,
    others_post: str | None = None, conf_level: float = 0.95, source: str = "",
) -> ResponseShift:
    """Compare the change that people see in themselves with what others see, and with their own look back.

    Parameters
    ----------
    frame : DataFrame
        One row a person.
    pre, post : str
        Columns of the self-ratings.
    title : str
        The outcome in the reader's words.
    then : str, optional
        Column of the look back, asked after: how was I before?
    others_pre, others_post : str, optional
        Columns of the mean ratings by others; both or none.
    conf_level : float
        Level of the intervals.
    source : str
        Where the scores come from.

    Returns
    -------
    ResponseShift
        ``self_change``; with `then` also ``recalibration`` (look back minus score given before) and
        ``change_looking_back`` (after minus look back); with others also ``others_change`` and ``self_minus_others``
        (difference of the changes of the same people).

    Raises
    ------
    EstimationError
        If there is nothing to compare with, or fewer than two people have the scores.

    Notes
    -----
    A falling self-rating beside rising ratings by others is not deterioration: people may have learned to judge
    themselves more strictly. Neither a look back nor others' ratings are free of error: people rebuild the past to fit
    the effort they made, and others may know who was coached.

    References
    ----------
    Howard & Dailey (1979), Journal of Applied Psychology 64, 144-150; Schwartz & Sprangers (1999), Social Science &
    Medicine 48, 1531-1548; Norman (2003), Quality of Life Research 12, 239-249 (what the look back may be).
    """
    named = [name for name in (pre, post, then, others_pre, others_post) if name]
    missing = [name for name in named if name not in frame.columns]
    if missing:
        raise EstimationError(f"There is no column {', '.join(map(repr, missing))}",
                              remedy=f"Columns are: {', '.join(map(str, frame.columns))}.")
    if then is None and (others_pre is None or others_post is None):
        raise EstimationError("Self-ratings alone cannot show whether the yardstick moved",
                              remedy="Give then=..., or others_pre=... and others_post=...")
    columns = {name: frame[name].to_numpy(dtype=float, na_value=np.nan) for name in named}
    estimates = [_change(columns[pre], columns[post], "self_change", conf_level)]
    if then is not None:
        estimates += [_change(columns[pre], columns[then], "recalibration", conf_level),
                      _change(columns[then], columns[post], "change_looking_back", conf_level)]
    if others_pre is not None and others_post is not None:
        seen = columns[others_post] - columns[others_pre]
        estimates += [_change(columns[others_pre], columns[others_post], "others_change", conf_level),
                      _change(seen, columns[post] - columns[pre], "self_minus_others", conf_level)]
    return ResponseShift(title=title, estimates=tuple(estimates), method="response_shift",
                         cautions=tuple(_cautions(estimates)), source=source)


def _change(before: FloatArray, after: FloatArray, term: str, conf_level: float) -> Estimate:
    both = np.isfinite(before) & np.isfinite(after)
    return replace(mean_change(before[both], after[both], conf_level=conf_level), term=term)


def _cautions(estimates: list[Estimate]) -> list[Caution]:
    by_term = {one.term: one for one in estimates}
    found = []
    seen, own = by_term.get("others_change"), by_term["self_change"]
    if seen is not None and seen.conf_low > 0 and own.estimate < 0:
        found.append(caution("self_falls_others_rise"))
    moved = by_term.get("recalibration")
    if moved is not None and (moved.conf_low > 0 or moved.conf_high < 0):
        found.append(caution("yardstick_moved", points=moved.estimate))
    if moved is not None:
        found.append(caution("look_back_not_free"))
    return found
