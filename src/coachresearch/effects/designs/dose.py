"""More coaching, more change? Among those coached, and without knowing why some had more of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from coachresearch.core.caution import caution
from coachresearch.core.errors import EstimationError
from coachresearch.effects.designs.effect import Effect, coefficient, covariate_columns

if TYPE_CHECKING:
    import pandas as pd


def dose_response(
    frame: pd.DataFrame, *, dose: str, pre: str, post: str, title: str, covariates: Sequence[str] = (),
    cluster: str | None = None, conf_level: float = 0.95, source: str = "",
) -> Effect:
    """How the score after goes with the dose (sessions, hours), at the same score before.

    Parameters
    ----------
    frame : DataFrame
        One row a coached person (index).
    dose : str
        Column of the dose.
    pre, post : str
        Columns of the two waves.
    title : str
        The outcome in the reader's words.
    covariates, cluster, conf_level, source
        As in `randomised`.

    Returns
    -------
    Effect
        ``dose_slope`` (points per unit of dose) and ``dose_curvature`` (change of that slope per unit), HC3 or CR2.

    Raises
    ------
    EstimationError
        Where the dose does not vary or columns do not fit.

    Notes
    -----
    People who gain may stay longer, and people in trouble may be given more sessions, so the slope is no effect of the
    dose unless the dose was assigned; a caution says so every time.

    References
    ----------
    Howard et al. (1986), American Psychologist 41, 159-164; Barkham et al. (2006), Journal of Consulting and Clinical
    Psychology 74, 160-167 (people stop when they are well enough).
    """
    named = [dose, pre, post, *covariates, *([cluster] if cluster else [])]
    missing = [name for name in named if name not in frame.columns]
    if missing:
        raise EstimationError(f"There is no column {', '.join(map(repr, missing))}",
                              remedy=f"Columns are: {', '.join(map(str, frame.columns))}.")
    columns, _ = covariate_columns(frame, (dose, pre, post, *covariates), np.ones(len(frame), dtype=bool))
    kept = np.asarray(np.isfinite(columns).all(axis=1))
    rows = columns[kept]
    amount, after, others = rows[:, 0], rows[:, 2], np.delete(rows, (0, 2), axis=1)
    if len(rows) < 4 or np.ptp(amount) == 0:
        raise EstimationError(f"The dose {dose!r} does not vary among {len(rows)} people",
                              remedy="Nothing can be said about more or less coaching.")
    centred = amount - amount.mean()
    design = np.column_stack([np.ones(len(rows)), centred, others - others.mean(axis=0)])
    groups = tuple(str(one) for one in frame[cluster].to_numpy()[kept]) if cluster else None
    estimates = [coefficient(design, after, 1, "dose_slope", clusters=groups, conf_level=conf_level, model="dose")]
    cautions = [caution("dose_chosen")]
    if kept.sum() < len(frame):
        cautions.append(caution("rows_incomplete", n=int((~kept).sum()), of=len(frame)))
    curved = np.column_stack([design, centred ** 2])
    if len(np.unique(amount)) > 3 and np.linalg.matrix_rank(curved) == curved.shape[1] and len(rows) > curved.shape[1]:
        estimates.append(coefficient(curved, after, curved.shape[1] - 1, "dose_curvature", clusters=groups,
                                     conf_level=conf_level, model="dose"))
    return Effect(title=title, estimates=tuple(estimates), method="dose_response", cautions=tuple(cautions),
                  source=source, design="one_group", estimand="dose_slope",
                  recipe=(("dose", dose), ("pre", pre), ("post", post)))
